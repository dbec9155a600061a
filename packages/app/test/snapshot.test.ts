/** What the snapshot holds while shards come, are covered by wider ones, disagree, and run on. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { concatBatches, openReader } from '@lamella/store';
import type { ByteCodec } from '@lamella/store';
import { nodeCodec, openStore, systemClock } from '@lamella/store/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { latestValues, listMetrics, listRuns } from '../src/query/listing.ts';
import { reduceSeries } from '../src/query/reduction.ts';
import { readSeries } from '../src/query/series.ts';
import { Snapshots } from '../src/query/snapshots.ts';
import { batchOf, emptyStore, endRow, putShard, startRow, T0_US, writerId } from './stores.ts';
import type { Row } from './stores.ts';

async function open(dir: string): Promise<Snapshots> {
  const snapshots = await Snapshots.open({
    dir,
    thread: false,
    onTrouble: (message) => expect.unreachable(message),
  });
  onTestFinished(() => snapshots.close());
  return snapshots;
}

const asked = { project: 'p', runs: ['r'], metrics: ['m'], x: 'step', buckets: 1000 } as const;
const place = { project: 'p', run: 'r', writer: writerId(1) };

function flushRows(flush: number, rows = 3): Row[] {
  return Array.from({ length: rows }, (_, i) => ({
    key: 'm',
    seq: flush * rows + i,
    step: flush * rows + i,
    value: flush,
  }));
}

async function pointsIn(snapshots: Snapshots): Promise<number> {
  const feed = await snapshots.feed('p');
  const { entries } = await readSeries(snapshots.engine, feed.snapshot, asked);
  return entries.reduce((sum, { x }) => sum + x.length, 0);
}

describe('shards that come and go', () => {
  it('show every record once before, while and after a wider file covers narrow ones', async () => {
    const dir = await emptyStore();
    const batches = [];
    const narrow: string[] = [];
    for (let flush = 0; flush < 16; flush++) {
      batches.push(batchOf(place.writer, flushRows(flush)));
      narrow.push(await putShard(dir, { ...place, first: flush }, batches.at(-1)!));
    }
    const snapshots = await open(dir);
    const feed = await snapshots.feed('p');
    await feed.complete();
    expect(await pointsIn(snapshots)).toBe(48);
    await putShard(dir, { ...place, first: 0, last: 15 }, concatBatches(batches));
    await putShard(dir, { ...place, first: 16 }, batchOf(place.writer, flushRows(16)));
    const seen = new Set<number>();
    let done = false;
    const watching = (async () => {
      while (!done) {
        seen.add(await pointsIn(snapshots));
      }
    })();
    await feed.complete();
    done = true;
    await watching;
    expect([...seen].filter((count) => count !== 48 && count !== 51)).toEqual([]);
    expect(await pointsIn(snapshots)).toBe(51);
    expect(listRuns(feed.snapshot)[0]).toMatchObject({ records: 51, lastStep: 50, problems: [] });
    await Promise.all(narrow.map((path) => rm(path)));
    await feed.complete();
    expect(await pointsIn(snapshots)).toBe(51);
    expect(feed.snapshot.runs.get('r')!.files.size).toBe(2);
  });

  it('show both versions of a flush that was written twice, and what they share once', async () => {
    const dir = await emptyStore();
    const shared: Row[] = [
      { key: 'm', seq: 0, step: 0, value: 1 },
      { key: 'm', seq: 1, step: 1, value: Number.NaN },
      { key: 'm', seq: 2, step: 2, value: 0 },
      startRow({ name: 'twice' }),
    ].map((row, i) => ({ ...row, seq: i }));
    const last = (value: number): Row => ({ key: 'm', seq: 9, step: 9, value });
    const negative = { ...shared[2]!, value: -0 };
    await putShard(dir, place, batchOf(place.writer, [...shared, last(1)]));
    await putShard(dir, place, batchOf(place.writer, [...shared.with(2, negative), last(2)]));
    const snapshots = await open(dir);
    const feed = await snapshots.feed('p');
    await feed.complete();
    const reader = openReader({
      backend: await openStore(dir, { create: false }),
      codec: nodeCodec,
      clock: systemClock,
    });
    const rows = await reader.readRows(await reader.refreshRun('p', 'r'));
    const { entries } = await readSeries(snapshots.engine, feed.snapshot, asked);
    const expected = reduceSeries(new Map([['r', rows]]), asked).entries;
    // Two values share x, time, seq and writer: their order is open.
    const sorted = entries.map((entry) => (entry.mode === 'points' ? entry.value.toSorted() : []));
    expect(sorted).toEqual(expected.map((entry) => (entry.mode === 'points' ? entry.value.toSorted() : [])));
    expect(sorted[0]).toHaveLength(6);
    const [run] = listRuns(feed.snapshot);
    expect(run).toMatchObject({ name: 'twice', records: 7 });
    expect(run!.problems).toHaveLength(1);
    expect((await listMetrics(snapshots.engine, feed.snapshot))[0]).toMatchObject({ points: 6 });
  });

  it('go on when a damaged file is repaired', async () => {
    const dir = await emptyStore();
    await putShard(dir, place, batchOf(place.writer, flushRows(0)));
    const snapshots = await open(dir);
    const feed = await snapshots.feed('p');
    await feed.complete();
    await writeFile(
      join(dir, 'project=p', 'run=r', `${place.writer}.0000000001-0000000001.${'a'.repeat(26)}.parquet`),
      'PAR1',
    );
    await feed.complete();
    expect(listRuns(feed.snapshot)[0]!.problems).toHaveLength(1);
    await putShard(dir, { ...place, first: 1 }, batchOf(place.writer, flushRows(1)));
    await feed.complete();
    expect(await pointsIn(snapshots)).toBe(6);
  });

  it('go on without a file that verifies and holds no rows, and name it', async () => {
    const dir = await emptyStore();
    await putShard(dir, { ...place, end: true }, batchOf(place.writer, flushRows(0)));
    await putShard(dir, { ...place, run: 'other' }, batchOf(place.writer, flushRows(0)));
    const faulty: ByteCodec = { ...nodeCodec, compress: (bytes) => bytes.map((byte) => byte ^ 0x55) };
    await putShard(dir, { ...place, first: 1 }, batchOf(place.writer, flushRows(1)), faulty);
    const snapshots = await open(dir);
    const feed = await snapshots.feed('p');
    await feed.complete();
    expect(await pointsIn(snapshots)).toBe(3);
    const problems = listRuns(feed.snapshot).map((run) => [run.id, run.problems.join()]);
    expect(problems).toEqual([
      ['other', ''],
      ['r', expect.stringMatching(/0000000001-0000000001.* is damaged/)],
    ]);
  });

  it('log nothing when nothing changed', async () => {
    const dir = await emptyStore();
    await putShard(dir, place, batchOf(place.writer, flushRows(0)));
    const snapshots = await open(dir);
    const feed = await snapshots.feed('p');
    await feed.complete();
    const { cursor } = feed.snapshot.log;
    await feed.complete();
    await feed.complete();
    expect(feed.snapshot.log.cursor).toBe(cursor);
  });
});

describe('the runs of a snapshot', () => {
  it('change their state as their records say', async () => {
    const dir = await emptyStore();
    const now = Date.now() * 1000;
    await putShard(dir, place, batchOf(place.writer, [startRow({ rank: 0 }, now)]));
    const old = { project: 'p', run: 'old', writer: writerId(2) };
    await putShard(dir, old, batchOf(old.writer, [startRow({ rank: 0 }, T0_US)]));
    const snapshots = await open(dir);
    const feed = await snapshots.feed('p');
    await feed.complete();
    const states = (): Record<string, string> =>
      Object.fromEntries(listRuns(feed.snapshot).map(({ id, state }) => [id, state]));
    expect(states()).toEqual({ r: 'running', old: 'silent' });
    await putShard(dir, { ...old, first: 1 }, batchOf(old.writer, [{ key: 'm', seq: 5, timeUs: T0_US }]));
    await putShard(
      dir,
      { ...place, first: 1, end: true },
      batchOf(place.writer, [{ ...endRow('failed', 'killed'), seq: 5 }]),
    );
    await feed.complete();
    expect(states()).toEqual({ r: 'failed', old: 'running' });
  });

  it('are a thousand, listed in one answer', async () => {
    const dir = await emptyStore();
    for (let i = 0; i < 1000; i++) {
      const writer = writerId(i);
      const rows = [
        startRow({ name: `run ${i}` }),
        { kind: 'config', key: 'i', step: null, data: String(i) },
        { key: 'm', value: i },
      ];
      await putShard(
        dir,
        { project: 'p', run: `run-${String(i).padStart(4, '0')}`, writer, end: true },
        batchOf(writer, rows),
      );
    }
    const snapshots = await open(dir);
    const feed = await snapshots.feed('p');
    await feed.complete();
    const runs = listRuns(feed.snapshot);
    expect(runs).toHaveLength(1000);
    expect(runs[77]).toMatchObject({ name: 'run 77', config: { i: 77 }, records: 3, state: 'ended' });
    expect(await listMetrics(snapshots.engine, feed.snapshot)).toEqual([
      { name: 'm', kind: 'metric', type: 'number', points: 1000, runs: 1000 },
    ]);
    const runIds = runs.map(({ id }) => id);
    const { entries } = await readSeries(snapshots.engine, feed.snapshot, { ...asked, runs: runIds });
    expect(entries).toHaveLength(1000);
  });
});

describe('values', () => {
  it('leave out fractional steps and plain numbers, and keep rich ones', async () => {
    const dir = await emptyStore();
    const rows: Row[] = [
      { key: 'm', step: 1, value: 2, data: '{"_step":1.5}' },
      { key: 'm', step: 2, value: 3 },
      { key: 'm', step: 3, value: 1, data: 'true' },
      { key: 'm', step: 4, value: 9007199254740992, data: '9007199254740993' },
      { key: 'm', step: 5, data: '{"nested":"NaN"}' },
    ];
    await putShard(dir, place, batchOf(place.writer, rows));
    const snapshots = await open(dir);
    const feed = await snapshots.feed('p');
    await feed.complete();
    const found = await latestValues(snapshots.engine, feed.snapshot, { run: 'r', metric: 'm', limit: 10 });
    expect(found.map(({ step, data }) => [step, data])).toEqual([
      [3, true],
      [4, '9007199254740993'],
      [5, { nested: 'NaN' }],
    ]);
    const { entries } = await readSeries(snapshots.engine, feed.snapshot, asked);
    expect(entries[0]!.x).toEqual(Float64Array.of(1.5, 2, 3, 4));
  });
});
