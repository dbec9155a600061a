/** Numbers, ticks, vertices, ranges and hovering: all of the charts that needs no canvas. */
import { describe, expect, it } from 'vitest';
import { formatAgo, formatDuration, formatShort, formatTick, formatValue } from '../src/chart/format.ts';
import { hoverRows, touchedRun } from '../src/chart/hover.ts';
import type { ChartModel, Line } from '../src/chart/model.ts';
import { xDomain, zoomedTo } from '../src/chart/model.ts';
import type { Frame } from '../src/chart/paint.ts';
import { markStretches } from '../src/chart/paint.ts';
import { twema } from '../src/chart/smoothing.ts';
import {
  durationLabels,
  linearLabels,
  linearTicks,
  logLabels,
  logTicks,
  timeLabels,
} from '../src/chart/ticks.ts';
import { gapWidth, verticesOf } from '../src/chart/vertices.ts';
import { yDomain } from '../src/chart/y-domain.ts';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [-0, '0'],
    [1, '1'],
    [1234, '1,234'],
    [-1234.5678, '−1,234.57'],
    [0.1 + 0.2, '0.3'],
    [0.000123456, '0.00012346'],
    [0.0000123456, '1.2346e-5'],
    [123_456_789, '123,456,789'],
    [1.5e12, '1.5e12'],
    [Number.NaN, 'NaN'],
    [Infinity, '+∞'],
    [-Infinity, '−∞'],
  ])('%d reads %s', (value, text) => expect(formatValue(value)).toBe(text));

  it.each([
    [999, '999'],
    [1000, '1k'],
    [24_180, '24k'],
    [2_500_000, '2.5M'],
  ])('%d in short is %s', (value, text) => expect(formatShort(value)).toBe(text));

  it.each([
    [0, '0 s'],
    [0.25, '250 ms'],
    [12.5, '12.5 s'],
    [60, '1m'],
    [200, '3m 20s'],
    [7500, '2h 5m'],
    [360_000, '4d 4h'],
    [-90, '−1m 30s'],
  ])('%d seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

  it.each([
    [500, 'now'],
    [42_000, '42 s'],
    [150_000, '2 min'],
    [3 * 86_400_000, '3 d'],
  ])('%d ms ago is %s', (ms, text) => expect(formatAgo(ms)).toBe(text));

  it('on an axis have as many digits as tell the ticks apart', () => {
    expect(linearLabels([0, 0.5, 1])).toEqual(['0', '0.5', '1.0']);
    expect(linearLabels([0, 500, 1000, 1500])).toEqual(['0', '500', '1k', '1.5k']);
    expect(linearLabels([100_000.001, 100_000.002])).toEqual(['100,000.001', '100,000.002']);
    expect(linearLabels([0, 5e14, 1e15])).toEqual(['0', '5e14', '1e15']);
    expect(linearLabels([1 + 2e-14, 1 + 4e-14])).toEqual(['1.000000000000020', '1.000000000000040']);
    expect(formatTick(0.25, 0.25)).toBe('0.25');
  });
});

describe('ticks', () => {
  it('of a log axis are powers of ten, with finer ones when there are few', () => {
    expect(logTicks(0.0008, 1200, 8)).toEqual([0.001, 0.01, 0.1, 1, 10, 100, 1000]);
    expect(logTicks(0.9, 60, 8)).toEqual([1, 2, 5, 10, 20, 50]);
    expect(logLabels(logTicks(3, 3.2, 6)).length).toBeGreaterThan(2);
    expect(logTicks(0, 1, 5)).toEqual([]);
  });

  it('of a duration tell themselves apart, far from its beginning too', () => {
    expect(durationLabels([0, 60, 120])).toEqual(['0', '1m', '2m']);
    expect(durationLabels([1080, 1080.2, 1080.4])).toEqual(['18m 0.0s', '18m 0.2s', '18m 0.4s']);
    expect(durationLabels([7200, 7205, 7210])).toEqual(['2h 0m 0s', '2h 0m 5s', '2h 0m 10s']);
    expect(durationLabels([25.35, 25.4, 25.45])).toEqual(['25.35 s', '25.40 s', '25.45 s']);
  });

  it('of a clock say the day once', () => {
    const noon = new Date(2026, 10, 24, 12, 0).getTime();
    expect(timeLabels([noon, noon + 60_000, noon + 86_400_000])).toEqual([
      '12:00\n24 Nov',
      '12:01',
      '12:00\n25 Nov',
    ]);
  });
});

const points = (x: readonly number[], value: readonly number[]) =>
  verticesOf({
    entry: {
      metric: 'm',
      run: 'r',
      mode: 'points',
      x: Float64Array.from(x),
      value: Float64Array.from(value),
    },
    grid: null,
  });

describe('vertices', () => {
  it('of several values at one step show the last and keep the others as a band', () => {
    const out = points([0, 1, 1, 1, 2], [5, 1, 9, 4, 6]);
    expect([[...out.x], [...out.y], [...out.min], [...out.max]]).toEqual([
      [0, 1, 2],
      [5, 4, 6],
      [5, 1, 6],
      [5, 9, 6],
    ]);
    expect(out.spread).toBe(true);
  });

  it('count what is not finite and do not draw it', () => {
    const out = points([0, 0, 1, 2], [3, Number.NaN, Infinity, -Infinity]);
    expect([...out.y]).toEqual([3, Number.NaN, Number.NaN]);
    expect(out.latest).toBe(-Infinity);
    expect([[...out.nan], [...out.posInf], [...out.negInf]]).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
  });

  it('leave out empty buckets', () => {
    const column = (...values: number[]): Float64Array => Float64Array.from(values);
    const none = column(0, 0, 0);
    const out = verticesOf({
      entry: {
        metric: 'm',
        run: 'r',
        mode: 'buckets',
        x: column(1, Number.NaN, 9),
        first: column(1, Number.NaN, 2),
        last: column(2, Number.NaN, Number.NaN),
        min: column(1, Number.NaN, 2),
        max: column(2, Number.NaN, 4),
        mean: column(1.5, Number.NaN, 3),
        count: column(2, 0, 3),
        nan: column(0, 0, 1),
        posInf: none,
        negInf: none,
      },
      grid: { metric: 'm', from: 0, to: 9, buckets: 3, log: false },
    });
    // Where the line ends is a mean; what was logged last is not.
    expect(out.latest).toBeNaN();
    expect([[...out.x], [...out.y], [...out.nan]]).toEqual([
      [1, 9],
      [2, 3],
      [0, 1],
    ]);
  });

  it('have a gap where a steady rhythm breaks, and none where it is slow or there is too little to tell', () => {
    const steady = Float64Array.from({ length: 20 }, (_, i) => i * 100);
    expect(gapWidth(steady)).toBe(600);
    expect(gapWidth(Float64Array.of(0, 1, 1000))).toBe(Infinity);
  });
});

describe('smoothing', () => {
  it('does nothing at 0', () => {
    const y = Float64Array.of(1, 5, 2);
    expect(twema(Float64Array.of(0, 1, 2), y, 0, { from: 0, to: 2, log: false })).toEqual(y);
  });

  it('weighs by distance: the same curve with twice the points smooths alike', () => {
    const sparse = Float64Array.from({ length: 101 }, (_, i) => i * 10);
    const dense = Float64Array.from({ length: 201 }, (_, i) => i * 5);
    const curve = (x: number): number => Math.exp(-x / 200);
    const viewport = { from: 0, to: 1000, log: false };
    const a = twema(sparse, sparse.map(curve), 0.9, viewport);
    const b = twema(dense, dense.map(curve), 0.9, viewport);
    for (let i = 20; i < sparse.length; i += 10)
      expect(Math.abs((a[i] ?? 0) - (b[i * 2] ?? 0))).toBeLessThan(0.02);
  });
});

function line(
  id: string,
  x: readonly number[],
  y: readonly number[],
  smooth: readonly number[] | null = null,
): Line {
  return {
    id,
    label: id,
    colour: '#000000',
    vertices: points(x, y),
    smooth: smooth ? Float64Array.from(smooth) : null,
    gap: Infinity,
  };
}

const model = (lines: readonly Line[], over: Partial<ChartModel> = {}): ChartModel => ({
  x: 'step',
  logX: false,
  logY: false,
  band: true,
  clip: false,
  range: null,
  ...over,
  lines,
});

describe('the visible range', () => {
  it('covers all lines, and is never empty', () => {
    expect(xDomain(model([line('a', [2, 8], [1, 1]), line('b', [5, 11], [1, 1])]))).toEqual({
      min: 2,
      max: 11,
    });
    expect(xDomain(model([line('a', [4], [1])]))).toEqual({ min: 3.5, max: 4.5 });
    expect(xDomain(model([]))).toEqual({ min: 0, max: 1 });
    expect(xDomain(model([line('a', [0, 1, 100], [1, 1, 1])], { logX: true }))).toEqual({ min: 1, max: 100 });
  });

  it('is wide enough for ticks that differ, however large the steps or near the ends of a zoom', () => {
    const huge = 2 ** 60;
    for (const range of [null, [huge, huge], [1, 1 + Number.EPSILON]] as const) {
      const { min, max } = xDomain(model([line('a', [huge], [1])], { range }));
      const ticks = linearTicks(min, max, 5);
      expect(ticks.length).toBeGreaterThan(1);
      expect(new Set(ticks).size).toBe(ticks.length);
      expect(new Set(linearLabels(ticks)).size).toBe(ticks.length);
    }
  });

  it('of y is finite at the ends of what a double holds', () => {
    const most = Number.MAX_VALUE;
    for (const values of [
      [most, -most],
      [most, most],
      [most, 0],
      [Number.MIN_VALUE, 0],
    ]) {
      for (const logY of [false, true]) {
        const { min, max } = yDomain(model([line('a', [0, 1], values)], { logY }), { min: 0, max: 1 });
        expect(
          [Number.isFinite(max - min), min < max, !logY || min > 0],
          `${values.join(' ')} ${logY}`,
        ).toEqual([true, true, true]);
      }
    }
  });

  it('that a drag asks for ends at steps and milliseconds, where those are whole', () => {
    const whole = model([line('a', [0, 5, 900], [1, 1, 1])]);
    expect(zoomedTo(whole, 292.96, 683.58)).toEqual([292, 684]);
    expect(zoomedTo(whole, 426.2, 426.3)).toEqual([426, 427]);
    expect(zoomedTo(model([line('a', [0, 0.25, 1], [1, 1, 1])]), 0.2, 0.3)).toEqual([0.2, 0.3]);
    expect(zoomedTo({ ...whole, x: 'time' }, 1000.5, 1000.7)).toEqual([1000, 1001]);
    expect(zoomedTo({ ...whole, x: 'relative' }, 1.5, 1.7)).toEqual([1.5, 1.7]);
  });

  it('of y does not reach over zero when the data does not', () => {
    const y = yDomain(model([line('a', [0, 1], [0.01, 1])]), { min: 0, max: 1 });
    expect(y.min).toBe(0);
    expect(y.max).toBeCloseTo(1.06, 2);
  });

  it('of y looks at what is zoomed to, and at where lines cross its edges', () => {
    const y = yDomain(model([line('a', [0, 10, 20], [0, 100, 0])]), { min: 12, max: 18 });
    expect([y.any, y.hidden]).toEqual([true, 0]);
    expect(y.max).toBeCloseTo(80 + 60 * 0.06);
    expect(y.min).toBeCloseTo(20 - 60 * 0.06);
  });

  it('of a log axis leaves out and counts what is not above zero', () => {
    const y = yDomain(model([line('a', [0, 1, 2, 3], [-1, 0, 0.1, 10])], { logY: true }), { min: 0, max: 3 });
    expect(y.hidden).toBe(2);
    expect(y.min).toBeGreaterThan(0);
    expect(y.min).toBeLessThan(0.1);
  });

  it('leaves out outliers when asked, and counts them', () => {
    const x = Array.from({ length: 200 }, (_, i) => i);
    const spiky = model([
      line(
        'a',
        x,
        x.map((i) => (i === 50 ? 1000 : i === 60 ? -1000 : Math.sin(i))),
      ),
    ]);
    const all = yDomain(spiky, { min: 0, max: 199 });
    expect([all.max > 1000, all.outside]).toEqual([true, 0]);
    const clipped = yDomain({ ...spiky, clip: true }, { min: 0, max: 199 });
    expect([clipped.max < 2, clipped.min > -2, clipped.outside]).toEqual([true, true, 2]);
  });

  it('says when nothing finite is in view', () => {
    expect(yDomain(model([line('a', [0], [Number.NaN])]), { min: 0, max: 1 }).any).toBe(false);
  });
});

const frame: Frame = {
  width: 100,
  height: 100,
  from: 0,
  to: 10,
  toX: (v) => v * 10,
  toY: (v) => 100 - v * 10,
  logX: false,
  logY: false,
};

describe('hovering', () => {
  const lines = [line('low', [0, 5, 10], [1, 1, 1]), line('high', [0, 4, 10], [9, 8, 9])];

  it('finds the nearest vertex of every line, the nearest line first', () => {
    const rows = hoverRows(lines, frame, 48, 25);
    expect(rows.map(({ run, x, value }) => [run, x, value])).toEqual([
      ['high', 4, 8],
      ['low', 5, 1],
    ]);
    expect(touchedRun(rows, 25)).toBe('high');
    expect(touchedRun(rows, 64)).toBe(null);
  });

  it('leaves out lines that ended before', () => {
    expect(hoverRows([line('short', [0, 1, 2], [1, 1, 1])], frame, 90, 50)).toEqual([]);
  });

  it('names a value that is not finite, and puts it last', () => {
    const rows = hoverRows([line('bad', [0, 5, 10], [1, Number.NaN, 1]), ...lines], frame, 50, 0);
    expect(rows.at(-1)).toMatchObject({ run: 'bad', value: Number.NaN, py: Number.NaN });
  });

  it('shows the smoothed value with the raw one beside it', () => {
    const [row] = hoverRows([line('a', [0, 5], [2, 4], [2, 3])], frame, 50, 50);
    expect(row).toMatchObject({ value: 3, raw: 4 });
  });
});

it('marks that follow each other closely are one stretch', () => {
  expect(markStretches([10, 12, 18, 60, 64])).toEqual([
    [10, 18],
    [60, 64],
  ]);
});
