/** What a chart shows, in its own words: nothing here or elsewhere on the page knows which library draws it. */
import type { XKind } from '../data/series-query.ts';
import type { Vertices } from './vertices.ts';
import { lowerBound } from './vertices.ts';

export interface Line {
  /** The run's id. */
  readonly id: string;
  readonly label: string;
  readonly colour: string;
  readonly vertices: Vertices;
  /** Same length as the vertices; null when smoothing is off. */
  readonly smooth: Float64Array | null;
  /** Neighbours further apart than this are joined by a dotted line only. */
  readonly gap: number;
}

export interface ChartModel {
  readonly x: XKind;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly band: boolean;
  /** The visible x range; null shows all points. */
  readonly range: readonly [number, number] | null;
  /** Drawn in this order, the last on top. */
  readonly lines: readonly Line[];
}

export interface Domain {
  readonly min: number;
  readonly max: number;
}

/** Share of the data's height that is kept free above and below it. */
const PADDING = 0.06;

/** The visible x range. On a log axis only positive x count. */
export function xDomain({ lines, range, logX }: ChartModel): Domain {
  if (range) return logX ? positive(range[0], range[1]) : { min: range[0], max: range[1] };
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const { vertices } of lines) {
    const { x, grid } = vertices;
    // A bucket's vertex is its last point; the grid knows where the first one lies.
    const first = logX
      ? x.find((v) => v > 0)
      : Math.min(x[0] ?? Number.NaN, grid?.from ?? Number.POSITIVE_INFINITY);
    const last = x[x.length - 1];
    if (first === undefined || last === undefined || !(first <= last)) continue;
    min = Math.min(min, first);
    max = Math.max(max, last);
  }
  if (min > max) return logX ? { min: 1, max: 10 } : { min: 0, max: 1 };
  if (min === max) return logX ? { min: min / 2, max: max * 2 } : { min: min - 0.5, max: max + 0.5 };
  return { min, max };
}

function positive(from: number, to: number): Domain {
  const max = to > 0 ? to : 10;
  return { min: from > 0 ? from : Math.min(1, max / 1000), max };
}

export interface YDomain extends Domain {
  /** Values or bucket extremes at or below zero that a log axis cannot show. */
  readonly hidden: number;
  /** False when nothing finite is in view. */
  readonly any: boolean;
}

/** Height of everything finite that is visible: the band where one is drawn, and the lines. */
export function yDomain(model: ChartModel, x: Domain): YDomain {
  const { logY, band } = model;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let hidden = 0;
  const reach = (v: number): void => {
    if (!Number.isFinite(v) || (logY && v <= 0)) return;
    if (v < min) min = v;
    if (v > max) max = v;
  };
  for (const line of model.lines) {
    const { vertices, smooth } = line;
    reach(valueAt(line, x.min));
    reach(valueAt(line, x.max));
    for (let i = 0; i < vertices.x.length; i += 1) {
      const at = vertices.x[i] ?? Number.NaN;
      if (at < x.min || at > x.max) continue;
      const low = (band ? vertices.min[i] : vertices.y[i]) ?? Number.NaN;
      const high = (band ? vertices.max[i] : vertices.y[i]) ?? Number.NaN;
      if (logY && low <= 0) hidden += 1;
      reach(low);
      reach(high);
      reach(smooth?.[i] ?? Number.NaN);
    }
  }
  if (min > max) return { ...(logY ? { min: 0.1, max: 10 } : { min: 0, max: 1 }), hidden, any: false };
  return { ...(logY ? padLog(min, max) : padLinear(min, max)), hidden, any: true };
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
  const free = (max - min) * PADDING;
  // Data that stays on one side of zero is not given an axis that reaches over it.
  return {
    min: min >= 0 ? Math.max(min - free, 0) : min - free,
    max: max <= 0 ? Math.min(max + free, 0) : max + free,
  };
}

function padLog(min: number, max: number): Domain {
  const factor = min === max ? 2 : (max / min) ** PADDING;
  return { min: min / factor, max: max * factor };
}
