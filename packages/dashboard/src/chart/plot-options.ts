/** The options of a uPlot instance for one chart. Used by line-chart.ts alone. */
import type uPlot from 'uplot';

import type { ChartModel, Domain } from './model.ts';
import {
  DURATION_STEPS,
  durationLabels,
  linearLabels,
  linearTicks,
  logLabels,
  logTicks,
  timeLabels,
} from './ticks.ts';
import type { YDomain } from './y-domain.ts';

export interface PlotParts {
  readonly model: ChartModel;
  readonly width: number;
  readonly height: number;
  readonly syncKey: string;
  readonly colours: { readonly text: string; readonly grid: string; readonly font: string };
  x(): Domain;
  y(): YDomain;
  painted(): void;
  moved(): void;
  selected(from: number, to: number): void;
}

const LABEL_GAP_PX = 6;
const X_SPACE_PX = 58;
const Y_SPACE_PX = 32;
const Y_WIDTH_MIN_PX = 40;
const SELECT_MIN_PX = 4;
const RIGHT_PX = 14;

/** uPlot's own increments end at 1e32; where ticks are ours it must still find one, or it leaves out the axis. */
const ANY_INCREMENT: uPlot.Axis.Incrs = (_plot, _axis, min, max) => [Math.max(5, max - min)];

export function plotOptions(parts: PlotParts): uPlot.Options {
  const { model, width, height } = parts;
  return {
    width,
    height,
    ms: 1,
    padding: [10, RIGHT_PX, 0, 0],
    legend: { show: false },
    scales: {
      x: {
        time: model.x === 'time',
        distr: model.logX ? 3 : 1,
        range: () => [parts.x().min, parts.x().max],
      },
      y: { distr: model.logY ? 3 : 1, range: () => [parts.y().min, parts.y().max] },
    },
    series: [{}, { show: true, paths: () => null, points: { show: false } }],
    axes: [xAxis(parts), yAxis(parts)],
    cursor: cursorOf(parts.syncKey),
    hooks: {
      draw: [() => parts.painted()],
      setCursor: [() => parts.moved()],
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select;
          if (wide >= SELECT_MIN_PX)
            parts.selected(plot.posToVal(left, 'x'), plot.posToVal(left + wide, 'x'));
          if (wide > 0) plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

function cursorOf(key: string): uPlot.Cursor {
  return {
    y: false,
    points: { show: false },
    drag: { x: true, y: false, setScale: false, dist: SELECT_MIN_PX },
    sync: {
      key,
      setSeries: false,
      scales: ['x', null],
      // A drag belongs to the chart it happens in; the others only follow the pointer.
      filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave', sub: () => true },
    },
  };
}

function base({ colours }: PlotParts): uPlot.Axis {
  return {
    stroke: colours.text,
    font: colours.font,
    gap: LABEL_GAP_PX,
    grid: { stroke: colours.grid, width: 1 },
    ticks: { show: false },
    border: { show: false },
  };
}

function xAxis(parts: PlotParts): uPlot.Axis {
  const { model } = parts;
  const axis: uPlot.Axis = {
    ...base(parts),
    grid: { show: false },
    space: X_SPACE_PX,
    size: model.x === 'time' ? 36 : 24,
  };
  if (model.logX) {
    axis.splits = (plot, _axis, min, max) => logTicks(min, max, ticksIn(plot.over.clientWidth, X_SPACE_PX));
    axis.filter = (_plot, splits) => splits;
  }
  const labels = xLabels(model);
  const scaled = model.logX ? Math.log : (x: number): number => x;
  axis.values = (plot, splits) => {
    const [from, to] = [scaled(parts.x().min), scaled(parts.x().max)];
    const width = plot.width - Y_WIDTH_MIN_PX - RIGHT_PX;
    let taken = -Y_WIDTH_MIN_PX;
    const places = splits.map((x) => ((scaled(x) - from) / (to - from)) * width);
    // uPlot's ticks of a clock may begin left of the picture; the first one inside of it is to name the day.
    const inside = splits.filter((_, i) => places[i]! >= 0);
    const texts = labels(inside);
    return splits.map((_, i) => {
      const label = texts[i - (splits.length - inside.length)] ?? '';
      const at = places[i]!;
      const half = widthOf(label) / 2;
      if (label === '' || at + half > width + RIGHT_PX || at - half < taken) return '';
      taken = at + half + LABEL_GAP_PX;
      return label;
    });
  };
  if (!model.logX && model.x === 'relative') axis.incrs = [...DURATION_STEPS];
  // Steps are whole, so the ticks are.
  if (!model.logX && model.x === 'step') {
    axis.splits = (plot, _axis, min, max) =>
      linearTicks(min, max, ticksIn(plot.over.clientWidth, X_SPACE_PX), 1);
    axis.incrs = ANY_INCREMENT;
  }
  return axis;
}

function xLabels({ x, logX }: ChartModel): (ticks: readonly number[]) => string[] {
  if (x === 'time') return timeLabels;
  if (x === 'relative') return durationLabels;
  return logX ? logLabels : linearLabels;
}

/** Near enough for a label of 11 pixels high, to tell whether it would run out of the picture. */
function widthOf(label: string): number {
  return (label.split('\n')[0] ?? '').length * 6.5;
}

function yAxis(parts: PlotParts): uPlot.Axis {
  const { model } = parts;
  const axis: uPlot.Axis = {
    ...base(parts),
    size: (plot, values) => {
      let widest = Y_WIDTH_MIN_PX - LABEL_GAP_PX - 6;
      plot.ctx.font = scaledFont(parts.colours.font);
      for (const value of values ?? []) {
        widest = Math.max(widest, plot.ctx.measureText(value).width / window.devicePixelRatio);
      }
      return Math.ceil(widest) + LABEL_GAP_PX + 6;
    },
    values: (_plot, splits) => {
      // With nothing finite in view the scale is made up, and its numbers would be too.
      if (!parts.y().any) return splits.map(() => '');
      return model.logY ? logLabels(splits) : linearLabels(splits);
    },
  };
  const ticks = model.logY ? logTicks : linearTicks;
  axis.incrs = ANY_INCREMENT;
  axis.splits = (plot, _axis, min, max) => ticks(min, max, ticksIn(plot.over.clientHeight, Y_SPACE_PX));
  axis.filter = (_plot, splits) => splits;
  return axis;
}

function scaledFont(font: string): string {
  return font.replace(/^(\d+)px/, (_match, size: string) => `${Number(size) * window.devicePixelRatio}px`);
}

function ticksIn(px: number, space: number): number {
  return Math.max(2, Math.floor(px / space));
}
