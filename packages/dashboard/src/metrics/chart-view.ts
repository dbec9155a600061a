/** What the charts of a page have in common, and the question that one of them asks. */
import type { PageState, Range } from '../app/page-state.ts';
import type { MetricKind, SeriesQuery, XKind } from '../data/series-query.ts';
import type { ShownRun } from './chart-lines.ts';
import type { MetricCard } from './sections.ts';

export interface ChartView {
  readonly project: string;
  /** In the order of the list; at most `LINES_MAX`. */
  readonly runs: readonly ShownRun[];
  readonly state: PageState;
  readonly theme: string;
  zoom(kind: MetricKind, range: Range | null): void;
}

/** More lines than this say nothing to the eye; the page says how many it leaves out. */
export const LINES_MAX = 200;

/** System metrics have no steps: while the others are drawn over steps, these are drawn over time. */
export function xOf(kind: MetricKind, state: PageState): XKind {
  return kind === 'system' && state.x === 'step' ? 'relative' : state.x;
}

export function rangeOf(kind: MetricKind, state: PageState): Range | null {
  return kind === 'system' && state.x === 'step' ? state.systemRange : state.range;
}

/** A wall clock has no meaningful logarithm. */
export function logXOf(kind: MetricKind, state: PageState): boolean {
  return state.logX && xOf(kind, state) !== 'time';
}

/** About one bucket a pixel, fewer where many runs share the picture. */
export function bucketsOf(runs: number, large: boolean): number {
  if (large) return runs > 24 ? 800 : 1600;
  return runs > 60 ? 200 : 400;
}

export function queryOf(card: MetricCard, { project, runs, state }: ChartView, large: boolean): SeriesQuery {
  return {
    project,
    kind: card.kind,
    metric: card.name,
    runs: runs.map(({ id }) => id),
    x: xOf(card.kind, state),
    range: rangeOf(card.kind, state),
    buckets: bucketsOf(runs.length, large),
    logX: logXOf(card.kind, state),
  };
}
