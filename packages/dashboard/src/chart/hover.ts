/** What lies under the pointer: for every line its vertex nearest in x, nearest in y first. */
import type { XKind } from '../data/series-query.ts';
import { formatClock, formatCount, formatDay, formatDuration, formatValue } from './format.ts';
import type { Line } from './model.ts';
import type { Frame } from './paint.ts';
import type { Vertices } from './vertices.ts';
import { lowerBound } from './vertices.ts';

export interface HoverRow {
  readonly run: string;
  readonly label: string;
  readonly colour: string;
  /** Index of the vertex in its line. */
  readonly index: number;
  readonly x: number;
  /** Position of the drawn value in pixels; NaN when it is not finite. */
  readonly py: number;
  /** What the line passes through; the smoothed value when smoothing is on. */
  readonly value: number;
  /** The unsmoothed value when smoothing is on, else null. */
  readonly raw: number | null;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  /** Such as "2 NaN, 1 +∞"; empty when all is finite. */
  readonly odd: string;
}

/** A line is left out when its nearest vertex is further from the pointer than this and than its own spacing. */
const REACH_PX = 28;
/** The nearest line counts as pointed at when it is this close. */
const TOUCH_PX = 40;

export function hoverRows(lines: readonly Line[], frame: Frame, px: number, py: number): HoverRow[] {
  const rows: HoverRow[] = [];
  for (const line of lines) {
    const row = nearestVertex(line, frame, px);
    if (row) rows.push(row);
  }
  const distance = (row: HoverRow): number =>
    Number.isNaN(row.py) ? Number.POSITIVE_INFINITY : Math.abs(row.py - py);
  return rows.sort((a, b) => {
    const [da, db] = [distance(a), distance(b)];
    return da === db ? 0 : da - db;
  });
}

/** The run of the row that is pointed at, null when the pointer is nowhere near a line. */
export function touchedRun(rows: readonly HoverRow[], py: number): string | null {
  const first = rows[0];
  return first && Math.abs(first.py - py) <= TOUCH_PX ? first.run : null;
}

function nearestVertex(line: Line, frame: Frame, px: number): HoverRow | null {
  const { x } = line.vertices;
  const toX = (i: number): number => frame.toX(x[i] ?? Number.NaN);
  const after = lowerBound(x, fromX(frame, px));
  const near = [after - 1, after].filter((i) => i >= 0 && i < x.length && (!frame.logX || (x[i] ?? 0) > 0));
  const index = near.sort((a, b) => Math.abs(toX(a) - px) - Math.abs(toX(b) - px))[0];
  if (index === undefined) return null;
  const at = x[index] ?? Number.NaN;
  if (at < frame.from || at > frame.to) return null;
  // Between two vertices of a sparse line the nearer one is meant; outside of the line only its very end.
  const between = near.length === 2 && Math.abs((x[near[0] ?? 0] ?? 0) - (x[near[1] ?? 0] ?? 0)) <= line.gap;
  if (!between && Math.abs(toX(index) - px) > REACH_PX) return null;
  return rowOf(line, index, frame);
}

function fromX(frame: Frame, px: number): number {
  const share = px / frame.width;
  if (!frame.logX) return frame.from + (frame.to - frame.from) * share;
  return Math.exp(Math.log(frame.from) + (Math.log(frame.to) - Math.log(frame.from)) * share);
}

function rowOf(line: Line, index: number, frame: Frame): HoverRow {
  const { vertices, smooth } = line;
  const raw = vertices.y[index] ?? Number.NaN;
  const value = smooth ? (smooth[index] ?? Number.NaN) : raw;
  const shown = Number.isFinite(value) && !(frame.logY && value <= 0);
  return {
    run: line.id,
    label: line.label,
    colour: line.colour,
    index,
    x: vertices.x[index] ?? Number.NaN,
    py: shown ? frame.toY(value) : Number.NaN,
    value: Number.isNaN(value) ? oddValue(vertices, index) : value,
    raw: smooth ? raw : null,
    count: vertices.count[index] ?? 0,
    min: vertices.min[index] ?? Number.NaN,
    max: vertices.max[index] ?? Number.NaN,
    odd: oddCounts(vertices, index),
  };
}

/** A vertex without a finite value is named after what it holds. */
function oddValue({ nan, posInf, negInf }: Vertices, i: number): number {
  if ((nan[i] ?? 0) > 0) return Number.NaN;
  if ((posInf[i] ?? 0) > 0) return Number.POSITIVE_INFINITY;
  return (negInf[i] ?? 0) > 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
}

function oddCounts({ count, nan, posInf, negInf }: Vertices, i: number): string {
  if ((count[i] ?? 0) <= 1) return '';
  const parts: string[] = [];
  if ((nan[i] ?? 0) > 0) parts.push(`${formatCount(nan[i] ?? 0)} NaN`);
  if ((posInf[i] ?? 0) > 0) parts.push(`${formatCount(posInf[i] ?? 0)} +∞`);
  if ((negInf[i] ?? 0) > 0) parts.push(`${formatCount(negInf[i] ?? 0)} −∞`);
  return parts.join(', ');
}

/** The x of a vertex in words: step 1,200 · 3m 20s · 14:05:09, 24 Nov 2026. */
export function formatX(kind: XKind, x: number): string {
  if (kind === 'step') return `step ${Number.isSafeInteger(x) ? formatCount(x) : formatValue(x)}`;
  if (kind === 'relative') return formatDuration(x);
  return `${formatClock(x)}, ${formatDay(x)}`;
}
