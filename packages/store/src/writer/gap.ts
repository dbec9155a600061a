/**
 * What was not kept, told in the run itself: a row of kind `run`, key `gap`, in the next flush says how many
 * calls and rows are missing, of which kinds, between which seq and times (SPEC.md W11). It accounts for
 * nothing in a merge.
 */

/** Why calls are missing: the sentence that a person reads. */
export type GapReason = 'the store could not take them in time' | 'the call is larger than allowed';

interface Gap {
  calls: number;
  rows: number;
  readonly kinds: Map<string, number>;
  seq: [number, number];
  timeUs: [number, number];
}

/** Adds up what is dropped until a flush tells it. */
export class GapTally {
  readonly #gaps = new Map<GapReason, Gap>();

  /** True when nothing waits to be told. */
  get isEmpty(): boolean {
    return this.#gaps.size === 0;
  }

  /** One call of `rows` rows that is not kept. */
  note(reason: GapReason, call: { kind: string; seq: number; rows: number; timeUs: number }): void {
    const { kind, seq, rows, timeUs } = call;
    const gap = this.#gaps.get(reason);
    if (gap === undefined) {
      this.#gaps.set(reason, {
        calls: 1,
        rows,
        kinds: new Map([[kind, 1]]),
        seq: [seq, seq],
        timeUs: [timeUs, timeUs],
      });
      return;
    }
    gap.calls += 1;
    gap.rows += rows;
    gap.kinds.set(kind, (gap.kinds.get(kind) ?? 0) + 1);
    gap.seq = widen(gap.seq, seq);
    gap.timeUs = widen(gap.timeUs, timeUs);
  }

  /** The `data` of one gap row per reason; the tally is empty afterwards. */
  take(): string[] {
    const rows = [...this.#gaps].map(([reason, gap]) =>
      JSON.stringify({
        calls: gap.calls,
        rows: gap.rows,
        reason,
        kinds: Object.fromEntries(gap.kinds),
        seq: gap.seq,
        time: gap.timeUs,
      }),
    );
    this.#gaps.clear();
    return rows;
  }
}

function widen([low, high]: readonly [number, number], value: number): [number, number] {
  return [Math.min(low, value), Math.max(high, value)];
}
