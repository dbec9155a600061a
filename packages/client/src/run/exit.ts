/**
 * What happens to unfinished runs when the process ends: they are finished, synchronously, with the state that the
 * exit code tells. `process.exit`, a natural end and an error that nobody caught all come here; a signal that
 * kills does not, and needs nothing: the publisher sees the end of the pipe.
 *
 * The exit code is never touched, and an error goes its way: `uncaughtExceptionMonitor` only looks.
 */

/** A run as process exit sees it. */
export interface Finishable {
  /** Must not throw. */
  beginFinish(state: 'finished' | 'failed', reason: string | null): void;
  /** Waits until all is published or `deadlineMs` (on `performance.now()`) has passed. */
  finishNow(deadlineMs: number): void;
  /** Milliseconds that this run may take. */
  readonly patienceMs: number;
}

const unfinished = new Set<Finishable>();
let uncaught: string | null = null;
let isInstalled = false;

/** From now on `run` is finished at exit. */
export function finishAtExit(run: Finishable): void {
  unfinished.add(run);
  if (isInstalled) return;
  isInstalled = true;
  process.on('uncaughtExceptionMonitor', (error: unknown) => {
    uncaught = describe(error);
  });
  process.on('exit', onExit);
}

/** `run` was finished. */
export function forgetAtExit(run: Finishable): void {
  unfinished.delete(run);
}

function onExit(code: number): void {
  const runs = [...unfinished];
  unfinished.clear();
  const reason = code === 0 ? null : (uncaught ?? `the process ended with exit code ${code}`);
  // All are told first, so that their publishers work at the same time.
  for (const run of runs) run.beginFinish(code === 0 ? 'finished' : 'failed', reason);
  const start = performance.now();
  for (const run of runs) run.finishNow(start + run.patienceMs);
}

function describe(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `uncaught: ${String(error)}`;
  return text.slice(0, 500);
}
