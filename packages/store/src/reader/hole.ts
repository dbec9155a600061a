/**
 * Lost flushes (SPEC.md V10). Numbers are dense and published in order, so one that is missing below a visible
 * one is lost, unless a stale listing hid it: only a gap that is seen in two listings 90 s apart counts.
 */
import type { Clock } from '../writer/clock.ts';

/** Longer than any listing that was seen to lag behind, NFSv3 included. */
const LOSS_AFTER_MS = 90_000;

/** Flush numbers, both inclusive. */
export type FlushRange = readonly [first: number, last: number];

/** What `ranges` (of any order, nested or disjoint) leave out between 0 and their highest number. */
export function missingRanges(ranges: readonly FlushRange[]): FlushRange[] {
  const missing: FlushRange[] = [];
  let next = 0;
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (first > next) missing.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  return missing;
}

/** Watches the gaps of one writer over many listings. */
export class HoleWatch {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #gaps: { range: FlushRange; sinceMs: number }[] = [];

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Takes what one listing left out, in order, and returns what is lost for certain. */
  observe(missing: readonly FlushRange[]): FlushRange[] {
    const nowMs = this.#clock.monotonic();
    const earlier = this.#gaps;
    let at = 0;
    this.#gaps = missing.map((range) => {
      // All of it has been missing since the earlier gap that contains it. Both lists are in order and disjoint.
      while ((earlier[at]?.range[1] ?? Infinity) < range[0]) at++;
      const gap = earlier[at];
      const isKnown = gap !== undefined && gap.range[0] <= range[0] && gap.range[1] >= range[1];
      return { range, sinceMs: isKnown ? gap.sinceMs : nowMs };
    });
    return this.#gaps.filter(({ sinceMs }) => nowMs - sinceMs >= LOSS_AFTER_MS).map(({ range }) => range);
  }
}
