/** A store in memory whose publishes fail as told, on virtual time. */
import type { Backend, ByteSource } from '../src/backend/backend.ts';
import { createMemoryBackend } from '../src/backend/memory.ts';
import { LamellaError } from '../src/record/error.ts';
import type { Clock } from '../src/writer/clock.ts';

/** What becomes of one publish. */
export interface Fate {
  /** The object is stored. */
  readonly isStored: boolean;
  /** The caller is told of success. */
  readonly isTold: boolean;
  /** Milliseconds until the answer; Infinity: none ever. */
  readonly delayMs: number;
}

export const FINE: Fate = { isStored: true, isTold: true, delayMs: 0 };
export const REFUSED: Fate = { isStored: false, isTold: false, delayMs: 0 };
export const ANSWER_LOST: Fate = { isStored: true, isTold: false, delayMs: 0 };
export const HANGS: Fate = { isStored: false, isTold: false, delayMs: Infinity };

export interface Attempt {
  readonly key: string;
  readonly sha256: string;
  readonly atMs: number;
  isAcknowledged: boolean;
}

export class FaultyBackend implements Backend {
  readonly name = 'faulty';
  /** Taken from the front, one per publish; then `otherwise`. */
  readonly fates: Fate[] = [];
  otherwise: Fate = FINE;
  readonly attempts: Attempt[] = [];
  /** Publishes under way at the same time, at most. */
  mostAtOnce = 0;
  #atOnce = 0;
  readonly #clock: Clock;
  readonly #memory = createMemoryBackend();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly list: Backend['list'] = (prefix, options) => this.#memory.list(prefix, options);
  readonly read: Backend['read'] = (key, range) => this.#memory.read(key, range);
  readonly remove: Backend['remove'] = (key) => this.#memory.remove(key);

  async publish(key: string, source: ByteSource): Promise<void> {
    const fate = this.fates.shift() ?? this.otherwise;
    const attempt: Attempt = {
      key,
      sha256: source.sha256,
      atMs: this.#clock.monotonic(),
      isAcknowledged: false,
    };
    this.attempts.push(attempt);
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    if (fate.isStored) await this.#memory.publish(key, source);
    if (fate.delayMs === Infinity) await new Promise(() => undefined);
    if (fate.delayMs > 0) await this.#clock.sleep(fate.delayMs);
    this.#atOnce -= 1;
    if (!fate.isTold) throw new LamellaError('unavailable', `cannot write ${key}: this backend is faulty`);
    attempt.isAcknowledged = true;
  }

  /** Keys of shards, in the order of their names. */
  async shards(): Promise<string[]> {
    const { objects } = await this.#memory.list('');
    return objects
      .map(({ key }) => key)
      .filter((key) => key.endsWith('.parquet'))
      .toSorted();
  }
}
