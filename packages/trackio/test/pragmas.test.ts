import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  applyPragmas,
  type FilesystemClass,
  openedPragmas,
  PRAGMA_VARIABLES,
  pragmasFor,
  sqliteWarning,
} from '../src/index.ts';
import { type Scratch, scratch } from './directories.ts';

let work: Scratch;
beforeAll(() => {
  work = scratch();
});
afterAll(() => work.dispose());

const SHARED: readonly FilesystemClass[] = ['network', 'parallel', 'object-mount', 'unknown'];
const COMMON = { temp_store: 'MEMORY', mmap_size: 0, cache_size: -20_000 };

describe('pragmas', () => {
  it('are WAL and NORMAL on a local disk', () => {
    expect(pragmasFor('local', {}).pragmas).toEqual({
      ...COMMON,
      journal_mode: 'WAL',
      synchronous: 'NORMAL',
      locking_mode: 'NORMAL',
    });
  });

  it.each(SHARED)('are DELETE and FULL on a disk of class %s, with a busy timeout', (filesystem) => {
    const wanted = pragmasFor(filesystem, {});
    expect(wanted.pragmas).toEqual({
      ...COMMON,
      journal_mode: 'DELETE',
      synchronous: 'FULL',
      locking_mode: 'NORMAL',
    });
    expect(wanted.busyTimeoutMs).toBeGreaterThanOrEqual(5000);
  });

  it('are DELETE and EXCLUSIVE in a Space', () => {
    const { pragmas } = pragmasFor('local', { SYSTEM: 'spaces' });
    expect(pragmas).toMatchObject({ ...COMMON, journal_mode: 'DELETE', locking_mode: 'EXCLUSIVE' });
  });

  it('are what the user says, in any case of letters, on every disk', () => {
    const env = {
      TRACKIO_SQLITE_JOURNAL_MODE: ' truncate ',
      TRACKIO_SQLITE_MMAP_SIZE: '1048576',
      TRACKIO_SQLITE_SYNCHRONOUS: 'Extra',
      TRACKIO_SQLITE_LOCKING_MODE: 'exclusive',
      TRACKIO_SQLITE_TEMP_STORE: 'FILE',
    };
    for (const filesystem of ['local', ...SHARED] as const) {
      const wanted = pragmasFor(filesystem, env);
      expect(wanted.pragmas).toEqual({
        journal_mode: 'TRUNCATE',
        mmap_size: 1_048_576,
        synchronous: 'EXTRA',
        locking_mode: 'EXCLUSIVE',
        temp_store: 'FILE',
        cache_size: -20_000,
      });
      expect([...wanted.fromUser].sort()).toEqual([...PRAGMA_VARIABLES].sort());
      expect(wanted.warnings).toEqual([]);
    }
  });

  it.each([
    ['TRACKIO_SQLITE_JOURNAL_MODE', 'WAL2', 'WAL, DELETE, TRUNCATE, PERSIST, MEMORY, OFF', 'DELETE'],
    ['TRACKIO_SQLITE_SYNCHRONOUS', '2', 'OFF, NORMAL, FULL, EXTRA', 'FULL'],
    ['TRACKIO_SQLITE_LOCKING_MODE', 'shared', 'NORMAL, EXCLUSIVE', 'NORMAL'],
    ['TRACKIO_SQLITE_TEMP_STORE', 'ram', 'DEFAULT, FILE, MEMORY', 'MEMORY'],
    ['TRACKIO_SQLITE_MMAP_SIZE', '-1', 'a whole number of bytes from 0', '0 is used'],
    ['TRACKIO_SQLITE_MMAP_SIZE', '256MB', 'a whole number of bytes from 0', '0 is used'],
  ])(
    'answer %s=%s with one warning that says what is allowed and what is used',
    (variable, value, allowed, used) => {
      const wanted = pragmasFor('network', { [variable]: value });
      expect(wanted.warnings).toHaveLength(1);
      for (const part of [variable, value, allowed, used]) expect(wanted.warnings[0]).toContain(part);
      expect(wanted.pragmas).toEqual(pragmasFor('network', {}).pragmas);
      expect(wanted.fromUser).toEqual([]);
    },
  );

  it('are nothing to warn of on a local disk, or where the user has chosen', () => {
    expect(sqliteWarning('local', 'ext4', '/d', pragmasFor('local', {}))).toBeNull();
    const chosen = pragmasFor('network', { TRACKIO_SQLITE_JOURNAL_MODE: 'DELETE' });
    expect(sqliteWarning('network', 'nfs4', '/d', chosen)).toBeNull();
  });

  it.each(SHARED)(
    'are told in one line on a disk of class %s: what was found, done, and is best',
    (filesystem) => {
      const warning = sqliteWarning(filesystem, 'sometype', '/fsx/runs', pragmasFor(filesystem, {}));
      expect(warning).not.toContain('\n');
      for (const part of ['/fsx/runs', 'sometype', 'journal_mode=DELETE', 'parquet', 'node-local'])
        expect(warning).toContain(part);
    },
  );
});

describe('what SQLite answers', () => {
  it('is read back from a real connection, which leaves nothing', () => {
    const directory = join(work.path, 'probed');
    mkdirSync(directory);
    const opened = openedPragmas(directory, 'parallel', { TRACKIO_SQLITE_JOURNAL_MODE: 'persist' });
    expect(opened).toMatchObject({ opened: true, differences: [], refusal: null });
    expect(opened.pragmas).toMatchObject({ ...COMMON, journal_mode: 'PERSIST', synchronous: 'FULL' });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is said where it differs from what was asked', () => {
    const opened = openedPragmas(work.path, 'local', { TRACKIO_SQLITE_MMAP_SIZE: String(2 ** 46) });
    expect(opened.pragmas.mmap_size).toBeLessThan(2 ** 46);
    expect(opened.differences).toEqual([`mmap_size is ${opened.pragmas.mmap_size}, not ${2 ** 46}`]);
  });

  it('is what would be set where no database can be made', () => {
    const directory = process.getuid?.() === 0 ? join(work.path, 'nowhere') : join(work.path, 'closed');
    if (process.getuid?.() !== 0) {
      mkdirSync(directory);
      chmodSync(directory, 0o500);
    }
    const opened = openedPragmas(directory, 'network', {});
    expect(opened).toMatchObject({ opened: false, pragmas: pragmasFor('network', {}).pragmas });
    expect(opened.refusal).toMatch(/EACCES|ENOENT/);
  });

  it('to journal_mode=DELETE is WAL while another connection holds the database: detected and said', () => {
    const path = join(work.path, 'held.db');
    const other = new DatabaseSync(path);
    applyPragmas(other, pragmasFor('local', {}));
    other.exec('CREATE TABLE t (x)');
    const mine = new DatabaseSync(path);
    const applied = applyPragmas(mine, { ...pragmasFor('network', {}), busyTimeoutMs: 50 });
    expect(applied.pragmas.journal_mode).toBe('WAL');
    expect(applied.differences).toHaveLength(1);
    expect(applied.differences[0]).toMatch(
      /journal_mode is WAL, not DELETE: another connection has this database open/,
    );
    mine.close();
    other.close();
    const alone = new DatabaseSync(path);
    expect(applyPragmas(alone, pragmasFor('network', {})).differences).toEqual([]);
    alone.close();
  });
});

/** Runs in a child, because this process may have mapped anything: opens, writes, prints its maps of the database. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { applyPragmas, pragmasFor } from '@lamella/trackio';
const [path, mode] = process.argv.slice(1);
const database = new DatabaseSync(path);
const env = { TRACKIO_SQLITE_JOURNAL_MODE: 'WAL', ...(mode === 'EXCLUSIVE' ? { TRACKIO_SQLITE_LOCKING_MODE: 'EXCLUSIVE' } : {}) };
const { pragmas } = applyPragmas(database, pragmasFor('network', env));
database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
const rows = database.prepare('SELECT count(*) AS n FROM t').get().n;
const maps = readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => line.includes(path));
console.log(JSON.stringify({ pragmas, rows, maps: maps.length }));
`;

describe.skipIf(!existsSync('/proc/self/maps'))(
  'locking_mode=EXCLUSIVE with WAL (needs /proc/self/maps: else skipped)',
  () => {
    it.each([
      ['EXCLUSIVE', 0],
      ['NORMAL', 1],
    ])('%s maps %i files of the database', (mode, mapped) => {
      const path = join(work.path, `maps-${mode}.db`);
      const child = spawnSync(
        process.execPath,
        ['--conditions=source', '--no-warnings', '--input-type=module', '--eval', PROGRAM, path, mode],
        {
          cwd: import.meta.dirname,
          encoding: 'utf8',
        },
      );
      expect(child.stderr).toBe('');
      const answer = JSON.parse(child.stdout) as { pragmas: unknown; rows: number; maps: number };
      expect(answer).toMatchObject({ pragmas: { journal_mode: 'WAL', locking_mode: mode }, rows: 1 });
      expect(Math.min(answer.maps, 1)).toBe(mapped);
      expect(existsSync(`${path}-shm`)).toBe(false);
    });
  },
);
