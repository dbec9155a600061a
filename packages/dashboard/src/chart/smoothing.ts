/**
 * Time-weighted exponential moving average (TWEMA), as Weights & Biases documents it: a debiased average whose
 * weight is raised to the distance in x, measured in thousandths of the visible width. So a run with many points
 * and one with few are smoothed alike, and the same picture is smoothed alike at every density.
 */

/** The visible width is this many units of distance. */
const VIEWPORT_UNITS = 1000;
const WEIGHT_MAX = 0.999;

export interface Viewport {
  readonly from: number;
  readonly to: number;
  /** Distances are those of a logarithmic axis. */
  readonly log: boolean;
}

/**
 * `smoothing` is 0 (the values themselves) to 1. Values that are not finite stay what they are and leave the
 * average alone. A constant series comes out exactly as it went in.
 */
export function twema(x: Float64Array, y: Float64Array, smoothing: number, viewport: Viewport): Float64Array {
  const out = new Float64Array(y.length);
  const weight = Math.min(Math.sqrt(Math.max(smoothing, 0)), WEIGHT_MAX);
  const position = viewport.log ? Math.log : (v: number): number => v;
  const width = position(viewport.to) - position(viewport.from);
  let average = 0;
  let debias = 0;
  let before = Number.NaN;
  for (let i = 0; i < y.length; i += 1) {
    const value = y[i] ?? Number.NaN;
    if (!Number.isFinite(value)) {
      out[i] = Number.NaN;
      continue;
    }
    const at = position(x[i] ?? Number.NaN);
    const distance = width > 0 && Number.isFinite(at - before) ? ((at - before) / width) * VIEWPORT_UNITS : 0;
    // Same as average = (weight·sum + value) / (weight·debias + 1), without the rounding for equal values.
    debias = debias * weight ** Math.max(distance, 0) + 1;
    const next = average + (value - average) / debias;
    // Of values near the largest double the difference overflows; their shares do not.
    average = Number.isFinite(next) ? next : average * (1 - 1 / debias) + value / debias;
    out[i] = average;
    before = at;
  }
  return out;
}
