/**
 * How many writers share a run's publish rate, where no launcher says so: one listing of the run's directory, at
 * the first flush and then every ten minutes (SPEC.md W3).
 */
import type { Backend } from '../backend/backend.ts';
import { parseEndMarkerName, parseShardName } from '../shard/name.ts';
import type { Clock } from './clock.ts';

const COUNT_AGAIN_MS = 10 * 60_000;

export class WriterCount {
  readonly #backend: Backend;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #prefix: string;
  #countedMs = -Infinity;

  constructor(backend: Backend, clock: Pick<Clock, 'monotonic'>, prefix: string) {
    this.#backend = backend;
    this.#clock = clock;
    this.#prefix = prefix;
  }

  /** Counts if it is time to, and tells the result; never delays or fails the caller. */
  refresh(tell: (writers: number) => void): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#countedMs < COUNT_AGAIN_MS) return;
    this.#countedMs = nowMs;
    this.#count().then(tell, () => {
      // The old count stays; a store in trouble is told by the publish that fails.
    });
  }

  /** Writers in the directory that have not ended, this one included. */
  async #count(): Promise<number> {
    const writers = new Set<string>();
    const ended = new Set<string>();
    const { objects } = await this.#backend.list(this.#prefix, { delimiter: '/' });
    for (const { key } of objects) {
      const name = key.slice(this.#prefix.length);
      const writer = parseShardName(name)?.writer;
      if (writer !== undefined) writers.add(writer);
      const gone = parseEndMarkerName(name)?.writer;
      if (gone !== undefined) ended.add(gone);
    }
    return Math.max(1, [...writers].filter((writer) => !ended.has(writer)).length);
  }
}
