/**
 * Paints the lines of a chart: band, raw line, smoothed line, points, and marks for values that are not finite.
 * Works in CSS pixels of the plotting area and knows nothing of axes.
 */
import type { Line } from './model.ts';
import type { Vertices } from './vertices.ts';
import { lowerBound } from './vertices.ts';

/** The plotting area: its size, and where a value lies in it. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Visible x range. */
  readonly from: number;
  readonly to: number;
  toX(value: number): number;
  toY(value: number): number;
  readonly logX: boolean;
  readonly logY: boolean;
}

export interface PaintStyle {
  readonly band: boolean;
  readonly bandAlpha: number;
  readonly width: number;
  /** Alpha of a line. */
  readonly alpha: number;
  /** Alpha of the raw line behind a smoothed one. */
  readonly rawAlpha: number;
}

/** Vertices closer than this on average are a line; further apart each is also a dot. */
const DOT_SPACING_PX = 18;
const DOT_RADIUS_PX = 2;
const MARK_PX = 3.5;
/** Marks of one line closer than this are drawn as one stretch. */
const MARK_SPACING_PX = 9;

/** Many lines want thin strokes and faint bands, few can afford more. */
export function styleFor(lines: number, band: boolean): PaintStyle {
  return {
    band: band && lines <= 24,
    bandAlpha: lines <= 2 ? 0.24 : lines <= 8 ? 0.18 : 0.09,
    width: lines <= 12 ? 1.5 : 1.15,
    alpha: lines <= 12 ? 1 : lines <= 40 ? 0.8 : 0.6,
    rawAlpha: lines <= 8 ? 0.28 : 0.16,
  };
}

export function paintLine(ctx: CanvasRenderingContext2D, line: Line, frame: Frame, style: PaintStyle): void {
  const [first, last] = visible(line.vertices, frame);
  if (first > last) return;
  const xs = project(line.vertices.x, first, last, frame.toX);
  ctx.strokeStyle = line.colour;
  ctx.fillStyle = line.colour;
  ctx.lineJoin = 'round';
  if (style.band && line.vertices.spread) {
    ctx.globalAlpha = style.bandAlpha * (line.smooth ? 0.7 : 1);
    fillBand(ctx, line, frame, xs, first, last);
  }
  ctx.globalAlpha = line.smooth ? style.rawAlpha : style.alpha;
  ctx.lineWidth = line.smooth ? 1 : style.width;
  const raw = project(line.vertices.y, first, last, toYOf(frame));
  strokeValues(ctx, line, xs, raw, first, frame);
  if (line.smooth) {
    ctx.globalAlpha = style.alpha;
    ctx.lineWidth = style.width + 0.25;
    strokeValues(ctx, line, xs, project(line.smooth, first, last, toYOf(frame)), first, frame);
  }
  ctx.globalAlpha = 1;
  paintMarks(ctx, line.vertices, frame, xs, first);
}

/** A log axis has no place for values at or below zero. */
function toYOf(frame: Frame): (value: number) => number {
  return frame.logY ? (value) => (value > 0 ? frame.toY(value) : Number.NaN) : frame.toY;
}

/** Indices of the vertices in view, with one neighbour on each side so that lines leave the picture. */
function visible({ x }: Vertices, frame: Frame): readonly [number, number] {
  let first = Math.max(0, lowerBound(x, frame.from) - 1);
  const last = Math.min(x.length - 1, lowerBound(x, frame.to));
  if (frame.logX) while (first <= last && (x[first] ?? 0) <= 0) first += 1;
  return [first, last];
}

function project(values: Float64Array, first: number, last: number, to: (v: number) => number): Float64Array {
  const out = new Float64Array(last - first + 1);
  for (let i = first; i <= last; i += 1) {
    const v = values[i] ?? Number.NaN;
    out[i - first] = Number.isFinite(v) ? to(v) : Number.NaN;
  }
  return out;
}

function strokeValues(
  ctx: CanvasRenderingContext2D,
  line: Line,
  xs: Float64Array,
  ys: Float64Array,
  first: number,
  frame: Frame,
): void {
  const { x } = line.vertices;
  const solid = new Path2D();
  const dotted = new Path2D();
  const dots = new Path2D();
  const dotEach = ys.length * DOT_SPACING_PX < frame.width;
  let before = -1;
  for (let i = 0; i < ys.length; i += 1) {
    const px = xs[i] ?? 0;
    const py = ys[i] ?? Number.NaN;
    if (Number.isNaN(py)) {
      before = -1;
      continue;
    }
    const far = before >= 0 && (x[first + i] ?? 0) - (x[first + i - 1] ?? 0) > line.gap;
    if (before >= 0 && !far) solid.lineTo(px, py);
    else solid.moveTo(px, py);
    if (far) {
      dotted.moveTo(xs[i - 1] ?? 0, ys[i - 1] ?? 0);
      dotted.lineTo(px, py);
    }
    const joined = (before >= 0 && !far) || joinsNext(line, ys, first, i);
    if (dotEach || !joined) {
      dots.moveTo(px + DOT_RADIUS_PX, py);
      dots.arc(px, py, DOT_RADIUS_PX, 0, Math.PI * 2);
    }
    before = i;
  }
  ctx.stroke(solid);
  fillPath(ctx, dots);
  const alpha = ctx.globalAlpha;
  ctx.globalAlpha = alpha * 0.45;
  ctx.setLineDash([1.5, 4]);
  ctx.stroke(dotted);
  ctx.setLineDash([]);
  ctx.globalAlpha = alpha;
}

function joinsNext(line: Line, ys: Float64Array, first: number, i: number): boolean {
  if (i + 1 >= ys.length || Number.isNaN(ys[i + 1])) return false;
  const { x } = line.vertices;
  return (x[first + i + 1] ?? 0) - (x[first + i] ?? 0) <= line.gap;
}

/** Fills between the extremes, stretch by stretch: never across a gap, never where nothing is finite. */
function fillBand(
  ctx: CanvasRenderingContext2D,
  line: Line,
  frame: Frame,
  xs: Float64Array,
  first: number,
  last: number,
): void {
  const { x, min, max } = line.vertices;
  const floor = frame.height + 2;
  const toY = frame.logY ? (v: number): number => (v > 0 ? frame.toY(v) : floor) : frame.toY;
  const high = project(max, first, last, toY);
  const low = project(min, first, last, toY);
  const path = new Path2D();
  let start = -1;
  const close = (end: number): void => {
    if (start < 0) return;
    // A vertex by itself has no width to fill.
    if (end === start + 1)
      path.rect((xs[start] ?? 0) - 1, high[start] ?? 0, 2, (low[start] ?? 0) - (high[start] ?? 0));
    path.moveTo(xs[start] ?? 0, high[start] ?? 0);
    for (let i = start + 1; i < end; i += 1) path.lineTo(xs[i] ?? 0, high[i] ?? 0);
    for (let i = end - 1; i >= start; i -= 1) path.lineTo(xs[i] ?? 0, low[i] ?? 0);
    path.closePath();
    start = -1;
  };
  for (let i = 0; i < xs.length; i += 1) {
    const empty = Number.isNaN(high[i]);
    const far = i > 0 && (x[first + i] ?? 0) - (x[first + i - 1] ?? 0) > line.gap;
    if (empty || far) close(i);
    if (!empty && start < 0) start = i;
  }
  close(xs.length);
  fillPath(ctx, path);
}

function fillPath(ctx: CanvasRenderingContext2D, path: Path2D): void {
  ctx.fill(path);
}

/** Stretches of pixels in which marks follow each other closely. */
export function markStretches(xs: readonly number[]): [number, number][] {
  const stretches: [number, number][] = [];
  for (const x of xs) {
    const open = stretches[stretches.length - 1];
    if (open && x - open[1] < MARK_SPACING_PX) open[1] = x;
    else stretches.push([x, x]);
  }
  return stretches;
}

/** A cross at the bottom for NaN, an arrow out of the picture for infinities. */
function paintMarks(
  ctx: CanvasRenderingContext2D,
  vertices: Vertices,
  frame: Frame,
  xs: Float64Array,
  first: number,
): void {
  const at = (counts: Float64Array): [number, number][] => {
    const found: number[] = [];
    for (let i = 0; i < xs.length; i += 1) {
      const x = xs[i] ?? Number.NaN;
      if ((counts[first + i] ?? 0) > 0 && x >= 0 && x <= frame.width) found.push(x);
    }
    return markStretches(found);
  };
  ctx.lineWidth = 1.5;
  ctx.lineCap = 'round';
  for (const stretch of at(vertices.nan)) paintStretch(ctx, stretch, frame.height - MARK_PX - 2, paintCross);
  for (const stretch of at(vertices.posInf)) paintStretch(ctx, stretch, MARK_PX + 2, paintUp);
  for (const stretch of at(vertices.negInf))
    paintStretch(ctx, stretch, frame.height - MARK_PX - 2, paintDown);
  ctx.lineCap = 'butt';
}

function paintStretch(
  ctx: CanvasRenderingContext2D,
  [from, to]: readonly [number, number],
  y: number,
  paint: (ctx: CanvasRenderingContext2D, x: number, y: number) => void,
): void {
  paint(ctx, from, y);
  if (to === from) return;
  ctx.globalAlpha = 0.6;
  ctx.beginPath();
  ctx.moveTo(from + MARK_PX * 2, y);
  ctx.lineTo(Math.max(to - MARK_PX * 2, from + MARK_PX * 2), y);
  ctx.stroke();
  ctx.globalAlpha = 1;
  paint(ctx, to, y);
}

function paintCross(ctx: CanvasRenderingContext2D, x: number, y: number): void {
  ctx.beginPath();
  ctx.moveTo(x - MARK_PX, y - MARK_PX);
  ctx.lineTo(x + MARK_PX, y + MARK_PX);
  ctx.moveTo(x + MARK_PX, y - MARK_PX);
  ctx.lineTo(x - MARK_PX, y + MARK_PX);
  ctx.stroke();
}

function paintUp(ctx: CanvasRenderingContext2D, x: number, y: number): void {
  paintArrow(ctx, x, y, -1);
}

function paintDown(ctx: CanvasRenderingContext2D, x: number, y: number): void {
  paintArrow(ctx, x, y, 1);
}

function paintArrow(ctx: CanvasRenderingContext2D, x: number, y: number, direction: 1 | -1): void {
  ctx.beginPath();
  ctx.moveTo(x, y + direction * MARK_PX);
  ctx.lineTo(x + MARK_PX, y - direction * MARK_PX);
  ctx.lineTo(x - MARK_PX, y - direction * MARK_PX);
  ctx.closePath();
  ctx.fill();
}
