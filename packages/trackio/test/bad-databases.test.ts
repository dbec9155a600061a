import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isKind } from '@lamella/store';
import {
  type DatabaseProblem,
  describeAge,
  openTrackioDatabase,
  problemOf,
  TrackioSource,
} from '../src/index.ts';
import { rowsByRun } from './describe-database.ts';
import { type Scratch, scratch, unpack } from './directories.ts';

let work: Scratch;
let good = '';
let path = '';
let count = 0;
beforeAll(() => {
  work = scratch();
  good = join(unpack('0.43.0', work.path), 'sample-one.db');
});
beforeEach(() => {
  count += 1;
  mkdirSync(join(work.path, String(count)));
  path = join(work.path, String(count), 'project.db');
});
afterAll(() => work.dispose());

/** What opening it in place, and what copying it, is refused for. */
async function problems(): Promise<(DatabaseProblem | null)[]> {
  const found: (DatabaseProblem | null)[] = [];
  try {
    openTrackioDatabase(path).close();
    found.push(null);
  } catch (error) {
    found.push(problemOf(error));
    expect(String(error)).toContain(path);
  }
  const source = new TrackioSource({
    path,
    filesystem: 'network',
    copyFolder: join(work.path, `copies-${count}`),
    environment: { now: Date.now, sleep: async () => undefined, random: () => 0 },
  });
  try {
    await source.refresh();
    found.push(null);
  } catch (error) {
    found.push(problemOf(error));
    expect(String(error)).toContain(path);
  } finally {
    await source.close();
  }
  return found;
}

describe('a database that is none is named', () => {
  it('when it is not there', async () => {
    expect(await problems()).toEqual(['missing', 'missing']);
  });

  it('when only its log is there', async () => {
    writeFileSync(`${path}-wal`, Buffer.alloc(100, 1));
    expect(await problems()).toEqual(['wal-without-database', 'wal-without-database']);
  });

  it('when it is empty', async () => {
    writeFileSync(path, '');
    expect(await problems()).toEqual(['zero-byte', 'zero-byte']);
  });

  it('when it is encrypted, or another file', async () => {
    writeFileSync(path, Buffer.from(Array.from({ length: 8192 }, (_, index) => (index * 193 + 7) & 0xff)));
    expect(await problems()).toEqual(['not-sqlite', 'not-sqlite']);
    writeFileSync(path, 'not a database at all');
    expect(await problems()).toEqual(['not-sqlite', 'not-sqlite']);
  });

  it('when it is cut off', async () => {
    cpSync(good, path);
    truncateSync(path, 12_288);
    expect(await problems()).toEqual(['truncated', 'truncated']);
    truncateSync(path, 50);
    expect(await problems()).toEqual(['truncated', 'truncated']);
  });

  it('when its pages are damaged, at the first read of them, and never shown from a copy', async () => {
    const bytes = readFileSync(good);
    bytes.fill(0xaa, 4096, bytes.length);
    writeFileSync(path, bytes);
    expect(await problems()).toEqual(['corrupt', 'corrupt']);
  });

  it('when it belongs to another program', async () => {
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE experiments (id); CREATE TABLE metrics (key, value)');
    database.close();
    expect(await problems()).toEqual(['foreign', 'foreign']);
  });

  it('when it has no tables yet', async () => {
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 1');
    database.close();
    expect(await problems()).toEqual(['not-yet', 'not-yet']);
  });

  it('when it is a directory', async () => {
    mkdirSync(path);
    expect(await problems()).toEqual(['unreadable', 'unreadable']);
  });

  it('when it may not be read', async (context) => {
    if (process.getuid?.() === 0) context.skip('root may read everything');
    cpSync(good, path);
    chmodSync(path, 0o000);
    expect(await problems()).toEqual(['unreadable', 'unreadable']);
  });

  it('with an error whose kind says what to do', () => {
    writeFileSync(path, '');
    expect(() => openTrackioDatabase(path)).toThrowError(/is empty \(0 bytes\)/);
    try {
      openTrackioDatabase(path);
    } catch (error) {
      expect(isKind(error, 'corrupt')).toBe(true);
    }
  });
});

describe('a database that a writer holds for itself', () => {
  it.each(['WAL', 'DELETE'])('(%s) is read from a copy, on a local disk, too', async (mode) => {
    cpSync(good, path);
    const holder = spawn(process.execPath, ['--no-warnings', '--eval', HOLDER, path, mode], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(holder, 'exit');
    await once(holder.stdout, 'data');
    expect(() => openTrackioDatabase(path)).toThrowError(/is locked by another process/);
    const source = new TrackioSource({
      path,
      filesystem: 'local',
      copyFolder: join(work.path, `held-${mode}`),
    });
    try {
      await source.refresh();
      expect(source.age.inPlace).toBe(false);
      expect(rowsByRun(source.database.logs, 'metrics').map(({ steps }) => steps.length)).toEqual([20, 5, 7]);
    } finally {
      await source.close();
      holder.kill();
      await ended;
    }
    expect(existsSync(join(work.path, `held-${mode}`))).toBe(false);
  });
});

/** Takes a database for itself, says so, and keeps it. */
const HOLDER = `
const { DatabaseSync } = require('node:sqlite');
const [path, mode] = process.argv.slice(1);
const database = new DatabaseSync(path);
database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = ' + mode + ";INSERT INTO project_metadata VALUES ('k', 'v')");
console.log('held');
setInterval(() => database.isOpen, 1000);
`;

describe('a database that is open in this process', () => {
  it('is not read as a file, which would drop the locks of its connection', async () => {
    cpSync(good, path);
    const database = openTrackioDatabase(path);
    const copyFolder = join(work.path, 'never');
    const source = new TrackioSource({ path, filesystem: 'network', copyFolder });
    await expect(source.refresh()).rejects.toMatchObject({ kind: 'internal' });
    database.close();
    await source.refresh();
    expect(source.database.logs.read('metrics', 0).rows).toBe(32);
    await source.close();
  });
});

describe('a source', () => {
  it('in place sees commits at once, tells them from none, and opens a replaced file anew', async () => {
    cpSync(good, path);
    const source = new TrackioSource({ path, filesystem: 'local', copyFolder: join(work.path, 'none') });
    const writer = new DatabaseSync(path);
    const insert = (step: number): void => {
      writer
        .prepare(
          `INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES ('n', '', 'new', ?, '{"x":1}')`,
        )
        .run(step);
    };
    expect(await source.refresh()).toMatchObject({ changed: true, reopened: true });
    expect(await source.refresh()).toMatchObject({ changed: false, reopened: false });
    const before = source.database.logs.read('metrics', 0).last;
    insert(0);
    expect(await source.refresh()).toMatchObject({ changed: true, reopened: false });
    expect(source.database.logs.read('metrics', before).rows).toBe(1);
    writer.exec('CREATE TABLE later (x)');
    expect(await source.refresh()).toMatchObject({ changed: true, reopened: true });
    expect(source.database.schema.tables.has('later')).toBe(true);
    writer.close();
    rmSync(path);
    rmSync(`${path}-wal`, { force: true });
    rmSync(`${path}-shm`, { force: true });
    cpSync(join(good, '..', 'ZweitesProjektü.db'), path);
    expect(await source.refresh()).toMatchObject({ changed: true, reopened: true });
    expect(source.database.logs.read('metrics', 0).rows).toBe(5);
    await source.close();
  });

  it('on another disk is a copy: its age is told, and an unmoved file is not copied again', async () => {
    cpSync(good, path);
    let nowMs = Date.now();
    const environment = { now: () => nowMs, sleep: async () => undefined, random: () => 0 };
    const source = new TrackioSource({
      path,
      filesystem: 'parallel',
      copyFolder: join(work.path, 'aged'),
      environment,
    });
    expect(await source.refresh()).toMatchObject({ changed: true, reopened: true });
    const firstPath = source.database.path;
    expect(firstPath).not.toBe(path);
    expect(source.age).toMatchObject({ inPlace: false, readAtMs: nowMs, mayHoldBack: true });
    expect(describeAge(source.age, nowMs + 3000)).toMatch(/^copied 3 s ago; its writer may hold back rows/);
    nowMs += 1000;
    expect(await source.refresh()).toMatchObject({ changed: false });
    expect(source.age.readAtMs).toBe(nowMs);
    nowMs += 10_000; // the file's time may be coarse: it is copied once more, and then never again
    expect(await source.refresh()).toMatchObject({ changed: true });
    nowMs += 100_000;
    expect(await source.refresh()).toMatchObject({ changed: false });
    nowMs += 100_000;
    expect(await source.refresh()).toMatchObject({ changed: false });
    await source.close();
    expect(existsSync(`${path}-shm`)).toBe(false);
  });
});
