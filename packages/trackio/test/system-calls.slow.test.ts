/**
 * On a shared disk nothing but open, read, stat, listing and close happens in the directory of the database: proved
 * from the system calls of a process that shows it, while another one writes there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INBOX_VERSION, type Scratch, scratch, unpack } from './directories.ts';
import { startWriter } from './writer.ts';

/** By what they are called on Linux; none of them changes anything or takes a lock. */
const HARMLESS = new Set(
  'openat open read pread64 preadv readv lseek fstat stat lstat newfstatat statx getdents64 close access readlink'.split(
    ' ',
  ),
);
const STRACE = findStrace();

function findStrace(): string | null {
  const path = '/usr/bin/strace';
  if (!existsSync(path) && process.platform === 'linux' && process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const args of [['update'], ['install', '--yes', '--no-install-recommends', 'strace']]) {
      spawnSync('apt-get', ['--quiet=2', ...args], { env, stdio: 'ignore', timeout: 100_000 });
    }
  }
  if (existsSync(path) && spawnSync(path, ['-o', '/dev/null', 'true']).status === 0) return path;
  console.warn(
    'SKIPPED: no strace (apt-get install strace), or no permission to trace: system calls are not checked',
  );
  return null;
}

let work: Scratch;
beforeAll(() => {
  work = scratch();
});
afterAll(() => work.dispose());

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
}

interface Trace {
  /** Names of the system calls that touched something in the directory, but those that are harmless. */
  readonly harmful: string[];
  readonly calls: Set<string>;
  readonly rows: number;
}

function traceOf(directory: string, filesystem: string): Trace {
  const log = join(work.path, `trace-${filesystem}`);
  const program = join(import.meta.dirname, 'trace-program.ts');
  const copies = join(work.path, `copies-${filesystem}`);
  const traced = spawnSync(
    STRACE ?? '',
    [
      '-f',
      '-y',
      '-s',
      '4096',
      '-e',
      'trace=%file,%desc,mmap',
      '-o',
      log,
      process.execPath,
      '--conditions=source',
      '--no-warnings',
      program,
      directory,
      copies,
      filesystem,
    ],
    { encoding: 'utf8' },
  );
  expect(traced.stderr).toBe('');
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes(directory) && !line.includes('execve('));
  const calls = new Set<string>();
  const harmful: string[] = [];
  for (const line of lines) {
    const name = /^\d+ +(?:<\.\.\. )?(\w+)/.exec(line)?.[1] ?? '?';
    calls.add(name);
    const writes = /^\d+ +open(at)?\(.*\b(O_RDWR|O_WRONLY|O_CREAT|O_TRUNC|O_APPEND)\b/.test(line);
    if (!HARMLESS.has(name) || writes) harmful.push(line.slice(0, 200));
  }
  return { harmful, calls, rows: Number(traced.stdout) };
}

describe.skipIf(STRACE === null)('showing a directory', () => {
  it('of a shared disk opens, reads, lists and closes, and does nothing else there', async () => {
    const directory = join(unpack('0.43.0', work.path));
    spawnSync('cp', ['-r', join(unpack(INBOX_VERSION, work.path), 'inbox'), directory]);
    const before = filesIn(directory);
    const writers = [
      await startWriter(join(directory, 'wal.db'), 'WAL', 20),
      await startWriter(join(directory, 'delete.db'), 'DELETE', 200),
    ];
    await new Promise((resolve) => setTimeout(resolve, 500));
    try {
      const { harmful, calls, rows } = traceOf(directory, 'network');
      expect(harmful).toEqual([]);
      expect(calls).toContain('openat');
      expect(calls).toContain('getdents64');
      expect(rows).toBeGreaterThan(32 + 9 + 9);
    } finally {
      for (const writer of writers) await writer.stop();
    }
    expect(filesIn(directory).filter((name) => !/^(wal|delete)\.db/.test(name))).toEqual(before);
  });

  it('of a local disk does more there, which shows that the test can see it', () => {
    const { harmful } = traceOf(join(unpack('0.36.0', work.path)), 'local');
    expect(harmful.some((line) => line.includes('fcntl'))).toBe(true);
    expect(harmful.some((line) => line.includes('mmap'))).toBe(true);
  });
});
