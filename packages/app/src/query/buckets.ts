/** The columns of a series answered in buckets. */
import type { SeriesEntry } from '../procedures/types.ts';
import { meanOf } from './aggregates.ts';
import type { BucketParts } from './aggregates.ts';

export type BucketEntry = Extract<SeriesEntry, { mode: 'buckets' }>;

/** An entry whose buckets are all empty: count 0, NaN elsewhere. */
export function emptyBuckets(metric: string, run: string, buckets: number): BucketEntry {
  const none = (): Float64Array => new Float64Array(buckets).fill(Number.NaN);
  const zero = (): Float64Array => new Float64Array(buckets);
  return {
    metric,
    run,
    mode: 'buckets',
    x: none(),
    first: none(),
    last: none(),
    min: none(),
    max: none(),
    mean: none(),
    count: zero(),
    nan: zero(),
    posInf: zero(),
    negInf: zero(),
  };
}

/** Writes everything but x, first and last. */
export function fillBucket(entry: BucketEntry, bucket: number, parts: BucketParts): void {
  entry.min[bucket] = parts.min;
  entry.max[bucket] = parts.max;
  entry.mean[bucket] = meanOf(parts);
  entry.count[bucket] = parts.count;
  entry.nan[bucket] = parts.nan;
  entry.posInf[bucket] = parts.posInf;
  entry.negInf[bucket] = parts.negInf;
}
