/** What the coordinator asks of a source, and what it tells the charts; the source is a real one in memory. */
import type { LiveChange, SeriesAnswer, SeriesRequest } from 'lamella/procedures';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Coordinator } from '../src/data/coordinator.ts';
import type { SeriesQuery } from '../src/data/series-query.ts';
import type { DataSource } from '../src/data/source.ts';
import { SourceError } from '../src/data/source.ts';

interface MemorySource extends DataSource {
  readonly asked: SeriesRequest[];
  readonly aborted: SeriesRequest[];
  /** Value of every point from now on, and the cursor that answers carry. */
  value: number;
  cursor: number;
  /** Points per series; more than the asked buckets are answered as buckets. */
  points: number;
  failing: boolean;
}

const ANSWER_MS = 50;

function memorySource(): MemorySource {
  const source: MemorySource = {
    asked: [],
    aborted: [],
    value: 1,
    cursor: 1,
    points: 3,
    failing: false,
    listProjects: async () => [],
    listRuns: async () => [],
    listMetrics: async () => [],
    values: async () => [],
    subscribe: () => () => undefined,
    series: (request, signal) => {
      source.asked.push(request);
      const answer = answerTo(request, source);
      const { failing } = source;
      return new Promise<SeriesAnswer>((resolve, reject) => {
        const timer = setTimeout(() => {
          if (failing) reject(new SourceError('unavailable', 'the server does not answer'));
          else resolve(answer);
        }, ANSWER_MS);
        signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          source.aborted.push(request);
          reject(new DOMException('given up', 'AbortError'));
        });
      });
    },
  };
  return source;
}

function answerTo(request: SeriesRequest, { value, cursor, points }: MemorySource): SeriesAnswer {
  const few = points <= request.buckets;
  const column = new Float64Array(few ? points : request.buckets).fill(value);
  const x = column.map((_, i) => i);
  const buckets = { first: column, last: column, min: column, max: column, mean: column, count: column };
  const zero = column.map(() => 0);
  const entries = request.metrics.flatMap((metric) =>
    request.runs.map((run) =>
      few
        ? { metric, run, mode: 'points' as const, x, value: column }
        : { metric, run, mode: 'buckets' as const, x, ...buckets, nan: zero, posInf: zero, negInf: zero },
    ),
  );
  const grids = request.metrics.map((metric) => ({
    metric,
    from: 0,
    to: 9,
    buckets: request.buckets,
    log: false,
  }));
  return { cursor, entries, grids: few ? [] : grids };
}

const query = (metric: string, over: Partial<SeriesQuery> = {}): SeriesQuery => ({
  project: 'p',
  kind: 'metric',
  metric,
  runs: ['r1', 'r2'],
  x: 'step',
  range: null,
  buckets: 400,
  logX: false,
  ...over,
});

const change = (cursor: number, run: string, ...metrics: string[]): LiveChange => ({
  cursor,
  all: false,
  runs: [{ run, metrics }],
});

let source = memorySource();
let coordinator = new Coordinator(source);
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const shape = ({ metrics, runs }: SeriesRequest): unknown => [metrics, runs];

function latest(of: SeriesQuery, run = 'r1'): number | undefined {
  const entry = coordinator.read(of).series.get(run)?.entry;
  return entry?.mode === 'points' ? entry.value[0] : entry?.last[0];
}

beforeEach(() => {
  vi.useFakeTimers();
  source = memorySource();
  coordinator = new Coordinator(source);
});
afterEach(() => vi.useRealTimers());

describe('asking', () => {
  it('puts charts of one frame into one request, and asks nothing twice', async () => {
    const told = vi.fn<() => void>();
    for (const metric of ['a', 'b', 'c']) coordinator.watch(query(metric), 1, told);
    coordinator.watch(query('a'), 1, told);
    await pass(1000);
    expect(source.asked.map(shape)).toEqual([
      [
        ['a', 'b', 'c'],
        ['r1', 'r2'],
      ],
    ]);
    expect(coordinator.read(query('b'))).toMatchObject({ complete: true, error: null });
  });

  it('asks for a run that is shown anew only, and remembers the hidden one', async () => {
    const stop = coordinator.watch(query('a', { runs: ['r1'] }), 1, () => undefined);
    await pass(1000);
    coordinator.watch(query('a', { runs: ['r1', 'r2'] }), 1, () => undefined);
    stop();
    await pass(1000);
    expect(source.asked.map(shape)).toEqual([
      [['a'], ['r1']],
      [['a'], ['r2']],
    ]);
  });

  it('asks for the most urgent first', async () => {
    for (let i = 0; i < 40; i += 1) coordinator.watch(query(`m${i}`), 1, () => undefined);
    coordinator.watch(query('open', { buckets: 1600 }), 0, () => undefined);
    await pass(5);
    expect(source.asked[0]).toMatchObject({ metrics: ['open'], buckets: 1600 });
    expect(source.asked).toHaveLength(3);
    await pass(1000);
    expect(source.asked.flatMap(({ metrics }) => metrics)).toHaveLength(41);
  });

  it('gives up what has left the screen before its answer', async () => {
    const stop = coordinator.watch(query('a'), 1, () => undefined);
    await pass(5);
    stop();
    await pass(1000);
    expect(source.aborted).toHaveLength(1);
    coordinator.watch(query('a'), 1, () => undefined);
    await pass(1000);
    expect(latest(query('a'))).toBe(1);
  });

  it('does not give up when a chart is only replaced by another of the same metric', async () => {
    const stop = coordinator.watch(query('a'), 1, () => undefined);
    await pass(5);
    stop();
    coordinator.watch(query('a', { runs: ['r1'] }), 1, () => undefined);
    await pass(1000);
    expect(source.aborted).toEqual([]);
    expect(source.asked).toHaveLength(1);
  });
});

describe('changes', () => {
  it('ask again for what changed and is on the screen, and for nothing else', async () => {
    coordinator.watch(query('a'), 1, () => undefined);
    const stop = coordinator.watch(query('b'), 1, () => undefined);
    await pass(1000);
    stop();
    Object.assign(source, { value: 2, cursor: 2 });
    coordinator.apply('p', change(2, 'r1', 'a', 'b', 'unseen'));
    await pass(1000);
    expect(source.asked.slice(1).map(shape)).toEqual([[['a'], ['r1']]]);
    expect([latest(query('a')), latest(query('a'), 'r2')]).toEqual([2, 1]);
    coordinator.watch(query('b'), 1, () => undefined);
    await pass(1000);
    expect(source.asked.slice(2).map(shape)).toEqual([[['b'], ['r1']]]);
  });

  it('keep the old data until the new is there', async () => {
    coordinator.watch(query('a'), 1, () => undefined);
    await pass(1000);
    Object.assign(source, { value: 2, cursor: 2 });
    coordinator.apply('p', change(2, 'r1', 'a'));
    await pass(ANSWER_MS / 2);
    expect(latest(query('a'))).toBe(1);
    expect(coordinator.read(query('a')).complete).toBe(true);
    await pass(1000);
    expect(latest(query('a'))).toBe(2);
  });

  it('are asked for and told at most every 100 ms, the last one included', async () => {
    const told = vi.fn<() => void>();
    coordinator.watch(query('a'), 1, told);
    await pass(1000);
    told.mockClear();
    const before = source.asked.length;
    for (let i = 0; i < 100; i += 1) {
      Object.assign(source, { value: i, cursor: 2 + i });
      coordinator.apply('p', change(2 + i, 'r1', 'a'));
      await pass(10);
    }
    await pass(1000);
    expect(source.asked.length - before).toBeLessThanOrEqual(11);
    expect(told.mock.calls.length).toBeLessThanOrEqual(12);
    expect(latest(query('a'))).toBe(99);
  });

  it('of another project touch nothing', async () => {
    coordinator.watch(query('a'), 1, () => undefined);
    await pass(1000);
    coordinator.apply('other', { cursor: 9, all: true, runs: [] });
    await pass(1000);
    expect(source.asked).toHaveLength(1);
  });

  it('of everything ask again once, even when the server counts from the beginning', async () => {
    source.cursor = 500;
    coordinator.watch(query('a'), 1, () => undefined);
    await pass(1000);
    Object.assign(source, { value: 3, cursor: 1 });
    coordinator.apply('p', { cursor: 1, all: true, runs: [] });
    await pass(5000);
    expect(source.asked).toHaveLength(2);
    expect(latest(query('a'))).toBe(3);
  });
});

describe('a source that fails', () => {
  it('leaves the data on the screen, says so, and is asked again ever more slowly', async () => {
    coordinator.watch(query('a'), 1, () => undefined);
    await pass(1000);
    source.failing = true;
    coordinator.apply('p', change(2, 'r1', 'a'));
    await pass(10_000);
    expect(coordinator.read(query('a'))).toMatchObject({
      complete: true,
      error: 'the server does not answer',
    });
    expect(latest(query('a'))).toBe(1);
    expect(source.asked.length).toBeGreaterThan(3);
    expect(source.asked.length).toBeLessThan(8);
    Object.assign(source, { failing: false, value: 2, cursor: 2 });
    await pass(16_000);
    expect(coordinator.read(query('a')).error).toBe(null);
    expect(latest(query('a'))).toBe(2);
  });
});

describe('a zoom', () => {
  it('asks for exact data where buckets were shown', async () => {
    source.points = 5000;
    coordinator.watch(query('a'), 1, () => undefined);
    await pass(1000);
    coordinator.watch(query('a', { range: [1, 2] }), 1, () => undefined);
    await pass(1000);
    expect(source.asked[1]).toMatchObject({ range: [1, 2], metrics: ['a'] });
  });

  it('asks nothing where every point is known, and goes on following changes', async () => {
    const zoomed = query('a', { range: [1, 2] });
    const stop = coordinator.watch(query('a'), 1, () => undefined);
    await pass(1000);
    coordinator.watch(zoomed, 1, () => undefined);
    stop();
    await pass(1000);
    expect(source.asked).toHaveLength(1);
    expect(latest(zoomed)).toBe(1);
    Object.assign(source, { value: 2, cursor: 2 });
    coordinator.apply('p', change(2, 'r1', 'a'));
    await pass(1000);
    expect(latest(zoomed)).toBe(2);
  });
});
