/**
 * Starts the publisher: a detached child in its own session, so that Ctrl-C and the end of the trainer's terminal
 * do not reach it, with the two pipes as descriptors 3 and 4 and the spill file as 5. It has no terminal: what it has to say comes back
 * over the second pipe, because a child that holds the trainer's stderr would keep whoever reads that waiting.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { openPipes } from '../pipe/open-pipes.ts';

export interface PublisherProcess {
  /** The trainer writes frames here; non-blocking. */
  readonly callsFd: number;
  /** The trainer reads acknowledgements here; non-blocking. */
  readonly answersFd: number;
  /** Bytes that the event loop read before we could (socket pairs only), in order. */
  takeEarlyAnswers(): Buffer[];
  /** How it ended, as far as the event loop has heard: `signal SIGKILL`, `exit code 1`. */
  ended(): string | null;
  /** Closes the trainer's ends. */
  close(): void;
}

/**
 * Young objects of a publisher are decoded calls and die at once: a small nursery for each of its two threads. Measured
 * at 10,000 calls of 10 metrics a second: 157 MB instead of 181 MB resident, at the same CPU time.
 */
const MEMORY = ['--max-semi-space-size=4', '--min-semi-space-size=4'];

/** How to run the publisher: from TypeScript sources in this repository, from JavaScript where it is installed. */
export function publisherCommand(): { readonly path: string; readonly execArgv: readonly string[] } {
  const isSource = import.meta.url.endsWith('.ts');
  const path = fileURLToPath(new URL(`../publisher/main.${isSource ? 'ts' : 'js'}`, import.meta.url));
  const source = isSource ? ['--conditions=source', '--disable-warning=ExperimentalWarning'] : [];
  return { path, execArgv: [...MEMORY, ...source] };
}

/**
 * Starts it. `spillFd`: the spill file, its descriptor 5, if there is one.
 * Errors: no processes or descriptors left, or what else `spawn` throws.
 */
export function startPublisher(debug: boolean, spillFd: number | null): PublisherProcess {
  const spill = spillFd === null ? [] : [spillFd];
  const pipes = openPipes();
  if (!pipes) return startOverSockets(debug, spill);
  let started: Started;
  try {
    started = launch(debug, [pipes.callsIn, pipes.answersOut, ...spill]);
  } catch (error) {
    closeSync(pipes.callsOut);
    closeSync(pipes.answersIn);
    throw error;
  } finally {
    closeSync(pipes.callsIn);
    closeSync(pipes.answersOut);
  }
  return {
    callsFd: pipes.callsOut,
    answersFd: pipes.answersIn,
    takeEarlyAnswers: () => [],
    ended: started.ended,
    close() {
      closeSync(pipes.callsOut);
      closeSync(pipes.answersIn);
    },
  };
}

/** Without `mkfifo`: the socket pairs that Node makes. Their descriptors are used directly, too. */
function startOverSockets(debug: boolean, spill: readonly number[]): PublisherProcess {
  const { child, ended } = launch(debug, ['pipe', 'pipe', ...spill]);
  const [, , , calls, answers] = child.stdio as unknown as Socket[];
  const early: Buffer[] = [];
  for (const socket of [calls, answers]) {
    socket?.on('error', () => early.splice(0, 0)); // a broken pipe is noticed by the next write or read
    (socket as unknown as { unref(): void }).unref();
  }
  answers?.on('data', (bytes: Buffer) => early.push(bytes));
  return {
    callsFd: descriptorOf(calls),
    answersFd: descriptorOf(answers),
    takeEarlyAnswers: () => early.splice(0),
    ended,
    close() {
      calls?.destroy();
      answers?.destroy();
    },
  };
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: PublisherProcess['ended'];
}

function launch(debug: boolean, pipes: readonly (number | 'pipe')[]): Started {
  const { path, execArgv } = publisherCommand();
  const env = { ...process.env };
  // What a user sets for the trainer (inspectors, loaders, coverage) is not meant for a process beside it.
  delete env['NODE_OPTIONS'];
  delete env['NODE_V8_COVERAGE'];
  // glibc gives every thread heaps of its own and takes little back; two threads of ours allocate (−12 MB).
  env['MALLOC_ARENA_MAX'] ??= '2';
  const child = spawn(process.execPath, [...execArgv, path, String(pipes.length)], {
    detached: true,
    cwd: '/', // a child that stays a little longer must not keep somebody's directory busy
    env,
    stdio: ['ignore', 'ignore', debug ? 'inherit' : 'ignore', ...pipes],
  });
  const ended = watchEnd(child); // before anything else: an `error` that nobody hears ends the training
  if (child.pid === undefined) {
    throw new Error(
      'the system refuses another process; raise its limits of processes and open files (ulimit -u, ulimit -n)',
    );
  }
  return { child, ended };
}

function watchEnd(child: ChildProcess): Started['ended'] {
  let ended: string | null = null;
  child.on('error', (error) => {
    ended = error.message;
  });
  child.on('exit', (code, signal) => {
    ended = signal === null ? `exit code ${code}` : `signal ${signal}`;
  });
  child.unref();
  return () => ended;
}

function descriptorOf(socket: Socket | undefined): number {
  // oxlint-disable-next-line no-underscore-dangle -- Node has no public way to a socket's descriptor
  return (socket as unknown as { _handle?: { fd: number } } | undefined)?._handle?.fd ?? -1;
}
