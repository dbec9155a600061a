/** Orders of runs. */
import type { RunRow } from 'lamella/procedures';

function byStart(a: RunRow, b: RunRow): number {
  const [one, other] = [a.startedAt ?? Number.POSITIVE_INFINITY, b.startedAt ?? Number.POSITIVE_INFINITY];
  if (one !== other) return one - other;
  return a.id < b.id ? -1 : 1;
}

/** As they started, those that have not yet said when last; for colours, which must not move. */
export function startOrder(runs: readonly RunRow[]): RunRow[] {
  return [...runs].sort(byStart);
}

/** Newest first; for the list. */
export function newestFirst(runs: readonly RunRow[]): RunRow[] {
  return startOrder(runs).toReversed();
}
