/** The publisher's second thread: decodes what the main thread read, and publishes it. */
import { parentPort, workerData } from 'node:worker_threads';
import { FrameDecoder } from '../pipe/decode.ts';
import { Answers } from './answers.ts';
import { Session } from './session.ts';

export interface WorkerSetup {
  /** Bytes posted and not yet taken. */
  readonly underWay: Int32Array;
  readonly answersFd: number;
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

const { underWay, answersFd } = workerData as WorkerSetup;
const tell = (message: FromWorker): void => parentPort?.postMessage(message);
const session = new Session({
  answers: new Answers(answersFd),
  onDeadline: (ms) => tell({ type: 'deadline', ms }),
  onDone: () => tell({ type: 'done' }),
});
const decoder = new FrameDecoder(session);

parentPort?.on('message', (message: ToWorker) => {
  if (message.type === 'end') {
    session.end();
    return;
  }
  Atomics.sub(underWay, 0, message.chunk.length);
  decoder.push(message.chunk);
});
