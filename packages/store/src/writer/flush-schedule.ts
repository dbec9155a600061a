/** When the next flush of one writer is due, on its own monotonic clock. The rules are in `flush-policy.ts`. */
import type { Clock, Random } from './clock.ts';
import {
  firstFlushMs,
  FLUSH_BYTES,
  flushIntervalMs,
  heartbeatMs,
  shortestIntervalMs,
} from './flush-policy.ts';

export interface ScheduleOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly random: Pick<Random, 'unit'>;
  readonly rank: number;
  readonly writers: number;
  readonly capSeconds?: number;
}

/** What the schedule has to know about its writer. */
export interface FlushDemand {
  /** Somebody waits: flush() or finish(). */
  readonly isAsked: boolean;
  /** A flush is numbered and not yet acknowledged. */
  readonly isInHand: boolean;
  /** Nothing waits for a number. */
  readonly isEmpty: boolean;
  /** Bytes that wait for a number. */
  readonly bytes: number;
}

export class FlushSchedule {
  /** Writers of the run, as far as is known. */
  writers: number;
  readonly #options: ScheduleOptions;
  readonly #bornMs: number;
  #lastMs: number;
  #dueMs: number;
  #retryMs = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.writers = options.writers;
    this.#bornMs = options.clock.monotonic();
    this.#lastMs = this.#bornMs;
    this.#dueMs = this.#bornMs + firstFlushMs(options.rank, options.writers, options.random);
  }

  /** Milliseconds until something is to be done; 0 when it is due. */
  dueInMs({ isAsked, isInHand, isEmpty, bytes }: FlushDemand): number {
    const nowMs = this.#options.clock.monotonic();
    if (isInHand) return Math.max(0, this.#retryMs - nowMs);
    if (isEmpty) return Math.max(0, this.#heartbeatAtMs() - nowMs);
    if (isAsked) return 0;
    const soonestMs = this.#lastMs + shortestIntervalMs(this.writers);
    const dueMs = bytes >= FLUSH_BYTES ? Math.min(this.#dueMs, soonestMs) : this.#dueMs;
    return Math.max(0, dueMs - nowMs);
  }

  /** True when an empty writer has to say that it is alive. */
  isSilentTooLong(): boolean {
    return this.#options.clock.monotonic() >= this.#heartbeatAtMs();
  }

  /** A flush was given its number: the next one is an interval away. */
  flushed(): void {
    const { clock, random, capSeconds } = this.#options;
    this.#lastMs = clock.monotonic();
    const ageMs = this.#lastMs - this.#bornMs;
    const cap = capSeconds === undefined ? {} : { capSeconds };
    this.#dueMs = this.#lastMs + flushIntervalMs({ ageMs, writers: this.writers, random, ...cap });
    this.#retryMs = 0;
  }

  /** An attempt failed: the same bytes again after `ms`. */
  retryIn(ms: number): void {
    this.#retryMs = this.#options.clock.monotonic() + ms;
  }

  /** Somebody asks: do not wait for the end of the back-off. */
  retryNow(): void {
    this.#retryMs = 0;
  }

  #heartbeatAtMs(): number {
    return this.#lastMs + heartbeatMs(this.writers, this.#options.capSeconds);
  }
}
