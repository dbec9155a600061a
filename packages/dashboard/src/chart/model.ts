/** What a chart shows, in its own words: nothing here or elsewhere on the page knows which library draws it. */
import type { XKind } from '../data/series-query.ts';
import type { Vertices } from './vertices.ts';

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
  /** Leaves the outermost values out of the picture. */
  readonly clip: boolean;
  /** The visible x range; null shows all points. */
  readonly range: readonly [number, number] | null;
  /** Drawn in this order, the last on top. */
  readonly lines: readonly Line[];
}

export interface Domain {
  readonly min: number;
  readonly max: number;
}

/** Of its ends' size, how wide a range must be for numbers to tell its ticks apart. */
const SPAN_MIN = 2 ** -44;

/** The same range; one that is narrower than numbers can tell apart is widened around its middle. */
export function widened(min: number, max: number): Domain {
  const least = Math.max(Math.abs(min), Math.abs(max)) * SPAN_MIN;
  return max - min < least ? { min: min - least / 2, max: max + least / 2 } : { min, max };
}

/** The visible x range. On a log axis only positive x count. */
export function xDomain(model: ChartModel): Domain {
  const { min, max } = rangeOf(model);
  return widened(min, max);
}

function rangeOf({ lines, range, logX }: ChartModel): Domain {
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

/**
 * What a drag over a chart asks for. Where all steps are whole the range ends at such, so that no zoom falls
 * between two of them and lines reach the edges.
 */
export function zoomedTo({ x, lines }: ChartModel, from: number, to: number): readonly [number, number] {
  const whole =
    x === 'time' || (x === 'step' && lines.every(({ vertices }) => vertices.x.every(Number.isInteger)));
  return whole ? [Math.floor(from), Math.ceil(to)] : [from, to];
}

function positive(from: number, to: number): Domain {
  const max = to > 0 ? to : 10;
  return { min: from > 0 ? from : Math.min(1, max / 1000), max };
}
