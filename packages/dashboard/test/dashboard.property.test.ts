/** Laws over random cases of the dashboard's pure parts. */
import fc from 'fast-check';
import type { SeriesEntry } from 'lamella/procedures';
import { describe, expect, it } from 'vitest';
import type { PageState } from '../src/app/page-state.ts';
import { formatPageState, parsePageState } from '../src/app/page-state.ts';
import { isShown, setShown } from '../src/app/selection.ts';
import { formatTick, formatValue } from '../src/chart/format.ts';
import { twema } from '../src/chart/smoothing.ts';
import { logTicks, linearTicks, linearLabels } from '../src/chart/ticks.ts';
import { lowerBound, verticesOf } from '../src/chart/vertices.ts';
import { decodeColumns } from '../src/data/columns.ts';
import { batchWants } from '../src/data/series-query.ts';
import type { SeriesLane, Want } from '../src/data/series-query.ts';
import { assignColours } from '../src/runs/colours.ts';
import { encodeColumns } from './encode-columns.ts';

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const ids = fc
  .uniqueArray(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 6 })
  .map((list) => list.sort());
const finite = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 })
  .map((v) => (v === 0 ? 0 : v));
const range = fc
  .tuple(finite, finite)
  .map(([a, b]) => (a === b ? null : ([Math.min(a, b), Math.max(a, b)] as const)));
const pageState: fc.Arbitrary<PageState> = fc.record({
  project: fc.option(name),
  selection: fc.record({ mode: fc.constantFrom('all-but', 'only'), ids }),
  runSearch: fc.string(),
  metricSearch: fc.string(),
  smoothing: fc.integer({ min: 0, max: 99 }).map((percent) => percent / 100),
  x: fc.constantFrom('step', 'time', 'relative'),
  logX: fc.boolean(),
  logY: fc.boolean(),
  band: fc.boolean(),
  clip: fc.boolean(),
  range,
  systemRange: range,
  collapsed: ids,
  open: fc.option(name),
});

describe('the page state', () => {
  it('comes back from the address as it went in', () => {
    fc.assert(
      fc.property(pageState, (state) => {
        expect(parsePageState(formatPageState(state))).toEqual(state);
      }),
    );
  });

  it('shows and hides exactly the runs that were said', () => {
    fc.assert(
      fc.property(pageState, ids, fc.boolean(), name, ({ selection }, some, shown, other) => {
        const next = setShown(selection, some, shown);
        for (const run of some) expect(isShown(next, run)).toBe(shown);
        if (!some.includes(other)) expect(isShown(next, other)).toBe(isShown(selection, other));
      }),
    );
  });
});

const column = fc.float64Array({ minLength: 0, maxLength: 20 });

describe('the moving average', () => {
  const viewport = { from: 0, to: 100, log: false };
  const xs = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => i * 1.7);

  it('leaves a constant series exactly as it is', () => {
    fc.assert(
      fc.property(
        finite,
        fc.integer({ min: 0, max: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (value, length, weight) => {
          const y = new Float64Array(length).fill(value);
          expect(twema(xs(length), y, weight, viewport)).toEqual(y);
        },
      ),
    );
  });

  it('stays within the values so far', () => {
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, weight) => {
          const out = twema(xs(values.length), Float64Array.from(values), weight, viewport);
          let [low, high] = [Infinity, -Infinity];
          for (const [i, value] of values.entries()) {
            low = Math.min(low, value);
            high = Math.max(high, value);
            const slack = 1e-9 * Math.max(Math.abs(low), Math.abs(high), 1);
            expect(out[i]).toBeGreaterThanOrEqual(low - slack);
            expect(out[i]).toBeLessThanOrEqual(high + slack);
          }
        },
      ),
    );
  });

  it('passes over what is not finite', () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { maxLength: 40 }), (values) => {
        const out = twema(xs(values.length), Float64Array.from(values), 0.6, viewport);
        for (const [i, value] of values.entries())
          expect(Number.isFinite(out[i])).toBe(Number.isFinite(value));
      }),
    );
  });
});

describe('series columns', () => {
  const points = fc
    .tuple(name, name, column)
    .map(([metric, run, x]): SeriesEntry => ({ metric, run, mode: 'points', x, value: x.map((v) => v * 2) }));
  const buckets = fc.tuple(name, name, column).map(([metric, run, x]): SeriesEntry => ({
    metric,
    run,
    mode: 'buckets',
    x,
    first: x,
    last: x,
    min: x,
    max: x,
    mean: x,
    count: x,
    nan: x,
    posInf: x,
    negInf: x,
  }));
  const answer = fc.record({
    cursor: fc.integer(),
    grids: fc.array(
      fc.record({ metric: name, from: finite, to: finite, buckets: fc.nat(4000), log: fc.boolean() }),
      { maxLength: 3 },
    ),
    entries: fc.array(fc.oneof(points, buckets), { maxLength: 5 }),
  });

  it('decode to what was encoded, bit for bit', () => {
    fc.assert(
      fc.property(answer, (sent) => {
        expect(decodeColumns(encodeColumns(sent))).toEqual(sent);
      }),
    );
  });

  it('are refused, not misread, when bytes are missing', () => {
    fc.assert(
      fc.property(answer, fc.integer({ min: 1, max: 200 }), (sent, lost) => {
        const bytes = encodeColumns(sent);
        const columns = sent.entries.reduce((sum, entry) => sum + entry.x.length, 0);
        fc.pre(columns > 0 && lost <= columns * 8);
        expect(() => decodeColumns(bytes.slice(0, bytes.byteLength - lost))).toThrow(/series answer/);
      }),
    );
  });
});

describe('vertices', () => {
  it('hold every point once, at increasing x', () => {
    const point = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.double());
    fc.assert(
      fc.property(fc.array(point, { maxLength: 60 }), (pairs) => {
        pairs.sort((a, b) => a[0] - b[0]);
        const x = Float64Array.from(pairs, ([at]) => at);
        const value = Float64Array.from(pairs, ([, v]) => v);
        const out = verticesOf({ entry: { metric: 'm', run: 'r', mode: 'points', x, value }, grid: null });
        expect([...out.x]).toEqual([...new Set(x)]);
        expect(out.count.reduce((sum, n) => sum + n, 0)).toBe(pairs.length);
        for (const [at, v] of pairs) {
          const i = lowerBound(out.x, at);
          if (!Number.isFinite(v)) continue;
          expect(out.min[i]).toBeLessThanOrEqual(v);
          expect(out.max[i]).toBeGreaterThanOrEqual(v);
        }
      }),
    );
  });
});

describe('ticks', () => {
  const bounds = fc
    .tuple(fc.double({ min: -9, max: 9, noNaN: true }), fc.double({ min: 0.001, max: 8, noNaN: true }))
    .map(([power, decades]) => [10 ** power, 10 ** (power + decades)] as const);

  it('of a log axis lie inside of it, increase, and have labels of their own', () => {
    fc.assert(
      fc.property(bounds, fc.integer({ min: 2, max: 12 }), ([min, max], most) => {
        const ticks = logTicks(min, max, most);
        expect(ticks.length).toBeGreaterThan(0);
        expect(ticks.length).toBeLessThanOrEqual(most + 1);
        expect(ticks).toEqual([...new Set(ticks)].sort((a, b) => a - b));
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(min * (1 - 1e-9));
          expect(tick).toBeLessThanOrEqual(max * (1 + 1e-9));
        }
      }),
    );
  });

  it('of a linear axis have labels that differ', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.integer({ min: -4, max: 9 }),
        (from, power) => {
          const ticks = linearTicks(from, from + 10 ** power, 5);
          expect(new Set(linearLabels(ticks)).size).toBe(ticks.length);
        },
      ),
    );
  });

  it('and values are never blank', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(formatValue(value)).not.toBe('');
        if (Number.isFinite(value)) expect(formatTick(value, Math.abs(value) / 10 || 1)).not.toBe('');
      }),
    );
  });
});

describe('colours', () => {
  it('never change while runs come', () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 30 }), fc.nat(30), (runs, cut) => {
        const before = assignColours(runs.slice(0, cut), new Map());
        const after = assignColours(runs.toReversed(), before);
        for (const [run, colour] of before) expect(after.get(run)).toBe(colour);
        expect(after.size).toBe(runs.length);
      }),
    );
  });
});

describe('batches', () => {
  it('ask for every want once and for nothing else', () => {
    const lane: SeriesLane = {
      project: 'p',
      kind: 'metric',
      x: 'step',
      range: null,
      buckets: 400,
      logX: false,
    };
    const want = fc.record({
      lane: fc.constant(lane),
      laneKey: fc.constantFrom('one', 'other'),
      metric: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm'),
      run: fc.constantFrom('r1', 'r2', 'r3'),
    });
    const key = (w: Pick<Want, 'laneKey' | 'metric' | 'run'>): string => `${w.laneKey} ${w.metric} ${w.run}`;
    fc.assert(
      fc.property(fc.uniqueArray(want, { selector: key, maxLength: 60 }), (wants) => {
        const asked = batchWants(wants).flatMap(({ laneKey, metrics, runs }) =>
          metrics.flatMap((metric) => runs.map((run) => key({ laneKey, metric, run }))),
        );
        expect(asked.sort()).toEqual(wants.map(key).sort());
      }),
    );
  });
});
