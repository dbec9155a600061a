/**
 * The publisher's main thread: it reads the pipe, and nothing else, so that the pipe never fills while shards are
 * encoded. What it reads goes to a worker thread in whole chunks.
 *
 * The pipe is looked at every few milliseconds rather than waited for: then no `log()` in the trainer has to
 * wake a sleeping process (0.6 µs instead of 2 to 8 µs a call), and a chunk is many calls.
 *
 * It is deaf to the signals that end a training, ends when the worker says that all is published, and kills
 * itself at its deadline: a process with a call stuck on a hung mount cannot exit, but it can be killed.
 */
import { readSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { Answers, setNonBlocking } from './answers.ts';
import { standBack } from './priority.ts';
import type { FromWorker, ToWorker, WorkerSetup } from './worker.ts';

const CALLS_FD = 3;
const ANSWERS_FD = 4;
const SPILL_FD = 5;

/** The number of descriptors that the trainer gave from CALLS_FD on: 3 with a spill file. */
const hasSpill = process.argv[2] === '3';

const READ_BYTES = 256 * 1024;
const POLL_MS = 4;
const POLL_IDLE_MS = 16;

/**
 * What may be under way to the worker. Beyond it the pipe is left to fill: the trainer buffers, and at last drops
 * and counts.
 */
const UNDER_WAY_MAX = 64 * 1024 * 1024;

/** When nothing is known yet about the trainer's wishes. */
const DEADLINE_DEFAULT_MS = 120_000;

standBack();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined);

/** Bytes that were posted and not yet taken; the worker subtracts. */
const underWay = new Int32Array(new SharedArrayBuffer(4));
const buffer = new Uint8Array(READ_BYTES);
let pause = POLL_MS;
let deadlineMs = DEADLINE_DEFAULT_MS;

for (const fd of [CALLS_FD, ANSWERS_FD]) setNonBlocking(fd);
const isSource = import.meta.url.endsWith('.ts');
const worker = new Worker(new URL(`./worker.${isSource ? 'ts' : 'js'}`, import.meta.url), {
  workerData: { underWay, answersFd: ANSWERS_FD, spillFd: hasSpill ? SPILL_FD : null } satisfies WorkerSetup,
});
worker.on('message', (message: FromWorker) => {
  if (message.type === 'deadline') deadlineMs = message.ms;
  else die();
});
worker.on('error', (error: Error) => {
  new Answers(ANSWERS_FD).send({
    type: 'trouble',
    text: `the publisher failed: ${error.message}; please report this`,
  });
  die();
});
poll();

function poll(): void {
  let got = 0;
  while (underWay[0]! < UNDER_WAY_MAX) {
    const length = readPipe();
    if (length === 0) {
      end();
      return;
    }
    if (length < 0) break;
    got += length;
    hand(buffer.slice(0, length));
    if (length < READ_BYTES / 4) break; // less than a pipe holds: it is empty now
  }
  pause = got > 0 ? POLL_MS : Math.min(pause * 2, POLL_IDLE_MS);
  setTimeout(poll, pause);
}

/** Bytes read; 0 at the end of the pipe, −1 when it holds nothing now. */
function readPipe(): number {
  Error.stackTraceLimit = 0; // "nothing there" comes as an exception
  try {
    return readSync(CALLS_FD, buffer, 0, READ_BYTES, null);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? -1 : 0;
  } finally {
    Error.stackTraceLimit = 10;
  }
}

function hand(chunk: Uint8Array<ArrayBuffer>): void {
  Atomics.add(underWay, 0, chunk.length);
  worker.postMessage({ type: 'bytes', chunk } satisfies ToWorker, [chunk.buffer]);
}

function end(): void {
  worker.postMessage({ type: 'end' } satisfies ToWorker);
  setTimeout(die, deadlineMs);
}

/** Not `exit`: a call that is stuck on a hung mount would keep it from returning. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
