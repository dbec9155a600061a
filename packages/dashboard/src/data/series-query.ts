/**
 * What a chart asks for, and how questions are told apart. Everything except the metric and the runs decides
 * the `lane`: within a lane, answers for any set of runs and metrics can be asked for together.
 */
import type { SeriesAnswer, SeriesEntry, SeriesRequest } from 'lamella/procedures';

export type XKind = SeriesRequest['x'];
export type MetricKind = NonNullable<SeriesRequest['kind']>;
export type Grid = SeriesAnswer['grids'][number];

export interface SeriesLane {
  readonly project: string;
  readonly kind: MetricKind;
  readonly x: XKind;
  /** Inclusive x range, null for all. */
  readonly range: readonly [number, number] | null;
  readonly buckets: number;
  readonly logX: boolean;
}

export interface SeriesQuery extends SeriesLane {
  readonly metric: string;
  readonly runs: readonly string[];
}

/** What is known of one run's series: its points or buckets, and the grid of the buckets. */
export interface RunSeries {
  readonly entry: SeriesEntry;
  /** Null for points. */
  readonly grid: Grid | null;
}

export function laneKey(lane: SeriesLane): string {
  const range = lane.range === null ? '' : `${lane.range[0]},${lane.range[1]}`;
  return JSON.stringify([lane.project, lane.kind, lane.x, range, lane.buckets, lane.logX]);
}

/** The same question without its zoom. */
export function wholeLane(lane: SeriesLane): SeriesLane {
  const { project, kind, x, buckets, logX } = lane;
  return { project, kind, x, range: null, buckets, logX };
}

export function queryKey(query: SeriesQuery): string {
  return JSON.stringify([laneKey(query), query.metric, query.runs]);
}

/** One series that is wanted and not there: the unit from which requests are put together. */
export interface Want {
  readonly lane: SeriesLane;
  readonly laneKey: string;
  readonly metric: string;
  readonly run: string;
}

export interface Batch {
  readonly lane: SeriesLane;
  readonly laneKey: string;
  readonly metrics: readonly string[];
  readonly runs: readonly string[];
}

/** A request asks for at most this many metrics, so that the first charts are drawn before the last arrive. */
const BATCH_METRICS_MAX = 8;
/** And for at most this many buckets in all, about 16 MB of columns. */
const BATCH_BUCKETS_MAX = 200_000;

/**
 * Puts wants together into few requests, keeping their order: one request holds metrics of one lane that lack
 * exactly the same runs, so nothing is asked for that is not wanted.
 */
export function batchWants(wants: readonly Want[]): Batch[] {
  const lacking = new Map<string, { lane: SeriesLane; laneKey: string; metric: string; runs: string[] }>();
  for (const want of wants) {
    const key = `${want.laneKey}\n${want.metric}`;
    const known = lacking.get(key);
    if (known) known.runs.push(want.run);
    else lacking.set(key, { lane: want.lane, laneKey: want.laneKey, metric: want.metric, runs: [want.run] });
  }
  const open = new Map<string, { lane: SeriesLane; laneKey: string; metrics: string[]; runs: string[] }>();
  const batches: { lane: SeriesLane; laneKey: string; metrics: string[]; runs: string[] }[] = [];
  for (const { lane, laneKey: key, metric, runs } of lacking.values()) {
    runs.sort();
    const together = `${key}\n${JSON.stringify(runs)}`;
    const most = Math.max(
      1,
      Math.min(BATCH_METRICS_MAX, Math.floor(BATCH_BUCKETS_MAX / (runs.length * lane.buckets))),
    );
    const batch = open.get(together);
    if (batch && batch.metrics.length < most) {
      batch.metrics.push(metric);
    } else {
      const fresh = { lane, laneKey: key, metrics: [metric], runs };
      open.set(together, fresh);
      batches.push(fresh);
    }
  }
  return batches;
}

/** Bytes that a kept series holds in memory. */
export function seriesBytes(entry: SeriesEntry): number {
  return entry.mode === 'points' ? entry.x.byteLength * 2 : entry.x.byteLength * 10;
}
