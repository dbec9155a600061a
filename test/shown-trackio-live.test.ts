/** A Trackio directory that changes while the app shows it: rows, fragments, imports, deletions. */
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createFragmentWriter } from '@lamella/trackio';
import type { LogBatch } from '@lamella/trackio';
import { scratch, unpack } from '../packages/trackio/test/directories.ts';
import type { ProjectFeed } from '../packages/app/src/query/feed.ts';
import { listRuns } from '../packages/app/src/query/listing.ts';
import { eachMetricValue } from '../packages/app/src/query/metric-values.ts';
import { Snapshots } from '../packages/app/src/query/snapshots.ts';

interface Shown {
  readonly dir: string;
  readonly feed: ProjectFeed;
  steps(run: string): Promise<(number | null)[]>;
}

/** A directory with the database `good`, or without one, shown by a server's thread. */
async function show(disk: string, withDatabase: boolean): Promise<Shown> {
  const work = scratch();
  onTestFinished(() => work.dispose());
  vi.stubEnv('LAMELLA_FILESYSTEM_CLASS', disk);
  onTestFinished(() => void vi.unstubAllEnvs());
  const dir = join(work.path, 'shown');
  mkdirSync(dir);
  if (withDatabase) cpSync(join(unpack('0.43.0', work.path), 'sample-one.db'), join(dir, 'good.db'));
  else await write(dir, 0, [0]);
  const troubles: string[] = [];
  const snapshots = await Snapshots.open({ dir, thread: true, onTrouble: (text) => troubles.push(text) });
  onTestFinished(async () => {
    await snapshots.close();
    expect(troubles).toEqual([]);
  });
  const feed = await snapshots.feed('good');
  await feed.fresh();
  const leave = feed.subscribe();
  onTestFinished(leave);
  const steps = async (run: string): Promise<(number | null)[]> => {
    const found: (number | null)[] = [];
    const id = listRuns(feed.snapshot).find(({ name }) => name === run)?.id;
    if (id === undefined) return found;
    await eachMetricValue(snapshots.engine, feed.snapshot, { run: id, metric: 'loss' }, ({ step }) => {
      found.push(step);
    });
    return found;
  };
  return { dir, feed, steps };
}

const RUN = { id: 'f'.repeat(32), name: 'new' };
const logId = (step: number): string => (1000 + step).toString(16).padStart(32, '0');

/** A fragment of its own writer. */
async function write(dir: string, id: number, steps: readonly number[]): Promise<void> {
  const batch: LogBatch = {
    project: 'good',
    run: RUN,
    config: '{"lr":1}',
    calls: steps.map((step) => ({
      kind: 'metric',
      step,
      timeUs: Date.now() * 1000,
      logId: logId(step),
      keys: ['loss'],
      values: Float64Array.of(step),
    })),
  };
  await createFragmentWriter(dir, `writer${id}`).write(batch);
}

function insert(dir: string, steps: readonly number[]): void {
  const database = new DatabaseSync(join(dir, 'good.db'));
  const statement = database.prepare(
    `INSERT INTO metrics (run_id, timestamp, run_name, step, metrics, log_id) VALUES (?, ?, ?, ?, CAST(? AS BLOB), ?)`,
  );
  database.exec('BEGIN');
  const time = new Date().toISOString();
  for (const step of steps) statement.run(RUN.id, time, RUN.name, step, `{"loss":${step}}`, logId(step));
  database.exec('COMMIT');
  database.close();
}

it.each(['local', 'network'])('rows that are committed on a %s disk come into view', async (disk) => {
  const { dir, steps } = await show(disk, true);
  expect(await steps('new')).toEqual([]);
  for (const step of [0, 1, 2]) {
    insert(dir, [step]);
    await vi.waitUntil(async () => (await steps('new')).length === step + 1, { timeout: 10_000 });
  }
  expect(await steps('new')).toEqual([0, 1, 2]);
});

it('fragments come into view where there is no database', async () => {
  const { dir, steps } = await show('local', false);
  expect(await steps('new')).toEqual([0]);
  await write(dir, 1, [1, 2]);
  await vi.waitUntil(async () => (await steps('new')).length === 3, { timeout: 10_000, interval: 20 });
});

it('an import takes no row away and shows none twice', async () => {
  const { dir, steps, feed } = await show('local', true);
  await write(dir, 0, [0, 1, 2, 3]);
  await vi.waitUntil(async () => (await steps('new')).length === 4, { timeout: 10_000, interval: 20 });
  const seen = new Set<number>();
  let watching = true;
  const watch = (async () => {
    while (watching) {
      seen.add((await steps('new')).length);
      await sleep(5);
    }
  })();
  insert(dir, [0, 1]);
  await sleep(600);
  insert(dir, [2, 3]);
  await sleep(600);
  for (const writer of readdirSync(join(dir, 'inbox')))
    rmSync(join(dir, 'inbox', writer), { recursive: true });
  await sleep(600);
  insert(dir, [4]);
  await vi.waitUntil(async () => (await steps('new')).length === 5, { timeout: 10_000 });
  watching = false;
  await watch;
  expect([...seen].sort((a, b) => a - b)).toEqual([4, 5]);
  expect(await steps('new')).toEqual([0, 1, 2, 3, 4]);
  expect(listRuns(feed.snapshot).find(({ name }) => name === 'new')?.config).toEqual({ lr: 1 });
});

it('rows that are deleted go', async () => {
  const { dir, steps } = await show('local', true);
  insert(dir, [0, 1, 2]);
  await vi.waitUntil(async () => (await steps('new')).length === 3, { timeout: 10_000 });
  const database = new DatabaseSync(join(dir, 'good.db'));
  database.exec(`DELETE FROM metrics WHERE run_name = 'new' AND step = 1`);
  database.close();
  await vi.waitUntil(async () => (await steps('new')).length === 2, { timeout: 10_000 });
  expect(await steps('new')).toEqual([0, 2]);
});
