/**
 * Projects as a server would answer them, made from formulas: what the dashboard is looked at and tested with
 * when there is no training to watch. The same scenario always has the same numbers.
 */
import type { MetricRow, RunRow, SeriesAnswer, SeriesEntry, SeriesRequest } from 'lamella/procedures';

export interface FixtureSeries {
  readonly step: Float64Array;
  readonly time: Float64Array;
  readonly value: Float64Array;
}

export interface Fixture {
  readonly projects: readonly string[];
  readonly runs: readonly RunRow[];
  readonly metrics: readonly MetricRow[];
  /** Null where the run never logged the metric. */
  series(kind: 'metric' | 'system', metric: string, run: string): FixtureSeries | null;
  value(metric: string, run: string): unknown;
}

export type Scenario = 'empty' | 'no-runs' | 'no-metrics' | 'few' | 'busy' | 'huge';

/** A fixed moment, so that screenshots do not differ by the time they were taken at. */
const START = Date.UTC(2026, 10, 24, 9, 0, 0);

/** Mulberry32: small, seeded, good enough for noise. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function seedOf(text: string): number {
  let hash = 2_166_136_261;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619);
  return hash >>> 0;
}

const STATES = [
  ['running', 'last flush 1 s ago'],
  ['ended', 'every process published its end'],
  ['silent', 'no flush for 140 s'],
  ['failed', 'rank 1 was killed by signal 9'],
] as const;

function runRow(i: number, now: number, over: Partial<RunRow> = {}): RunRow {
  const [state, stateReason] = STATES[i < 2 ? 0 : i % 4] ?? STATES[0];
  const words = [
    'quiet-otter',
    'amber-fjord',
    'brave-lynx',
    'pale-comet',
    'sandy-heron',
    'mossy-crane',
    'iron-tulip',
  ];
  return {
    id: `r${String(i).padStart(3, '0')}${(seedOf(`run${i}`) % 65_536).toString(16)}`,
    name: `${words[i % words.length] ?? ''}-${(seedOf(`name${i}`) % 65_536).toString(16).padStart(4, '0')}`,
    group: null,
    state,
    stateReason,
    startedAt: START + i * 240_000,
    lastActivity: state === 'running' ? now - 1000 : now - 140_000 * (1 + i),
    lastStep: 1200,
    writers: 2,
    records: 24_180,
    config: { lr: [0.01, 0.03, 0.1, 0.3][i % 4], batch: 32 * (1 + (i % 2)), epochs: 12, model: 'mlp-64' },
    problems:
      i === 2 ? ['1 damaged file was left out: run=r002/000004-000004.parquet (hash does not match)'] : [],
    ...over,
  };
}

interface Shape {
  readonly start: number;
  readonly end: number;
  readonly noise: number;
  readonly points: number;
  /** Every this many steps. */
  readonly every: number;
}

function curve(key: string, shape: Shape, seconds: number): FixtureSeries {
  const random = seeded(seedOf(key));
  const pace = 0.6 + random() * 1.2;
  const lift = 1 + (random() - 0.5) * 0.3;
  const columns = {
    step: new Float64Array(shape.points),
    time: new Float64Array(shape.points),
    value: new Float64Array(shape.points),
  };
  for (let i = 0; i < shape.points; i += 1) {
    const share = i / Math.max(shape.points - 1, 1);
    const noise = (random() + random() + random() - 1.5) * shape.noise;
    const level = shape.end * lift + (shape.start - shape.end * lift) * Math.exp(-5 * pace * share);
    columns.step[i] = i * shape.every;
    columns.time[i] = START + share * seconds * 1000 + random() * 40;
    columns.value[i] = level + noise * (0.25 + Math.abs(level));
  }
  return columns;
}

const SHAPES: readonly (readonly [string, Shape])[] = [
  ['train/loss', { start: 2.35, end: 0.12, noise: 0.16, points: 1500, every: 1 }],
  ['train/accuracy', { start: 0.1, end: 0.97, noise: 0.03, points: 1500, every: 1 }],
  ['train/grad_norm', { start: 4.2, end: 0.6, noise: 0.35, points: 1500, every: 1 }],
  ['train/lr', { start: 0.0003, end: 0.00001, noise: 0, points: 1500, every: 1 }],
  ['train/samples_per_s', { start: 8200, end: 12_400, noise: 0.05, points: 1500, every: 1 }],
  ['eval/loss', { start: 1.4, end: 0.19, noise: 0.03, points: 12, every: 125 }],
  ['eval/accuracy', { start: 0.55, end: 0.955, noise: 0.008, points: 12, every: 125 }],
  ['epoch', { start: 0, end: 12, noise: 0, points: 12, every: 125 }],
];

const SYSTEM: readonly (readonly [string, Shape])[] = [
  ['cpu/utilization', { start: 20, end: 86, noise: 0.08, points: 120, every: 1 }],
  ['memory/used', { start: 1.2e9, end: 3.1e9, noise: 0.01, points: 120, every: 1 }],
  ['disk/read_mb_per_s', { start: 210, end: 3, noise: 0.4, points: 120, every: 1 }],
];

function confusion(run: string): unknown {
  const random = seeded(seedOf(run));
  const rows = Array.from({ length: 10 }, (_, digit) => ({
    digit,
    ...Object.fromEntries(
      Array.from({ length: 10 }, (__, taken) => [
        `taken for ${taken}`,
        taken === digit
          ? 88 + Math.floor(random() * 14)
          : random() < 0.45
            ? 0
            : Math.floor(random() ** 3 * 9),
      ]),
    ),
  }));
  return { _type: 'trackio.table', _value: rows };
}

const metricRows = (
  shapes: readonly (readonly [string, Shape])[],
  kind: MetricRow['kind'],
  runs: number,
): MetricRow[] =>
  shapes.map(([name, { points }]) => ({ name, kind, type: 'number', points: points * runs, runs }));

export function fixtureOf(scenario: Scenario, now: number = Date.now()): Fixture {
  const none: Fixture = { projects: [], runs: [], metrics: [], series: () => null, value: () => null };
  if (scenario === 'empty') return none;
  if (scenario === 'no-runs') return { ...none, projects: ['digits'] };
  if (scenario === 'no-metrics')
    return { ...none, projects: ['digits'], runs: [runRow(0, now, { lastStep: null, records: 6 })] };
  if (scenario === 'few') return few(now);
  return scenario === 'busy' ? busy(now) : huge(now);
}

function few(now: number): Fixture {
  const runs = Array.from({ length: 4 }, (_, i) => runRow(i, now));
  const table: MetricRow = { name: 'eval/confusion', kind: 'metric', type: 'data', points: 0, runs: 4 };
  const shapes = new Map([...SHAPES, ...SYSTEM]);
  return {
    projects: ['digits', 'older-experiments'],
    runs,
    metrics: [...metricRows(SHAPES, 'metric', 4), ...metricRows(SYSTEM, 'system', 4), table],
    series: (_kind, metric, run) => {
      const shape = shapes.get(metric);
      return shape ? curve(metric + run, shape, 300) : null;
    },
    value: (_metric, run) => confusion(run),
  };
}

function busy(now: number): Fixture {
  const runs = Array.from({ length: 50 }, (_, i) => runRow(i, now));
  const shapes: (readonly [string, Shape])[] = [...SHAPES];
  for (let i = shapes.length; i < 40; i += 1) {
    const part = ['layers', 'optim', 'data', 'gpu_model'][i % 4] ?? '';
    shapes.push([
      `${part}/block_${i}/norm`,
      { start: 3, end: 0.4 + (i % 5) / 4, noise: 0.2, points: 3000, every: 4 },
    ]);
  }
  const all = new Map([...shapes, ...SYSTEM]);
  return {
    projects: ['sweep-large', 'digits', 'older-experiments'],
    runs,
    metrics: [...metricRows(shapes, 'metric', 50), ...metricRows(SYSTEM, 'system', 50)],
    series: (_kind, metric, run) => {
      const shape = all.get(metric);
      return shape ? curve(metric + run, shape, 2400) : null;
    },
    value: () => null,
  };
}

/** Names as long as they may be, values that are not finite, one point, gaps, values below zero. */
function huge(now: number): Fixture {
  const long = 'a-very-long-run-name-that-somebody-generated-from-every-hyperparameter';
  const runs = Array.from({ length: 6 }, (_, i) =>
    runRow(i, now, {
      ...(i < 3 ? { name: `${long}-lr=0.0${i}-wd=1e-4-seed=${i}` } : {}),
      config: { ...runRow(i, now).config, notes: 'x'.repeat(300), nested: { a: [1, 2, 3] }, seed: i },
    }),
  );
  const name = `train/${'encoder.layers.12.self_attention.query_key_value.'.repeat(4)}weight_norm`;
  const shape: Shape = { start: 2, end: 0.2, noise: 0.2, points: 2000, every: 1 };
  const specials: readonly (readonly [string, (s: FixtureSeries, i: number) => FixtureSeries])[] = [
    [name, (s) => s],
    [
      'odd/diverges',
      (s, i) =>
        mapValue(s, (v, at) => (i % 2 === 0 && at > 1200 ? Number.NaN : at === 700 + i * 60 ? Infinity : v)),
    ],
    ['odd/nan_now_and_then', (s, i) => mapValue(s, (v, at) => (at % (211 + i * 17) === 0 ? Number.NaN : v))],
    ['odd/all_nan', (s) => mapValue(s, () => Number.NaN)],
    ['odd/one_point', (s) => slice(s, 400, 401)],
    ['odd/pause', (s) => without(s, 500, 1100)],
    ['odd/below_zero', (s, i) => mapValue(s, (v) => v - 0.6 - i * 0.1)],
    ['odd/constant', (s, i) => mapValue(s, () => 3 + i)],
    ['odd/tiny', (s) => mapValue(s, (v) => v * 1e-9)],
    ['odd/large', (s) => mapValue(s, (v) => v * 7.3e14)],
    ['odd/narrow', (s) => mapValue(s, (v) => 100_000 + v / 1000)],
  ];
  const known = new Map(specials);
  return {
    projects: ['project-with-a-name-that-is-much-longer-than-any-picker-is-wide-0123456789', 'b'],
    runs,
    metrics: [
      ...specials.map(([key]): MetricRow => ({
        name: key,
        kind: 'metric',
        type: 'number',
        points: 12_000,
        runs: 6,
      })),
      { name: 'samples/text', kind: 'metric', type: 'data', points: 0, runs: 6 },
      { name: 'samples/table', kind: 'metric', type: 'data', points: 0, runs: 6 },
    ],
    series: (_kind, metric, run) => {
      const special = known.get(metric);
      return special
        ? special(
            curve(metric + run, shape, 600),
            runs.findIndex(({ id }) => id === run),
          )
        : null;
    },
    value: (metric, run) =>
      metric === 'samples/text'
        ? `The quick brown fox jumps over the lazy dog. ${run} `.repeat(12)
        : {
            _type: 'trackio.table',
            _value: Array.from({ length: 40 }, (_, i) => ({
              id: i,
              prompt: `Why is the sky ${i}?`,
              score: i / 7,
              answer: 'Because '.repeat(6),
            })),
          },
  };
}

function mapValue(s: FixtureSeries, to: (v: number, i: number) => number): FixtureSeries {
  return { ...s, value: s.value.map(to) };
}

function slice(s: FixtureSeries, from: number, to: number): FixtureSeries {
  return { step: s.step.slice(from, to), time: s.time.slice(from, to), value: s.value.slice(from, to) };
}

function without(s: FixtureSeries, from: number, to: number): FixtureSeries {
  const keep = (column: Float64Array): Float64Array => column.filter((_, i) => i < from || i >= to);
  return { step: keep(s.step), time: keep(s.time), value: keep(s.value) };
}

/** What a server answers: points where they are few, else buckets on a grid that the runs share. */
export function reduceSeries(fixture: Fixture, request: SeriesRequest, cursor: number): SeriesAnswer {
  const grids: SeriesAnswer['grids'][number][] = [];
  const entries: SeriesEntry[] = [];
  for (const metric of request.metrics) {
    const views = request.runs.flatMap((run) => {
      const series = fixture.series(request.kind ?? 'metric', metric, run);
      return series ? [{ run, ...inView(series, request) }] : [];
    });
    const all = views.flatMap(({ x }) => (x.length > 0 ? [x[0] ?? 0, x.at(-1) ?? 0] : []));
    const [from, to] = request.range ?? [Math.min(...all), Math.max(...all)];
    const grid = { metric, from, to, buckets: request.buckets, log: request.logX ?? false };
    let bucketed = false;
    for (const { run, x, value } of views) {
      if (x.length === 0) continue;
      if (x.length <= request.buckets) entries.push({ metric, run, mode: 'points', x, value });
      else {
        bucketed = true;
        entries.push({ metric, run, mode: 'buckets', ...bucketsOf(x, value, grid) });
      }
    }
    if (bucketed) grids.push(grid);
  }
  return { grids, entries, cursor };
}

function inView(series: FixtureSeries, request: SeriesRequest): { x: Float64Array; value: Float64Array } {
  const { time, step } = series;
  const begin = time[0] ?? 0;
  const x = request.x === 'step' ? step : request.x === 'time' ? time : time.map((t) => (t - begin) / 1000);
  const [from, to] = request.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const seen = (_: number, i: number): boolean => {
    const at = x[i] ?? Number.NaN;
    return at >= from && at <= to && !(request.logX === true && at <= 0);
  };
  return { x: x.filter(seen), value: series.value.filter(seen) };
}

function bucketsOf(x: Float64Array, value: Float64Array, grid: SeriesAnswer['grids'][number]) {
  const column = (fill: number): Float64Array => new Float64Array(grid.buckets).fill(fill);
  const b = {
    x: column(Number.NaN),
    first: column(Number.NaN),
    last: column(Number.NaN),
    min: column(Number.NaN),
    max: column(Number.NaN),
    mean: column(Number.NaN),
    count: column(0),
    nan: column(0),
    posInf: column(0),
    negInf: column(0),
  };
  const to = grid.log ? Math.log : (v: number): number => v;
  const finite = new Float64Array(grid.buckets);
  const sums = new Float64Array(grid.buckets);
  for (let i = 0; i < x.length; i += 1) {
    const share = (to(x[i] ?? 0) - to(grid.from)) / (to(grid.to) - to(grid.from));
    const at = Math.min(Math.floor(share * grid.buckets), grid.buckets - 1);
    const v = value[i] ?? Number.NaN;
    if (b.count[at] === 0) b.first[at] = v;
    b.count[at]! += 1;
    b.x[at] = x[i] ?? Number.NaN;
    b.last[at] = v;
    if (Number.isFinite(v)) {
      finite[at]! += 1;
      sums[at]! += v;
      b.min[at] = Math.min(Number.isNaN(b.min[at]) ? v : (b.min[at] ?? v), v);
      b.max[at] = Math.max(Number.isNaN(b.max[at]) ? v : (b.max[at] ?? v), v);
      b.mean[at] = (sums[at] ?? 0) / (finite[at] ?? 1);
    } else if (v === Infinity) b.posInf[at]! += 1;
    else if (v === -Infinity) b.negInf[at]! += 1;
    else b.nan[at]! += 1;
  }
  return b;
}
