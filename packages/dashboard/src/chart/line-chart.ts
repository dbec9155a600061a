/**
 * The only file that knows uPlot. uPlot draws axes and grid and follows the pointer (crosshair, drag, sync); the
 * lines are painted on canvases of our own above it, because uPlot wants one x column for all lines and runs do
 * not share theirs. A second canvas holds what is pointed at, so that hovering never repaints the lines.
 */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import type { HoverRow } from './hover.ts';
import { hoverRows, touchedRun } from './hover.ts';
import type { ChartModel, Domain } from './model.ts';
import { xDomain, zoomedTo } from './model.ts';
import type { Frame } from './paint.ts';
import { paintLine, styleFor } from './paint.ts';
import { plotOptions } from './plot-options.ts';
import type { YDomain } from './y-domain.ts';
import { yDomain } from './y-domain.ts';
import './line-chart.css';

export interface ChartHover {
  /** Of the pointer, in the window. */
  readonly clientX: number;
  readonly clientY: number;
  readonly rows: readonly HoverRow[];
  readonly touched: string | null;
}

export interface ChartEvents {
  zoom(range: readonly [number, number]): void;
  reset(): void;
  /** Null when the pointer has left. */
  hover(hover: ChartHover | null): void;
}

export interface LineChart {
  update(model: ChartModel): YDomain;
  resize(width: number, height: number): void;
  /** Brings one run out and dims the others; null shows all alike. */
  focus(run: string | null): void;
  /** The colours of the page changed. */
  retheme(): void;
  destroy(): void;
}

const EMPTY: ChartModel = {
  x: 'step',
  logX: false,
  logY: false,
  band: true,
  clip: false,
  range: null,
  lines: [],
};

/** `syncKey`: charts with the same key share the crosshair. */
export function createLineChart(host: HTMLElement, events: ChartEvents, syncKey: string): LineChart {
  return new UplotChart(host, events, syncKey);
}

class UplotChart implements LineChart {
  readonly #host: HTMLElement;
  readonly #events: ChartEvents;
  readonly #syncKey: string;
  readonly #lines = document.createElement('canvas');
  readonly #front = document.createElement('canvas');
  #plot: uPlot | null = null;
  #model = EMPTY;
  #x: Domain = { min: 0, max: 1 };
  #y: YDomain = { min: 0, max: 1, hidden: 0, outside: 0, any: false };
  #width = 0;
  #height = 0;
  #focus: string | null = null;
  #inside = false;
  #rows: readonly HoverRow[] = [];
  #wants: ReturnType<typeof requestAnimationFrame> | null = null;

  constructor(host: HTMLElement, events: ChartEvents, syncKey: string) {
    this.#host = host;
    this.#events = events;
    this.#syncKey = syncKey;
    this.#lines.className = 'lamella-lines';
    this.#front.className = 'lamella-front';
  }

  update(model: ChartModel): YDomain {
    const before = this.#model;
    const rebuild = before.x !== model.x || before.logX !== model.logX || before.logY !== model.logY;
    this.#model = model;
    this.#x = xDomain(model);
    this.#y = yDomain(model, this.#x);
    if (rebuild) this.#destroyPlot();
    if (this.#plot) this.#plot.setData(this.#corners());
    else this.#build();
    return this.#y;
  }

  resize(width: number, height: number): void {
    if (width === this.#width && height === this.#height) return;
    this.#width = width;
    this.#height = height;
    if (this.#plot) this.#plot.setSize({ width, height });
    else this.#build();
  }

  focus(run: string | null): void {
    if (this.#focus === run) return;
    this.#focus = run;
    this.#wantFront();
  }

  retheme(): void {
    this.#destroyPlot();
    this.#build();
  }

  destroy(): void {
    if (this.#wants !== null) cancelAnimationFrame(this.#wants);
    this.#destroyPlot();
  }

  /** uPlot is given the corners of the visible area, from which it makes scales and axes. */
  #corners(): uPlot.AlignedData {
    return [
      [this.#x.min, this.#x.max],
      [this.#y.min, this.#y.max],
    ];
  }

  #build(): void {
    if (this.#width < 40 || this.#height < 40) return;
    const options = plotOptions({
      model: this.#model,
      width: this.#width,
      height: this.#height,
      syncKey: this.#syncKey,
      colours: coloursOf(this.#host),
      x: () => this.#x,
      y: () => this.#y,
      painted: () => this.#paint(),
      moved: () => this.#moved(),
      selected: (from, to) => {
        if (this.#inside) this.#events.zoom(zoomedTo(this.#model, from, to));
      },
    });
    const plot = new uPlot(options, this.#corners(), this.#host);
    this.#plot = plot;
    plot.over.prepend(this.#lines, this.#front);
    plot.over.addEventListener('mouseenter', () => {
      this.#inside = true;
    });
    plot.over.addEventListener('mouseleave', () => this.#left());
    plot.over.addEventListener('dblclick', () => this.#events.reset());
    this.#paint();
  }

  #destroyPlot(): void {
    this.#left();
    this.#plot?.destroy();
    this.#plot = null;
  }

  #frame(plot: uPlot): Frame {
    return {
      width: plot.over.clientWidth,
      height: plot.over.clientHeight,
      from: this.#x.min,
      to: this.#x.max,
      toX: (value) => plot.valToPos(value, 'x'),
      toY: (value) => plot.valToPos(value, 'y'),
      logX: this.#model.logX,
      logY: this.#model.logY,
    };
  }

  #paint(): void {
    const plot = this.#plot;
    if (!plot) return;
    const frame = this.#frame(plot);
    const ctx = prepare(this.#lines, frame);
    if (!ctx) return;
    const style = styleFor(this.#model.lines.length, this.#model.band);
    for (const line of this.#model.lines) paintLine(ctx, line, frame, style);
    if (this.#inside) this.#moved();
    this.#wantFront();
  }

  /** Hovering repaints at most once a frame. */
  #wantFront(): void {
    this.#wants ??= requestAnimationFrame(() => {
      this.#wants = null;
      this.#paintFront();
    });
  }

  #paintFront(): void {
    const plot = this.#plot;
    if (!plot) return;
    const frame = this.#frame(plot);
    const ctx = prepare(this.#front, frame);
    if (!ctx) return;
    const line = this.#model.lines.find(({ id }) => id === this.#focus);
    this.#lines.classList.toggle('dimmed', line !== undefined && this.#model.lines.length > 1);
    if (line) {
      const style = styleFor(1, this.#model.band);
      paintLine(ctx, line, frame, { ...style, width: 2.25 });
    }
    for (const row of this.#rows) paintDot(ctx, frame, row, row.run === this.#focus);
  }

  #moved(): void {
    const plot = this.#plot;
    if (!plot || !this.#inside) return;
    const { left = -1, top = -1 } = plot.cursor;
    if (left < 0 || top < 0) return;
    const rows = hoverRows(this.#model.lines, this.#frame(plot), left, top);
    this.#rows = rows;
    const { x, y } = plot.over.getBoundingClientRect();
    this.#events.hover({ clientX: x + left, clientY: y + top, rows, touched: touchedRun(rows, top) });
    this.#wantFront();
  }

  #left(): void {
    if (!this.#inside) return;
    this.#inside = false;
    this.#rows = [];
    this.#events.hover(null);
    this.#wantFront();
  }
}

/** The canvases reach this far over the plotting area, so that dots at its edge are whole. */
const BLEED_PX = 4;

/** Sizes and clears a canvas; the context then counts in CSS pixels from the corner of the plotting area. */
function prepare(canvas: HTMLCanvasElement, { width, height }: Frame): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio;
  const [w, h] = [width + 2 * BLEED_PX, height + 2 * BLEED_PX].map((px) => Math.round(px * ratio)) as [
    number,
    number,
  ];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const ctx = canvas.getContext('2d');
  if (!ctx) return null;
  ctx.setTransform(ratio, 0, 0, ratio, BLEED_PX * ratio, BLEED_PX * ratio);
  ctx.clearRect(-BLEED_PX, -BLEED_PX, width + 2 * BLEED_PX, height + 2 * BLEED_PX);
  return ctx;
}

function paintDot(ctx: CanvasRenderingContext2D, frame: Frame, row: HoverRow, focused: boolean): void {
  if (Number.isNaN(row.py)) return;
  ctx.beginPath();
  ctx.arc(frame.toX(row.x), row.py, focused ? 4 : 2.75, 0, Math.PI * 2);
  ctx.fillStyle = row.colour;
  ctx.fill();
}

/** Canvas cannot read custom properties, so an element inside of the chart resolves them. */
function coloursOf(host: HTMLElement): {
  readonly text: string;
  readonly grid: string;
  readonly font: string;
} {
  const read = (name: string): string => {
    const probe = document.createElement('span');
    probe.style.color = `var(${name})`;
    host.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  return {
    text: read('--text-3'),
    grid: read('--chart-grid'),
    font: `11px ${getComputedStyle(host).fontFamily}`,
  };
}
