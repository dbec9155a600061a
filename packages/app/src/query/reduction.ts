/**
 * The plain series reduction over decoded rows: the oracle that DuckDB's answer is held against, and what a
 * browser without a server will run. Same input, same answer; no database.
 */
import type { RecordBatch } from '@lamella/store';
import type { SeriesAnswer, SeriesEntry, SeriesRequest } from '../procedures/types.ts';
import { AGGREGATES } from './aggregates.ts';
import type { BucketParts } from './aggregates.ts';
import { emptyBuckets, fillBucket } from './buckets.ts';
import { bucketOf, logEdges } from './grid.ts';
import type { Grid } from './grid.ts';
import { STEP_MARK } from './tables.ts';

/** Points of one series in the order (x, time, seq, writer). */
interface Series {
  readonly x: Float64Array;
  readonly value: Float64Array;
}

/** Answers `request` from the rows of each run (every record once). `cursor` is 0. */
export function reduceSeries(runs: ReadonlyMap<string, RecordBatch>, request: SeriesRequest): SeriesAnswer {
  const grids: SeriesAnswer['grids'][number][] = [];
  const entries: SeriesEntry[] = [];
  for (const metric of new Set(request.metrics)) {
    const series = new Map<string, Series>();
    for (const run of new Set(request.runs)) {
      const batch = runs.get(run);
      const points = batch ? pointsInView(batch, request, metric) : null;
      if (points && points.x.length > 0) {
        series.set(run, points);
      }
    }
    const grid = gridOf([...series.values()], request);
    if (grid) {
      grids.push({ metric, ...grid });
    }
    for (const [run, points] of series) {
      const few = !grid || points.x.length <= request.buckets;
      entries.push(few ? { metric, run, mode: 'points', ...points } : reduce(metric, run, points, grid));
    }
  }
  return { grids, entries, cursor: 0 };
}

function gridOf(series: readonly Series[], request: SeriesRequest): Grid | null {
  if (!series.some(({ x }) => x.length > request.buckets)) {
    return null;
  }
  return {
    from: Math.min(...series.map(({ x }) => x[0]!)),
    to: Math.max(...series.map(({ x }) => x.at(-1)!)),
    buckets: request.buckets,
    log: request.logX === true,
  };
}

function pointsInView(batch: RecordBatch, request: SeriesRequest, metric: string): Series {
  const kind = request.kind ?? 'metric';
  const start = batch.time.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const [low, high] = request.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const picked: { row: number; x: number }[] = [];
  for (let row = 0; row < batch.count; row++) {
    if (batch.kind[row] !== kind || batch.key[row] !== metric || batch.valueNull[row] === 1) {
      continue;
    }
    const x = xOf(batch, row, request.x, start);
    if (x !== null && x >= low && x <= high && (!request.logX || x > 0)) {
      picked.push({ row, x });
    }
  }
  picked.sort((a, b) => a.x - b.x || byArrival(batch, a.row, b.row));
  return {
    x: Float64Array.from(picked, ({ x }) => x),
    value: Float64Array.from(picked, ({ row }) => batch.value[row]!),
  };
}

function xOf(batch: RecordBatch, row: number, x: SeriesRequest['x'], start: number): number | null {
  if (x === 'step') {
    return exactStep(batch, row);
  }
  return x === 'time' ? batch.time[row]! / 1000 : (batch.time[row]! - start) / 1_000_000;
}

/** The step as a number, fractional where `data` says so; null for none. */
export function exactStep(batch: RecordBatch, row: number): number | null {
  const floored = batch.stepNull[row] === 1 ? null : Number(batch.step[row]);
  const data = batch.data[row];
  if (!data?.startsWith(STEP_MARK)) {
    return floored;
  }
  const exact = Number(data.slice(STEP_MARK.length, -1).trim());
  return Math.abs(exact) <= 2 ** 63 ? exact : floored;
}

function byArrival(batch: RecordBatch, a: number, b: number): number {
  const time = batch.time[a]! - batch.time[b]!;
  if (time !== 0) {
    return time;
  }
  const seq = batch.seq[a]! - batch.seq[b]!;
  if (seq !== 0) {
    return seq;
  }
  return batch.writer[a]! < batch.writer[b]! ? -1 : 1;
}

function reduce(metric: string, run: string, points: Series, grid: Grid): SeriesEntry {
  const entry = emptyBuckets(metric, run, grid.buckets);
  const edges = logEdges(grid);
  const parts = new Map<number, BucketParts>();
  points.x.forEach((x, i) => {
    const value = points.value[i]!;
    const bucket = bucketOf(grid, x, edges);
    const known = parts.get(bucket) ?? emptyParts();
    if (!parts.has(bucket)) {
      parts.set(bucket, known);
      entry.first[bucket] = value;
    }
    for (const { name, add } of AGGREGATES) {
      known[name] = add(known[name], value);
    }
    entry.x[bucket] = x;
    entry.last[bucket] = value;
  });
  for (const [bucket, known] of parts) {
    fillBucket(entry, bucket, known);
  }
  return entry;
}

function emptyParts(): BucketParts {
  return Object.fromEntries(AGGREGATES.map(({ name, empty }) => [name, empty])) as BucketParts;
}
