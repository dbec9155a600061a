/**
 * The recent changes of a project, so that a live page which was away gets what it missed as one change.
 * Cursors grow by one per change and begin at the wall clock in milliseconds: a cursor from an earlier
 * process of the server is therefore older than everything here, and answered with `all`.
 */
import type { LiveChange } from '../procedures/types.ts';

const CHANGES_MAX = 1000;

export class ChangeLog {
  readonly #base: number;
  readonly #changes: ReadonlyMap<string, ReadonlySet<string>>[] = [];
  /** Number of changes that have fallen out of the log. */
  #forgotten = 0;
  readonly #waiting = new Set<() => void>();

  constructor(base: number) {
    this.#base = base;
  }

  get cursor(): number {
    return this.#base + this.#forgotten + this.#changes.length;
  }

  /** Notes which runs changed, with the metrics that got points, and wakes those who wait. */
  push(runs: ReadonlyMap<string, ReadonlySet<string>>): void {
    this.#changes.push(runs);
    if (this.#changes.length > CHANGES_MAX) {
      this.#changes.shift();
      this.#forgotten++;
    }
    for (const wake of this.#waiting) {
      wake();
    }
  }

  /** What happened after `cursor`; null when nothing did. */
  since(cursor: number): LiveChange | null {
    if (cursor === this.cursor) {
      return null;
    }
    const from = cursor - this.#base - this.#forgotten;
    if (!Number.isInteger(from) || from < 0 || from > this.#changes.length) {
      return { cursor: this.cursor, runs: [], all: true };
    }
    const merged = new Map<string, Set<string>>();
    for (const change of this.#changes.slice(from)) {
      for (const [run, metrics] of change) {
        merged.set(run, new Set([...(merged.get(run) ?? []), ...metrics]));
      }
    }
    const runs = [...merged].map(([run, metrics]) => ({ run, metrics: [...metrics].sort() }));
    return { cursor: this.cursor, runs, all: false };
  }

  /** Resolves at the next change, or when `signal` aborts. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      if (signal.aborted) {
        resolve();
        return;
      }
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }
}
