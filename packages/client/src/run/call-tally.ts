/**
 * What became of a run's calls, which are counted from 0 in the order of `log`. Every call is in one place:
 *
 *   accepted → acknowledged (published for certain), dropped by the publisher, or lost (given to a publisher that died
 *              before it said so); or not yet any of these
 *   dropped here: never accepted, or given up afterwards
 */
import type { Dropped } from '../pipe/frame.ts';

/** See the file's header; `dropped` is both kinds together. */
export interface CallCounts {
  /** Calls that `log` was given and that had anything to keep. */
  readonly calls: number;
  readonly acknowledged: number;
  /** Not kept: no room in the buffer, no publisher, or the store could not take them. */
  readonly dropped: number;
  /** Some of them may have been published. */
  readonly lost: number;
}

export class CallTally {
  #accepted = 0;
  #acknowledged = 0;
  #droppedByPublisher = 0;
  #droppedHere = 0;
  #lost = 0;
  /** What earlier publishers had acknowledged and dropped; the present one counts from 0. */
  #before = { acknowledged: 0, dropped: 0 };
  /** What the run is not told of yet, by reason. */
  readonly #untold = new Map<string, Dropped>();

  get counts(): CallCounts {
    return {
      calls: this.#accepted + this.#droppedHere,
      acknowledged: this.#acknowledged,
      dropped: this.#droppedHere + this.#droppedByPublisher,
      lost: this.#lost,
    };
  }

  get accepted(): number {
    return this.#accepted;
  }

  /** Accepted calls of which nobody knows yet what becomes of them. */
  get pending(): number {
    return this.#accepted - this.#acknowledged - this.#droppedByPublisher - this.#lost;
  }

  /** A call was handed over, or waits for that. */
  accept(): void {
    this.#accepted++;
  }

  /** A call was not accepted, and there is no publisher that could tell the run. */
  drop(): void {
    this.#droppedHere++;
  }

  /** A call of so many rows was not accepted; `takeUntold` has it for the run. */
  dropAndTell(rows: number, nowMs: number, reason: string): void {
    this.#droppedHere++;
    const before = this.#untold.get(reason) ?? { calls: 0, rows: 0, firstTimeMs: nowMs };
    this.#untold.set(reason, {
      calls: before.calls + 1,
      rows: before.rows + rows,
      firstTimeMs: before.firstTimeMs,
      lastTimeMs: nowMs,
      reason,
    });
  }

  /** So many accepted calls are not kept after all. */
  giveUp(calls: number): void {
    this.#accepted -= calls;
    this.#droppedHere += calls;
  }

  /** The present publisher's counts: `calls` of its own are settled, but `dropped` of them are not published. */
  acknowledge(calls: number, dropped: number): void {
    this.#acknowledged = this.#before.acknowledged + calls - dropped;
    this.#droppedByPublisher = this.#before.dropped + dropped;
  }

  /** The present publisher died, and so many calls still wait for the next one. Returns how many went down with it. */
  publisherDied(waiting: number): number {
    const lost = Math.max(0, this.pending - waiting);
    this.#lost += lost;
    this.#before = { acknowledged: this.#acknowledged, dropped: this.#droppedByPublisher };
    return lost;
  }

  /** What was dropped since the last time, one message per reason. */
  takeUntold(): Dropped[] {
    const untold = [...this.#untold.values()];
    this.#untold.clear();
    return untold;
  }
}
