/** The height of a chart: what is visible of its lines, padded; what it leaves out is counted. */
import type { ChartModel, Domain, Line } from './model.ts';
import { widened } from './model.ts';
import { lowerBound } from './vertices.ts';

export interface YDomain extends Domain {
  /** Values or bucket extremes at or below zero that a log axis cannot show. */
  readonly hidden: number;
  /** Values or bucket extremes above or below a clipped picture. */
  readonly outside: number;
  /** False when nothing finite is in view. */
  readonly any: boolean;
}

/** Share of the data's height that is kept free above and below it. */
const PADDING = 0.06;
/** Clipping leaves out this share of the line's values at either end. */
const CLIPPED = 0.01;

/** Height of everything finite that is visible: the band where one is drawn, and the lines. */
export function yDomain(model: ChartModel, x: Domain): YDomain {
  const { logY } = model;
  const seen = extent(model, x);
  if (seen.min > seen.max) {
    return {
      ...(logY ? { min: 0.1, max: 10 } : { min: 0, max: 1 }),
      hidden: seen.hidden,
      outside: 0,
      any: false,
    };
  }
  const { min, max } = model.clip ? clipped(model, x, seen) : seen;
  const shown = logY ? padLog(min, max) : drawable(padLinear(min, max));
  return {
    ...shown,
    hidden: seen.hidden,
    outside: model.clip ? countOutside(model, x, shown) : 0,
    any: true,
  };
}

/** Calls back with the extremes of every vertex in view. */
function eachVertex(
  model: ChartModel,
  x: Domain,
  see: (low: number, high: number, line: number) => void,
): void {
  for (const { vertices, smooth } of model.lines) {
    const last = lowerBound(vertices.x, x.max);
    for (let i = lowerBound(vertices.x, x.min); i <= last && i < vertices.x.length; i += 1) {
      if ((vertices.x[i] ?? Number.NaN) > x.max) break;
      const y = vertices.y[i] ?? Number.NaN;
      const low = model.band ? (vertices.min[i] ?? Number.NaN) : y;
      const high = model.band ? (vertices.max[i] ?? Number.NaN) : y;
      see(low, high, smooth ? (smooth[i] ?? Number.NaN) : y);
    }
  }
}

function extent(model: ChartModel, x: Domain): { min: number; max: number; hidden: number } {
  const { logY } = model;
  const seen = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY, hidden: 0 };
  const reach = (v: number): void => {
    if (!Number.isFinite(v) || (logY && v <= 0)) return;
    if (v < seen.min) seen.min = v;
    if (v > seen.max) seen.max = v;
  };
  eachVertex(model, x, (low, high, line) => {
    if (logY && low <= 0) seen.hidden += 1;
    reach(low);
    reach(high);
    reach(line);
  });
  for (const line of model.lines) {
    reach(valueAt(line, x.min));
    reach(valueAt(line, x.max));
  }
  return seen;
}

/** Between the outer percentiles of the lines themselves; their bands may reach further. */
function clipped(model: ChartModel, x: Domain, seen: Domain): Domain {
  const values: number[] = [];
  eachVertex(model, x, (_low, _high, line) => {
    if (Number.isFinite(line) && !(model.logY && line <= 0)) values.push(line);
  });
  const sorted = Float64Array.from(values).sort();
  const low = sorted[Math.floor(sorted.length * CLIPPED)] ?? seen.min;
  const high = sorted[Math.ceil(sorted.length * (1 - CLIPPED)) - 1] ?? seen.max;
  return low < high ? { min: low, max: high } : seen;
}

function countOutside(model: ChartModel, x: Domain, { min, max }: Domain): number {
  let outside = 0;
  eachVertex(model, x, (low, high) => {
    if (high > max || (low < min && !(model.logY && low <= 0))) outside += 1;
  });
  return outside;
}

/** Height at which the line crosses an x between two of its vertices; NaN where it does not. */
function valueAt({ vertices, smooth, gap }: Line, x: number): number {
  const xs = vertices.x;
  const after = lowerBound(xs, x);
  if (after === 0 || after >= xs.length) return Number.NaN;
  const [from, to] = [xs[after - 1] ?? 0, xs[after] ?? 0];
  if (to - from > gap) return Number.NaN;
  const ys = smooth ?? vertices.y;
  const [low, high] = [ys[after - 1] ?? Number.NaN, ys[after] ?? Number.NaN];
  return low + ((high - low) * (x - from)) / (to - from);
}

function padLinear(min: number, max: number): Domain {
  if (min === max) {
    const around = min === 0 ? 1 : Math.abs(min) * 0.1;
    return { min: min - around, max: max + around };
  }
  const free = max * PADDING - min * PADDING;
  // Data that stays on one side of zero is not given an axis that reaches over it.
  return {
    min: min >= 0 ? Math.max(min - free, 0) : min - free,
    max: max <= 0 ? Math.min(max + free, 0) : max + free,
  };
}

/** Between these the height of the picture is a number too, and so is the distance of a value beyond them. */
const LARGEST = 1e300;

function drawable({ min, max }: Domain): Domain {
  const low = Math.max(min, -LARGEST);
  const high = Math.min(max, LARGEST);
  return low < high ? widened(low, high) : { min: -LARGEST, max: LARGEST };
}

function padLog(min: number, max: number): Domain {
  const factor = min === max ? 2 : Math.exp((Math.log(max) - Math.log(min)) * PADDING);
  return { min: Math.max(min / factor, Number.MIN_VALUE), max: Math.min(max * factor, Number.MAX_VALUE) };
}
