/**
 * What people get wrong, and what disks do: each gives one clear line that names the thing and says what to do,
 * nothing that is stored is lost, and the rest goes on.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { openReader, type RecordBatch } from '@lamella/store';
import { createFilesystemBackend, nodeCodec, systemClock } from '@lamella/store/node';
import { describe, expect, it } from 'vitest';
import { type Ended, lamella, newFolder, startScript, waitFor } from './processes.ts';

interface RunAnswer {
  readonly id: string;
  readonly problems: readonly string[];
  readonly records: number;
}

/** A store with one finished run of 20 calls, `project` / `run-1`, and its only directory of shards. */
async function newStore(): Promise<{ readonly dir: string; readonly shards: string }> {
  const dir = newFolder();
  const options = JSON.stringify({ dir, project: 'project', id: 'run-1', name: 'run-1' });
  expect(await startScript('test/e2e/trainer.ts', [options, '20']).ended).toMatchObject({
    code: 0,
    stderr: '',
  });
  const shards = join(dir, 'project=project', 'run=run-1');
  return { dir, shards };
}

/** Asserts an error of the command line: its exit code, and one line on stderr that names `name`. */
function expectOneLine(ended: Ended, exitCode: number, name: string | RegExp): void {
  expect(ended.code, ended.stderr).toBe(exitCode);
  expect(ended.stdout).toBe('');
  expect(ended.stderr.trim().split('\n'), ended.stderr).toHaveLength(1);
  expect(ended.stderr).toMatch(name);
}

async function readRun(dir: string, project: string, run: string): Promise<RecordBatch> {
  const reader = openReader({ backend: createFilesystemBackend(dir), codec: nodeCodec, clock: systemClock });
  return reader.readRows(await reader.refreshRun(project, run));
}

function valuesOf(rows: RecordBatch, key: string): number[] {
  return Array.from(rows.value).filter((_, row) => rows.kind[row] === 'metric' && rows.key[row] === key);
}

describe('the command line', () => {
  it('names an unknown project, and those that exist', async () => {
    const { dir } = await newStore();
    const ended = await lamella(['list', 'runs', '--dir', dir, '--project', 'projet', '--json']);
    expectOneLine(ended, 4, /projet\b.*project/);
  });

  it('names an unknown run', async () => {
    const { dir } = await newStore();
    const ended = await lamella(['list', 'metrics', '--dir', dir, '--project', 'project', '--run', 'run-7']);
    expectOneLine(ended, 4, /run-7/);
  });

  it.each([
    ['list', 'projects'],
    ['show', '--port', '0'],
  ])('%s %s: names a directory that does not exist, and makes none', async (...command) => {
    const dir = join(newFolder(), 'nowhere');
    expectOneLine(await lamella([...command, '--dir', dir]), 4, dir);
    expect(readdirSync(join(dir, '..'))).toEqual([]);
  });

  it('names a directory that is a file', async () => {
    const file = join(newFolder(), 'file');
    writeFileSync(file, 'not a directory');
    expectOneLine(await lamella(['list', 'projects', '--dir', file]), 2, file);
  });

  it('names an option that does not exist', async () => {
    expectOneLine(await lamella(['list', 'projects', '--drectory', '.']), 2, /drectory/);
  });

  it('names a port in use, and says what to do', async () => {
    const { dir } = await newStore();
    const other = createServer().listen(0, '127.0.0.1');
    await waitFor('a listening socket', () => other.listening);
    const { port } = other.address() as { readonly port: number };
    const ended = await lamella(['show', '--dir', dir, '--port', String(port)]);
    other.close();
    expectOneLine(ended, 6, new RegExp(String(port)));
  });

  it('refuses a store of a newer format, and the SDK leaves it as it is', async () => {
    const { dir } = await newStore();
    renameSync(join(dir, '_lamella.v1'), join(dir, '_lamella.v2'));
    expectOneLine(await lamella(['list', 'projects', '--dir', dir]), 8, /layout 2.*upgrade/);
    const before = readdirSync(dir, { recursive: true });
    const options = JSON.stringify({ dir, project: 'project', id: 'run-2' });
    const env = { LAMELLA_FINISH_SECONDS: '1' };
    const trainer = await startScript('test/e2e/trainer.ts', [options, '5'], { env }).ended;
    expect(trainer.code).toBe(0);
    expect(trainer.stderr).toMatch(/layout 2.*upgrade/);
    expect(readdirSync(dir, { recursive: true })).toEqual(before);
  });
});

describe('a store with bad files', () => {
  it('shows what is good, and names a damaged shard and only that', async () => {
    const { dir, shards } = await newStore();
    const names = readdirSync(shards).filter((name) => name.endsWith('.parquet'));
    // Another process of the run, whose shard is then damaged.
    const options = JSON.stringify({ dir, project: 'project', id: 'run-1', name: 'run-1' });
    expect(await startScript('test/e2e/trainer.ts', [options, '20']).ended).toMatchObject({ code: 0 });
    const victim =
      readdirSync(shards).find((name) => name.endsWith('.parquet') && !names.includes(name)) ?? '';
    const bytes = readFileSync(join(shards, victim));
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(join(shards, victim), bytes);
    writeFileSync(join(shards, 'notes.txt'), 'foreign');
    writeFileSync(join(shards, 'table.parquet'), 'PAR1 foreign');
    mkdirSync(join(shards, 'folder.parquet'));

    const [run] = await runsOf(dir);
    expect(run?.records).toBeGreaterThanOrEqual(40);
    expect(run?.problems.join('\n')).toContain(victim);
    expect(run?.problems.join('\n')).not.toContain('notes.txt');
    expect(valuesOf(await readRun(dir, 'project', 'run-1'), 'loss')).toHaveLength(20);
  });

  it('names a torn shard', async () => {
    const { dir, shards } = await newStore();
    const victim = readdirSync(shards).find((name) => name.endsWith('.parquet')) ?? '';
    truncateSync(join(shards, victim), 100);
    const [run] = await runsOf(dir);
    expect(run?.problems.join('\n')).toContain(victim);
  });

  async function runsOf(dir: string): Promise<readonly RunAnswer[]> {
    const ended = await lamella(['list', 'runs', '--dir', dir, '--project', 'project', '--json']);
    expect(ended.code, ended.stderr).toBe(0);
    return (JSON.parse(ended.stdout) as { readonly details: readonly RunAnswer[] }).details;
  }
});

describe('the SDK', () => {
  it('creates a directory that does not exist', async () => {
    const dir = join(newFolder(), 'new', 'store');
    const options = JSON.stringify({ dir, project: 'project', id: 'run-1' });
    expect(await startScript('test/e2e/trainer.ts', [options, '20']).ended).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(valuesOf(await readRun(dir, 'project', 'run-1'), 'loss')).toHaveLength(20);
  });

  it('says once that a directory cannot be written, and lets the training end as it would', async () => {
    const file = join(newFolder(), 'file');
    writeFileSync(file, 'not a directory');
    const options = JSON.stringify({ dir: file, project: 'project', id: 'run-1' });
    // `finish` waits this long for a directory that may become writable.
    const env = { LAMELLA_FINISH_SECONDS: '1' };
    const trainer = await startScript('test/e2e/trainer.ts', [options, '20'], { env }).ended;
    expect(trainer).toMatchObject({ code: 0, stdout: 'logged 20\n' });
    expect(trainer.stderr).toContain(file);
    expect(trainer.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect(readFileSync(file, 'utf8')).toBe('not a directory');
  });

  it('says once that the disk is full, keeps what it has, and publishes it when there is room again', async (context) => {
    const disk = newFolder();
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    context.skip(mounted.status !== 0, 'a small disk cannot be mounted here (needs root on Linux)');
    try {
      writeFileSync(join(disk, 'ballast'), new Uint8Array(56 * 1024));
      const options = JSON.stringify({ dir: join(disk, 'store'), project: 'project', id: 'run-1' });
      const trainer = startScript('test/e2e/trainer.ts', [options, '3000'], { ipc: true });
      await waitFor('a warning', () => trainer.stderr() !== '');
      spawnSync('mount', ['-o', 'remount,size=16m', disk]);
      trainer.child.send('finish');
      const ended = await trainer.ended;
      expect(ended.code).toBe(0);
      expect(
        ended.stderr.split('\n').filter((line) => /full|space|ENOSPC/i.test(line)),
        ended.stderr,
      ).toHaveLength(1);
      expect(valuesOf(await readRun(join(disk, 'store'), 'project', 'run-1'), 'loss')).toHaveLength(3000);
    } finally {
      spawnSync('umount', ['--lazy', disk]);
    }
  });

  it.each(['function', 'bigint', 'circular', 'symbol'])(
    'names a value that cannot be kept (%s), and keeps the rest of the call',
    async (what) => {
      const dir = newFolder();
      const ended = await startScript('test/e2e/odd-values.ts', [dir, what]).ended;
      expect(ended.code, ended.stderr).toBe(0);
      expect(ended.stderr.trim().split('\n'), ended.stderr).toHaveLength(1);
      expect(ended.stderr).toContain('odd');
      expect(valuesOf(await readRun(dir, 'odd', 'run-1'), 'good')).toEqual([1, 2]);
    },
  );

  it('shortens a metric name of 10 KB, and says so once', async () => {
    const dir = newFolder();
    const ended = await startScript('test/e2e/odd-values.ts', [dir, 'long-name']).ended;
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stderr.trim().split('\n'), ended.stderr).toHaveLength(1);
    expect(ended.stderr).toMatch(/512/);
    const rows = await readRun(dir, 'odd', 'run-1');
    const keys = rows.key.filter((key) => /^n{480}~[a-z2-7]{26}$/.test(key));
    expect(keys).toHaveLength(1);
    expect(valuesOf(rows, 'good')).toEqual([1, 2]);
  });
});
