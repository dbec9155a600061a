/** Trackio directories with something wrong in them: each fault is told by name, and the rest is shown. */
import { cpSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFragmentWriter } from '@lamella/trackio';
import { scratch, unpack } from '../packages/trackio/test/directories.ts';
import type { Scratch } from '../packages/trackio/test/directories.ts';
import { runCommandLine } from '../packages/app/src/commands/command-line.ts';
import { batchOf, putShard, startRow, T0_US, writerId } from '../packages/app/test/stores.ts';

let work: Scratch;
let good = '';
let dir = '';
let count = 0;
beforeAll(() => {
  work = scratch();
  good = join(unpack('0.43.0', work.path), 'sample-one.db');
});
beforeEach(() => {
  dir = join(work.path, String(count++));
  mkdirSync(dir);
  cpSync(good, join(dir, 'good.db'));
});
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(() => work.dispose());

async function lamella(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const output = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  const signal = new AbortController().signal;
  const code = await runCommandLine([...args, '--dir', dir], { output, env: {}, signal });
  return { code, out, err };
}

async function projects(): Promise<{ names: string[]; err: string }> {
  const { code, out, err } = await lamella('list', 'projects', '--json');
  expect(code).toBe(0);
  return { names: (JSON.parse(out) as { projects: string[] }).projects, err };
}

async function expectGoodIsShown(): Promise<void> {
  const { code, out, err } = await lamella('list', 'runs', '--project', 'good', '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect((JSON.parse(out) as { runs: string[] }).runs).toHaveLength(3);
}

const FAULTS: readonly (readonly [string, () => void, RegExp])[] = [
  ['zero-byte', () => writeFileSync(join(dir, 'bad.db'), ''), /bad\.db is empty \(0 bytes\)/],
  [
    'encrypted',
    () => writeFileSync(join(dir, 'bad.db'), Buffer.alloc(8192, 0xa7)),
    /bad\.db is not an SQLite/,
  ],
  [
    'truncated',
    () => {
      cpSync(good, join(dir, 'bad.db'));
      truncateSync(join(dir, 'bad.db'), 20_000);
    },
    /bad\.db is (cut off|damaged)/,
  ],
  [
    'foreign',
    () => {
      const other = new DatabaseSync(join(dir, 'bad.db'));
      other.exec('CREATE TABLE bookmarks (url)');
      other.close();
    },
    /bad\.db is not one of Trackio/,
  ],
];

describe.each(FAULTS)('a %s database', (_name, make, message) => {
  it.each(['local', 'network'])('on a %s disk is told by name, and the rest is shown', async (disk) => {
    vi.stubEnv('LAMELLA_FILESYSTEM_CLASS', disk);
    make();
    const { names, err } = await projects();
    expect(names).toEqual(['bad', 'good']);
    if (disk === 'local') expect(err).toMatch(message);
    const bad = await lamella('list', 'runs', '--project', 'bad');
    expect(bad.code).not.toBe(0);
    expect(bad.err).toMatch(message);
    await expectGoodIsShown();
  });
});

it('a database that its writer holds for itself is shown from a copy', async () => {
  const owner = new DatabaseSync(join(dir, 'good.db'));
  owner.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT');
  try {
    await expectGoodIsShown();
  } finally {
    owner.close();
  }
});

it('a log without its database is told by name', async () => {
  writeFileSync(join(dir, 'lost.db-wal'), Buffer.alloc(64));
  const { names, err } = await projects();
  expect(names).toEqual(['good']);
  expect(err).toMatch(/lost\.db-wal is a write-ahead log without its database/);
  await expectGoodIsShown();
});

it('names that are one to Trackio are told, and shown under the names of their files', async () => {
  cpSync(good, join(dir, 'my proj.db'));
  cpSync(good, join(dir, 'myproj.db'));
  const { names, err } = await projects();
  expect(names).toEqual(['good', 'my proj', 'myproj']);
  expect(err).toMatch(/my proj\.db and myproj\.db are one project/);
});

it('a thousand projects are listed', async () => {
  const small = join(work.path, 'small.db');
  const database = new DatabaseSync(small);
  database.exec(
    'CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT)',
  );
  database.close();
  for (let i = 0; i < 999; i++) cpSync(small, join(dir, `p${String(i).padStart(4, '0')}.db`));
  const { names, err } = await projects();
  expect(names).toHaveLength(1000);
  expect(err).toBe('');
  await expectGoodIsShown();
});

it('a project of both is one project: runs of a database and runs of shards', async () => {
  const writer = writerId(1);
  const rows = [startRow({ name: 'ours' }), { key: 'loss', step: 0, value: 1, timeUs: T0_US }];
  await putShard(dir, { project: 'good', run: 'run-of-shards', writer }, batchOf(writer, rows));
  expect((await projects()).names).toEqual(['good']);
  const { out } = await lamella('list', 'runs', '--project', 'good', '--json');
  const { runs } = JSON.parse(out) as { runs: string[] };
  expect(runs).toHaveLength(4);
  expect(runs).toContain('ours');
  const got = await lamella(
    'get',
    'metric',
    '--project',
    'good',
    '--run',
    'ours',
    '--metric',
    'loss',
    '--json',
  );
  expect(JSON.parse(got.out)).toEqual({
    project: 'good',
    run: 'ours',
    metric: 'loss',
    values: [{ timestamp: '2026-01-01T00:00:00+00:00', step: 0, value: 1 }],
  });
});

it('says of a copy how old it is, and of a database in place nothing', async () => {
  const ages = async (): Promise<(string | undefined)[]> => {
    const { out } = await lamella('list', 'runs', '--project', 'good', '--json');
    return (JSON.parse(out) as { details: { age?: string }[] }).details.map(({ age }) => age);
  };
  expect(new Set(await ages())).toEqual(new Set([undefined]));
  vi.stubEnv('LAMELLA_FILESYSTEM_CLASS', 'network');
  expect((await ages()).every((age) => /^copied \d+ s ago/.test(age ?? ''))).toBe(true);
});

it('fragments that an import took in count once, whether or not the files are still there', async () => {
  const writer = createFragmentWriter(dir);
  const hex = (n: number): string => n.toString(16).padStart(32, '0');
  const run = { id: hex(7), name: 'both' };
  const calls = [0, 1, 2].map((step) => ({
    kind: 'metric' as const,
    step,
    timeUs: T0_US + step,
    logId: hex(100 + step),
    keys: ['loss'],
    values: Float64Array.of(step),
  }));
  await writer.write({ project: 'good', run, config: null, calls });
  const database = new DatabaseSync(join(dir, 'good.db'));
  database.exec(`INSERT INTO metrics (run_id, timestamp, run_name, step, metrics, log_id)
    VALUES ('${run.id}', '2026-01-01T00:00:00+00:00', 'both', 0, CAST('{"loss":0}' AS BLOB), '${hex(100)}')`);
  database.close();
  const steps = async (): Promise<number[]> => {
    const { out, err } = await lamella(
      'get',
      'metric',
      '--project',
      'good',
      '--run',
      'both',
      '--metric',
      'loss',
      '--json',
    );
    expect(err).toBe('');
    return (JSON.parse(out) as { values: { step: number }[] }).values.map(({ step }) => step);
  };
  expect(await steps()).toEqual([0, 1, 2]);
  rmSync(join(dir, 'inbox'), { recursive: true });
  expect(await steps()).toEqual([0]);
});
