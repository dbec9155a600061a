/** SQLite and fragments keep the promises of shards: nothing is lost, trouble is told once, and told well. Real processes. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ended, Trainer } from './trainer-process.ts';
import { isAlive, makeDirectory, publishersOf, startTrainer, until } from './trainer-process.ts';
import { listRuns } from './stored.ts';

const SQLITE = { TRACKIO_STORAGE_MODE: 'sqlite', LAMELLA_FILESYSTEM_CLASS: 'local' };
const JSONL = { TRACKIO_STORAGE_MODE: 'jsonl' };
const CALLS = 5000;

let directory: ReturnType<typeof makeDirectory>;
let dir: string;
let database: string;
const undo: (() => void)[] = [];

beforeEach(() => {
  directory = makeDirectory();
  dir = join(directory.path, 'trackio');
  database = join(dir, 'p.db');
});

afterEach(() => {
  for (const step of undo.splice(0).toReversed()) step();
  directory.remove();
});

interface Logged {
  readonly steps: readonly number[];
  readonly alerts: readonly string[];
  readonly configs: readonly unknown[];
}

const NOTHING: Logged = { steps: [], alerts: [], configs: [] };

function inDatabase(path = database): Logged {
  if (!existsSync(path)) return NOTHING;
  const open = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  const all = (sql: string): string[] =>
    open
      .prepare(sql)
      .all()
      .map((row) => String(row['it']));
  try {
    // Its tables come with the first flush.
    if (all(`SELECT name AS it FROM sqlite_schema WHERE name = 'metrics'`).length === 0) return NOTHING;
    return {
      steps: all('SELECT step AS it FROM metrics ORDER BY id').map(Number),
      alerts: all(`SELECT level || ': ' || title AS it FROM alerts ORDER BY id`),
      configs: all('SELECT CAST(config AS TEXT) AS it FROM configs').map(
        (text) => JSON.parse(text) as unknown,
      ),
    };
  } finally {
    open.close();
  }
}

function inInbox(): Logged {
  const inbox = join(dir, 'inbox');
  const files = existsSync(inbox) ? readdirSync(inbox, { recursive: true, encoding: 'utf8' }) : [];
  const records = files
    .filter((file) => file.endsWith('.jsonl'))
    .sort()
    .flatMap((file) => readFileSync(join(inbox, file), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    // The folders of writers have random names.
    .sort((a, b) => Date.parse(String(a['timestamp'])) - Date.parse(String(b['timestamp'])));
  return {
    steps: records.filter(({ kind }) => kind === 'metric').map(({ step }) => Number(step)),
    alerts: records
      .filter(({ kind }) => kind === 'alert')
      .map(({ level, title }) => `${String(level)}: ${String(title)}`),
    configs: records
      .filter(({ config }) => config !== null && config !== undefined)
      .map(({ config }) => config),
  };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, step) => step);
async function heard(trainer: Trainer, text: string): Promise<void> {
  await until(`the trainer says ${text}`, () => trainer.errors().includes(text));
}

const lines = ({ stderr }: Ended): string[] => stderr.split('\n').filter((line) => line !== '');

function toldBySteady({ stdout }: Ended): {
  calls: number;
  flushed?: unknown;
  result: Record<string, unknown>;
} {
  return JSON.parse(stdout.split('\n')[1] ?? '') as ReturnType<typeof toldBySteady>;
}

describe.each([
  ['sqlite', SQLITE, () => inDatabase()],
  ['jsonl', JSONL, () => inInbox()],
] as const)('%s', (_mode, env, logged) => {
  it('loses no call whose log() had returned, when the training is killed in a loop that never yields', async () => {
    const countFile = join(directory.path, 'count');
    expect((await startTrainer('endless', [dir, countFile, '4'], env).ended).signal).toBe('SIGKILL');
    const returned = Number(readFileSync(countFile).readBigInt64LE());
    expect(returned).toBeGreaterThan(1000);
    await until('the failure is stored', () => logged().alerts.length > 0);
    const { steps, alerts } = logged();
    expect(alerts).toEqual(['error: The run failed']);
    expect(steps.length).toBeGreaterThanOrEqual(returned);
    expect(steps).toEqual(upTo(steps.length));
  });

  it('has everything at process.exit right after the last log, and no store of shards', async () => {
    const ended = await startTrainer('exit', [dir, '0'], env).ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(logged()).toMatchObject({ steps: upTo(CALLS), alerts: [] });
    expect(readdirSync(dir).filter((name) => name.startsWith('_lamella') || name.includes('='))).toEqual([]);
  });

  it('has published what flush and finish say, also after its publisher was killed', async () => {
    const trainer = startTrainer('steady', [dir, '3', 'flush'], env);
    await trainer.printed('started');
    await until('something is stored', () => logged().steps.length > 0);
    process.kill(publishersOf(trainer.child.pid ?? 0)[0] ?? 0, 'SIGKILL');
    const ended = await trainer.ended;
    const { calls, result } = toldBySteady(ended);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/the publisher of run r died/);
    const { steps } = logged();
    expect(new Set(steps).size).toBe(steps.length);
    expect(calls - steps.length).toBeLessThanOrEqual(Number(result['lost']));
  });

  it.each(['local', 'network'])('takes eight ranks of one run at once, on a %s disk', async (of) => {
    const ranks = await Promise.all(
      upTo(8).map((rank) => {
        const launch = { RANK: String(rank), LOCAL_RANK: '0', WORLD_SIZE: '8', TORCHELASTIC_RUN_ID: 'job' };
        return startTrainer('rank', [dir, 'r'], { ...env, ...launch, LAMELLA_FILESYSTEM_CLASS: of }).ended;
      }),
    );
    expect(ranks.map(({ code }) => code)).toEqual(upTo(8).map(() => 0));
    const { steps, alerts } = logged();
    expect(alerts).toEqual([]);
    expect([...steps].sort((a, b) => a - b)).toEqual(upTo(800).map((i) => Math.floor(i / 8)));
  });

  it('does not make a directory again that was removed under it, and goes on when it is there', async () => {
    const trainer = startTrainer('steady', [dir, '12', 'flush'], env);
    await trainer.printed('started');
    await until('something is stored', () => logged().steps.length > 0);
    rmSync(dir, { recursive: true });
    await heard(trainer, 'the directory is gone');
    expect(existsSync(dir)).toBe(false);
    mkdirSync(dir);
    const ended = await trainer.ended;
    const { calls, result } = toldBySteady(ended);
    expect(result).toMatchObject({ published: true, dropped: 0, lost: 0 });
    const { steps } = logged();
    expect(steps.length).toBeGreaterThan(0);
    expect(steps).toEqual(upTo(calls).slice(-steps.length));
  });

  it('goes on with a run that exists: after its last step, with its config', async () => {
    await startTrainer('resumed', [dir, 'never'], env).ended;
    const ended = await startTrainer('resumed', [dir, 'must'], env).ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(logged().steps).toEqual([0, 1, 10, 11, 12, 13, 10, 14]);
  });

  it('keeps changes of the config, whole, also those after the last call', async () => {
    await startTrainer('module', [dir], env).ended;
    const config = logged().configs as Record<string, unknown>[];
    expect(config.find((one) => one['batch'] !== undefined)).toMatchObject({
      nested: { x: [1] },
      _Group: null,
    });
    expect(config.find((one) => one['lr'] !== undefined)).toMatchObject({ lr: expect.any(Number) as number });
  });
});

describe('sqlite in trouble', () => {
  it('tells once that the database is locked, tries again, and has lost nothing', async () => {
    mkdirSync(dir);
    const other = new DatabaseSync(database);
    other.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; CREATE TABLE held (n)');
    const trainer = startTrainer('steady', [dir, '16', 'flush'], SQLITE);
    await trainer.printed('started');
    await heard(trainer, 'is locked by another process');
    other.exec('ROLLBACK');
    other.close();
    const ended = await trainer.ended;
    const { calls, result } = toldBySteady(ended);
    expect(result).toMatchObject({ published: true, dropped: 0, lost: 0 });
    expect(inDatabase().steps).toEqual(upTo(calls));
    expect(lines(ended).filter((line) => line.includes('is locked by another process'))).toHaveLength(1);
    expect(lines(ended).filter((line) => line.includes('works again'))).toHaveLength(1);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'tells once that the disk is full, tries again, and has lost nothing (skipped without root)',
    async () => {
      mkdirSync(dir);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', dir]);
      undo.push(() => execFileSync('umount', ['-l', dir]));
      writeFileSync(join(dir, 'ballast'), new Uint8Array(200 * 1024));
      const trainer = startTrainer('steady', [dir, '12', 'flush'], {
        ...SQLITE,
        LAMELLA_FILESYSTEM_CLASS: '',
      });
      await trainer.printed('started');
      await heard(trainer, 'publishing fails');
      execFileSync('mount', ['-o', 'remount,size=64m', dir]);
      const ended = await trainer.ended;
      const { calls, result } = toldBySteady(ended);
      expect(result).toMatchObject({ published: true, dropped: 0, lost: 0 });
      expect(inDatabase().steps).toEqual(upTo(calls));
      const told = lines(ended);
      expect(told).toHaveLength(2);
      expect(told[0]).toMatch(/^lamella: publishing fails: the database .*p\.db .*(?:full|I\/O|read)/);
      expect(told[1]).toMatch(/works again/);
    },
  );

  it('goes on in a new database when the one it had open was removed, and says so', async () => {
    const trainer = startTrainer('steady', [dir, '8', 'flush'], SQLITE);
    await trainer.printed('started');
    await until('something is stored', () => inDatabase().steps.length > 0);
    for (const name of readdirSync(dir)) rmSync(join(dir, name));
    const ended = await trainer.ended;
    const { calls, result } = toldBySteady(ended);
    expect(result).toMatchObject({ published: true, dropped: 0, lost: 0 });
    expect(inDatabase().steps.at(-1)).toBe(calls - 1);
    expect(lines(ended)).toEqual([expect.stringContaining('was removed or replaced')]);
  });

  it('refuses the database of another host, with both ways out, and takes it when that host is gone', async () => {
    mkdirSync(dir);
    const owner = `${database}-owner.json`;
    const claim = { host: 'node-17', boot_id: 'another', pid: 4711, renewed: '2026-01-01T00:00:00Z' };
    writeFileSync(owner, JSON.stringify(claim));
    const env = { ...SQLITE, LAMELLA_FILESYSTEM_CLASS: 'network', LAMELLA_FINISH_SECONDS: '1' };
    const trainer = startTrainer('steady', [dir, '8', 'flush'], env);
    await trainer.printed('started');
    const [publisher = 0] = publishersOf(trainer.child.pid ?? 0);
    const ended = await trainer.ended;
    expect(toldBySteady(ended).result).toMatchObject({ published: false });
    const refusals = lines(ended).filter((line) => line.includes('is written by host node-17'));
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatch(/TRACKIO_STORAGE_MODE=parquet.*TRACKIO_DIR on a disk of this host/);
    expect(existsSync(database)).toBe(false);
    await until('the publisher has given up', () => !isAlive(publisher));
    const longAgo = Date.now() / 1000 - 120;
    utimesSync(owner, longAgo, longAgo);
    expect(
      toldBySteady(await startTrainer('steady', [dir, '1'], { ...env, LAMELLA_FINISH_SECONDS: '30' }).ended)
        .result,
    ).toMatchObject({
      published: true,
    });
    expect(existsSync(owner)).toBe(false);
  });
});

describe('what the user hears and sets', () => {
  const NETWORK = { TRACKIO_STORAGE_MODE: 'sqlite', LAMELLA_FILESYSTEM_CLASS: 'network' };
  const journalByte = (): number => readFileSync(database)[18] ?? 0;

  it('is one warning a process about SQLite on a shared disk, whatever the number of runs', async () => {
    const ended = await startTrainer('module', [dir], NETWORK).ended;
    const told = lines(ended).filter((line) => line.includes('filesystem'));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(
      /^lamella: \S+ is on a network filesystem \(.+\), where SQLite is safe for one host only; opened with journal_mode=DELETE, synchronous=FULL, mmap_size=0\. Best: TRACKIO_STORAGE_MODE=parquet/,
    );
    expect(journalByte()).toBe(1);
  });

  it.each([
    ['the pragmas are set', { ...NETWORK, TRACKIO_SQLITE_JOURNAL_MODE: 'TRUNCATE' }],
    ['shards are written', { LAMELLA_FILESYSTEM_CLASS: 'network' }],
    ['fragments are written', { TRACKIO_STORAGE_MODE: 'jsonl', LAMELLA_FILESYSTEM_CLASS: 'network' }],
    ['the disk is local', SQLITE],
  ])('is nothing when %s', async (_when, env) => {
    expect(await startTrainer('exit', [dir, '0'], env).ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('is WAL on a local disk and DELETE where the user says so; a value that is not allowed is told', async () => {
    await startTrainer('exit', [dir, '0'], SQLITE).ended;
    expect(journalByte()).toBe(2);
    rmSync(dir, { recursive: true });
    const env = { ...SQLITE, TRACKIO_SQLITE_JOURNAL_MODE: 'delete', TRACKIO_SQLITE_SYNCHRONOUS: 'always' };
    const ended = await startTrainer('exit', [dir, '0'], env).ended;
    expect(journalByte()).toBe(1);
    expect(lines(ended)).toEqual([
      'lamella: TRACKIO_SQLITE_SYNCHRONOUS="always" is not allowed (allowed: OFF, NORMAL, FULL, EXTRA); NORMAL is used',
    ]);
  });

  it('is one warning about a mode that is none, and shards', async () => {
    const ended = await startTrainer('exit', [dir, '0'], { TRACKIO_STORAGE_MODE: 'mysql' }).ended;
    expect(lines(ended)).toEqual([
      'lamella: TRACKIO_STORAGE_MODE="mysql" is not allowed (allowed: parquet, sqlite, jsonl, auto); parquet is used',
    ]);
    expect(await listRuns(dir, 'p')).toEqual(['r']);
  });

  it('auto goes on with a database on a local disk, and writes shards beside it on another', async () => {
    await startTrainer('resumed', [dir, 'never'], SQLITE).ended;
    const auto = { TRACKIO_STORAGE_MODE: 'auto', LAMELLA_FILESYSTEM_CLASS: 'local' };
    await startTrainer('resumed', [dir, 'must'], auto).ended;
    expect(inDatabase().steps).toEqual([0, 1, 10, 11, 12, 13, 10, 14]);
    await startTrainer('exit', [dir, '0'], { ...auto, LAMELLA_FILESYSTEM_CLASS: 'parallel' }).ended;
    expect(inDatabase().steps).toHaveLength(8);
    expect(await listRuns(dir, 'p')).toEqual(['r']);
  });
});
