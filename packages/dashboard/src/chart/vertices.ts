/**
 * The points of a line, whichever way the server answered: one vertex per distinct x (points) or per bucket
 * that is not empty (buckets). Columns, because a page holds some hundred thousand of them.
 */
import type { Grid, RunSeries } from '../data/series-query.ts';

export interface Vertices {
  /** Strictly increasing. */
  readonly x: Float64Array;
  /** Where the line passes: the last value at this vertex; the mean of the finite ones when the last is not
   * finite; NaN when none is. */
  readonly y: Float64Array;
  /** Over finite values; NaN when there are none. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly mean: Float64Array;
  /** Values at this vertex, the non-finite included. */
  readonly count: Float64Array;
  readonly nan: Float64Array;
  readonly posInf: Float64Array;
  readonly negInf: Float64Array;
  /** The last value as it was logged, finite or not. */
  readonly latest: number;
  /** Grid of the buckets, null when every vertex is a logged point. */
  readonly grid: Grid | null;
  /** True when some vertex stands for several values, so that there is a band to draw. */
  readonly spread: boolean;
}

export function verticesOf({ entry, grid }: RunSeries): Vertices {
  return entry.mode === 'points' ? fromPoints(entry.x, entry.value) : fromBuckets(entry, grid);
}

function columns(length: number): Omit<Vertices, 'latest' | 'grid' | 'spread'> {
  const column = (): Float64Array => new Float64Array(length);
  return {
    x: column(),
    y: column(),
    min: column(),
    max: column(),
    mean: column(),
    count: column(),
    nan: column(),
    posInf: column(),
    negInf: column(),
  };
}

/** Points at one x become one vertex: the later write wins in the line, the others stay in the band. */
function fromPoints(x: Float64Array, value: Float64Array): Vertices {
  let distinct = 0;
  for (let i = 0; i < x.length; i += 1) if (i === 0 || x[i] !== x[i - 1]) distinct += 1;
  const out = columns(distinct);
  let at = -1;
  let sum = 0;
  let finite = 0;
  const close = (last: number): void => {
    if (at < 0) return;
    out.mean[at] = finite > 0 ? sum / finite : Number.NaN;
    out.y[at] = Number.isFinite(last) ? last : (out.mean[at] ?? Number.NaN);
  };
  for (let i = 0; i < x.length; i += 1) {
    const v = value[i] ?? Number.NaN;
    if (i === 0 || x[i] !== x[i - 1]) {
      close(value[i - 1] ?? Number.NaN);
      at += 1;
      sum = 0;
      finite = 0;
      out.x[at] = x[i] ?? Number.NaN;
      out.min[at] = Number.NaN;
      out.max[at] = Number.NaN;
    }
    out.count[at]! += 1;
    if (Number.isFinite(v)) {
      sum += v;
      finite += 1;
      if (!((out.min[at] ?? Number.NaN) <= v)) out.min[at] = v;
      if (!((out.max[at] ?? Number.NaN) >= v)) out.max[at] = v;
    } else if (v === Number.POSITIVE_INFINITY) out.posInf[at]! += 1;
    else if (v === Number.NEGATIVE_INFINITY) out.negInf[at]! += 1;
    else out.nan[at]! += 1;
  }
  const latest = value[x.length - 1] ?? Number.NaN;
  close(latest);
  return { ...out, latest, grid: null, spread: distinct < x.length };
}

type Buckets = Extract<RunSeries['entry'], { mode: 'buckets' }>;

function fromBuckets(entry: Buckets, grid: Grid | null): Vertices {
  let filled = 0;
  for (const count of entry.count) if (count > 0) filled += 1;
  const out = columns(filled);
  let at = 0;
  let spread = false;
  let latest = Number.NaN;
  for (let i = 0; i < entry.count.length; i += 1) {
    const count = entry.count[i] ?? 0;
    if (!(count > 0)) continue;
    const last = entry.last[i] ?? Number.NaN;
    latest = last;
    const mean = entry.mean[i] ?? Number.NaN;
    out.x[at] = entry.x[i] ?? Number.NaN;
    out.y[at] = Number.isFinite(last) ? last : mean;
    out.min[at] = entry.min[i] ?? Number.NaN;
    out.max[at] = entry.max[i] ?? Number.NaN;
    out.mean[at] = mean;
    out.count[at] = count;
    out.nan[at] = entry.nan[i] ?? 0;
    out.posInf[at] = entry.posInf[i] ?? 0;
    out.negInf[at] = entry.negInf[i] ?? 0;
    spread ||= count > 1;
    at += 1;
  }
  return { ...out, latest, grid, spread };
}

/** First index whose x is at least `x`; the length when there is none. */
export function lowerBound(xs: Float64Array, x: number): number {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((xs[middle] ?? Number.NaN) < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Typical spacings are multiplied by this; what is wider was not logged steadily and is drawn as a gap. */
const GAP_FACTOR = 6;
/** Fewer vertices than this say nothing about what is typical. */
const GAP_VERTICES_MIN = 8;

/**
 * Distance in x from which two neighbours are shown as a gap: several times the 90th percentile of the spacing,
 * so that a metric logged once an epoch is a line and a night without training is not.
 */
export function gapWidth(xs: Float64Array): number {
  if (xs.length < GAP_VERTICES_MIN) return Number.POSITIVE_INFINITY;
  const spacing = new Float64Array(xs.length - 1);
  for (let i = 1; i < xs.length; i += 1) spacing[i - 1] = (xs[i] ?? 0) - (xs[i - 1] ?? 0);
  spacing.sort();
  return (spacing[Math.floor(spacing.length * 0.9)] ?? Number.POSITIVE_INFINITY) * GAP_FACTOR;
}
