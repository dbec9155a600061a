/** The publisher's second thread: decodes what the main thread read, and publishes it. */
import { parentPort, workerData } from 'node:worker_threads';
import { FrameDecoder } from '../pipe/decode.ts';
import type { FrameHandler } from '../pipe/decode.ts';
import { FRAME } from '../pipe/frame.ts';
import type { Spill } from '../pipe/frame.ts';
import { SpillReader } from '../pipe/spill-file.ts';
import { Answers } from './answers.ts';
import { Session } from './session.ts';

export interface WorkerSetup {
  /** Bytes posted and not yet taken. */
  readonly underWay: Int32Array;
  readonly answersFd: number;
  readonly spillFd: number | null;
}

export type ToWorker =
  | { readonly type: 'bytes'; readonly chunk: Uint8Array }
  /** The pipe's end: nothing more comes. */
  | { readonly type: 'end' };

export type FromWorker =
  /** How long the publisher may go on after the pipe's end. */
  | { readonly type: 'deadline'; readonly ms: number }
  /** Everything is published, or given up: the process may end. */
  | { readonly type: 'done' };

const { underWay, answersFd, spillFd } = workerData as WorkerSetup;
const tell = (message: FromWorker): void => parentPort?.postMessage(message);
const session = new Session({
  answers: new Answers(answersFd),
  onDeadline: (ms) => tell({ type: 'deadline', ms }),
  onDone: () => tell({ type: 'done' }),
});
const shapes = new Map<number, readonly string[]>();
/** Frames of the pipe and of the spill file are of one order: a range is read where the pipe tells it. */
const handler: FrameHandler = {
  call: (call) => session.call(call),
  message: (type, body) => (type === FRAME.spill ? spill?.read(body as Spill) : session.message(type, body)),
};
const decoder = new FrameDecoder(handler, shapes);
const spilled = new FrameDecoder(handler, shapes);
const spill = spillFd === null ? null : new SpillReader(spillFd, (bytes) => spilled.push(bytes));

parentPort?.on('message', (message: ToWorker) => {
  if (message.type === 'end') {
    spill?.readRest(); // what a trainer that was killed did not come to tell
    session.end();
    return;
  }
  Atomics.sub(underWay, 0, message.chunk.length);
  decoder.push(message.chunk);
});
