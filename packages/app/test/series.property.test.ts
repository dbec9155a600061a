/**
 * DuckDB's reduction against the plain one, over generated stores that are read back through the real reader:
 * several writers and shards, repeated and negative steps, fractional steps, rows out of order, every kind of
 * number, and rows without a value or a step.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReader } from '@lamella/store';
import type { RecordBatch } from '@lamella/store';
import { nodeCodec, openStore, systemClock } from '@lamella/store/node';
import type { SeriesAnswer, SeriesRequest } from '../src/procedures/types.ts';
import { reduceSeries } from '../src/query/reduction.ts';
import { readSeries } from '../src/query/series.ts';
import { Snapshots } from '../src/query/snapshots.ts';
import { batchOf, putShard, startRow, T0_US, writerId } from './stores.ts';
import type { Row } from './stores.ts';

let dir: string;
let snapshots: Snapshots;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lamella-test-'));
  await openStore(dir, { create: true });
  snapshots = await Snapshots.open({
    dir,
    thread: false,
    onTrouble: (message) => expect.unreachable(message),
  });
});

afterAll(async () => {
  await snapshots.close();
  await rm(dir, { recursive: true, force: true });
});

const special = fc.constantFrom(
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  0,
  5e-324,
  1.7e308,
  -1.7e308,
);
const value = fc.oneof(
  { weight: 6, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }) },
  { weight: 2, arbitrary: special },
  { weight: 1, arbitrary: fc.constant(null) },
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -5, max: 40 }) },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom(2n ** 53n + 1n, -(2n ** 60n), 10 ** 9) },
);

const row = fc
  .record({
    key: fc.constantFrom('loss', 'träin/acc'),
    kind: fc.constantFrom('metric', 'metric', 'metric', 'system'),
    seq: fc.integer({ min: 0, max: 30 }),
    step,
    value,
    // Milliseconds close together, so that ties by time are common.
    timeUs: fc.integer({ min: 0, max: 40 }).map((ms) => T0_US + ms * 1000),
    fraction: fc.constantFrom(0, 0, 0, 0.25, 0.5),
  })
  .map(({ fraction, ...rest }): Row => {
    if (fraction > 0 && typeof rest.step === 'number') {
      return { ...rest, data: JSON.stringify({ _step: rest.step + fraction }) };
    }
    return { ...rest, data: rest.value === null ? '"text"' : null };
  });

/** Shards of one run: per writer up to three flushes. A record's identity is unique in its writer. */
const run = fc.array(
  fc.array(
    fc.uniqueArray(row, {
      minLength: 1,
      maxLength: 40,
      selector: ({ seq, kind, key }) => `${seq} ${kind} ${key}`,
    }),
    { minLength: 1, maxLength: 3 },
  ),
  { minLength: 1, maxLength: 3 },
);

const request = fc
  .record({
    metrics: fc.constantFrom(['loss'], ['loss', 'träin/acc'], ['none', 'träin/acc']),
    kind: fc.constantFrom('metric' as const, 'metric' as const, 'system' as const),
    x: fc.constantFrom('step' as const, 'time' as const, 'relative' as const),
    buckets: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(100, 4000)),
    range: fc.option(
      fc
        .tuple(fc.integer({ min: -6, max: 20 }), fc.integer({ min: 0, max: 30 }))
        .map(([low, width]) => [low, low + width] as const),
      { nil: undefined },
    ),
    logX: fc.boolean(),
  })
  // System metrics have no step: asking for one is an error, tested with the server.
  .map((asked) => (asked.kind === 'system' && asked.x === 'step' ? { ...asked, x: 'time' as const } : asked));

let cases = 0;

it('DuckDB answers what the plain reduction answers', async () => {
  const reader = openReader({
    backend: await openStore(dir, { create: false }),
    codec: nodeCodec,
    clock: systemClock,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(run, { minLength: 1, maxLength: 3 }),
      fc.array(request, { minLength: 1, maxLength: 4 }),
      async (runs, requests) => {
        const project = `case-${cases++}`;
        const batches = new Map<string, RecordBatch>();
        for (const [r, writers] of runs.entries()) {
          for (const [w, flushes] of writers.entries()) {
            await putWriter(project, `run-${r}`, writerId(r * 10 + 9 - w), flushes);
          }
          batches.set(`run-${r}`, await reader.readRows(await reader.refreshRun(project, `run-${r}`)));
        }
        const feed = await snapshots.feed(project);
        await feed.complete();
        for (const { range, ...asked } of requests) {
          const full: SeriesRequest = {
            ...asked,
            project,
            runs: [...batches.keys(), 'unknown'],
            ...(range ? { range: shifted(range, asked.x) } : {}),
          };
          const answer = await readSeries(snapshots.engine, feed.snapshot, full);
          const expected = reduceSeries(batches, full);
          expect(comparable(answer, expected)).toEqual(comparable(expected, expected));
        }
        await feed.close();
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);

async function putWriter(
  project: string,
  name: string,
  writer: string,
  flushes: readonly (readonly Row[])[],
): Promise<void> {
  for (const [flush, rows] of flushes.entries()) {
    // A writer never uses a seq twice: each flush has its own range of them.
    const own = rows.map((one) => ({ ...one, seq: one.seq! + 1 + flush * 100 }));
    const start = flush === 0 ? [{ ...startRow({ rank: 0 }, T0_US - 500), seq: 0 }] : [];
    await putShard(dir, { project, run: name, writer, first: flush }, batchOf(writer, [...start, ...own]));
  }
}

/** The range in units of x: times are around T0. */
function shifted([low, high]: readonly [number, number], x: SeriesRequest['x']): [number, number] {
  if (x === 'time') {
    return [T0_US / 1000 + low, T0_US / 1000 + high];
  }
  return x === 'relative' ? [low / 1000, high / 1000] : [low, high];
}

/**
 * The answer without what is not promised: which of +0 and −0 an extreme shows, and the last bits of a mean,
 * whose sum DuckDB may take in another order (a mean that is near enough becomes the expected one).
 */
function comparable(answer: SeriesAnswer, expected: SeriesAnswer): unknown {
  const entries = answer.entries.map((entry, i) => {
    const other = expected.entries[i];
    if (entry.mode === 'points' || other?.mode !== 'buckets') {
      return entry;
    }
    const mean = entry.mean.map((own, b) => {
      const wanted = other.mean[b]!;
      const size = Math.max(Math.abs(entry.min[b]!), Math.abs(entry.max[b]!));
      return Math.abs(own - wanted) <= size * 1e-12 ? wanted : own;
    });
    return { ...entry, mean, min: entry.min.map((v) => v + 0), max: entry.max.map((v) => v + 0) };
  });
  return { grids: answer.grids, entries };
}
