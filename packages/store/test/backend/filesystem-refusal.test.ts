/** Real refusals: a full disk, a read-only mount, another user's directory; and a trace of every system call. */
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../src/backend/open-store.ts';
import { whyNoMounts } from '../filesystem/mount-namespace.ts';
import { kindOf } from './conformance.ts';

const PUBLISH = fileURLToPath(new URL('publish-here.ts', import.meta.url));
const NOBODY = 65_534;

interface Answer {
  readonly kind: string;
  readonly message: string;
}

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lamella-refusal-'));
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

function answerOf(command: string, args: readonly string[], uid?: number): Answer {
  const ran = spawnSync(command, args, { encoding: 'utf8', ...(uid === undefined ? {} : { uid, gid: uid }) });
  if (ran.status !== 0) throw new Error(`${command} failed (${ran.status}): ${ran.stderr}`);
  return JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as Answer;
}

function inMount(script: string): Answer {
  const publish = `publish() { "${process.execPath}" "${PUBLISH}" "$@"; }`;
  return answerOf('unshare', ['-m', 'bash', '-c', `set -e; cd "$1"; ${publish}\n${script}`, 'bash', scratch]);
}

const noMounts = whyNoMounts();

test.skipIf(noMounts !== null)(
  `[B14] a full disk is told with its path and what to do ${noMounts ?? ''}`,
  async () => {
    await mkdir(join(scratch, 'm'));
    const { kind, message } = inMount(
      'mount -t tmpfs -o size=64k none m; publish m 1000000; ls -A m/project=p/run=r >&2',
    );
    expect(kind).toBe('unavailable');
    expect(message).toContain(join(scratch, 'm', 'project=p', 'run=r', 'a'));
    expect(message).toMatch(/is full; free some space there/);
  },
);

test.skipIf(noMounts !== null)(
  `[B10] after ENOSPC no temporary file takes the space ${noMounts ?? ''}`,
  async () => {
    await mkdir(join(scratch, 'm'));
    const script = `mount -t tmpfs -o size=64k none m; publish m 1000000 >&2
    [ -z "$(find m -name '.t-*')" ] && publish m 20000`;
    expect(inMount(script).kind).toBe('none');
  },
);

test.skipIf(noMounts !== null)(`[B14] so is a read-only mount ${noMounts ?? ''}`, async () => {
  await mkdir(join(scratch, 'm'));
  const { kind, message } = inMount('mount -t tmpfs -o ro none m; publish m');
  expect(kind).toBe('unavailable');
  expect(message).toMatch(/read-only/);
});

test('[B14] a directory without permission is told with its owner and mode', async () => {
  const root = join(scratch, 'theirs');
  await mkdir(root);
  await chmod(scratch, 0o755);
  await chmod(root, 0o555);
  const uid = process.getuid?.() === 0 ? NOBODY : undefined;
  const { kind, message } = answerOf(process.execPath, [PUBLISH, root], uid);
  expect(kind).toBe('unavailable');
  expect(message).toContain(`${root} belongs to user`);
  expect(message).toContain('with mode 0555');
});

test('[B16] a store is opened by its marker: made by writers, refused when newer', async () => {
  const root = join(scratch, 'a', 'store');
  expect(await kindOf(openStore(root, { create: false }))).toBe('not-found');
  await openStore(root, { create: true });
  expect(await readdir(root)).toEqual(['_lamella.v1']);
  await openStore(root, { create: true });
  await openStore(root, { create: false });
  await writeFile(join(root, '_lamella.v2'), '');
  await expect(openStore(root, { create: false })).rejects.toThrow(/layout 2, .*upgrade/);
  expect(await kindOf(openStore(root, { create: true }))).toBe('unsupported');
});

test('[B16] a marker that was lost hides nothing, and a file is no store', async () => {
  const root = join(scratch, 'store');
  await openStore(root, { create: true });
  await mkdir(join(root, 'project=p'));
  await rm(join(root, '_lamella.v1'));
  const store = await openStore(root, { create: false });
  expect((await store.list('', { delimiter: '/' })).prefixes).toEqual(['project=p/']);
  expect(await readdir(root)).toEqual(['project=p']);
  await writeFile(join(scratch, 'file'), '');
  for (const create of [true, false]) {
    expect(await kindOf(openStore(join(scratch, 'file'), { create }))).toBe('invalid');
  }
  expect(await kindOf(openStore(join(scratch, 'file', 'below'), { create: true }))).toBe('unavailable');
});

const noTrace = spawnSync('strace', ['-V']).error === undefined ? null : 'strace is not installed';

test.skipIf(noTrace !== null)(
  `[B15] no system call locks, maps, cuts, appends to or links a file ${noTrace ?? ''}`,
  async () => {
    const root = join(scratch, 'store');
    const log = join(scratch, 'trace');
    const traced = spawnSync('strace', ['-f', '-y', '-o', log, process.execPath, PUBLISH, root, '300000']);
    expect(traced.status, String(traced.stderr)).toBe(0);
    const { stdout } = spawnSync('grep', ['-F', root, log], { encoding: 'utf8', maxBuffer: 2 ** 28 });
    const lines = stdout.split('\n').map((line) => line.replace(/^\d+ +/, ''));
    const calls = new Set(lines.map((line) => /^[a-z_0-9]+/.exec(line)?.[0] ?? ''));
    expect(calls).toContain('fsync');
    expect(calls).toContain('rename');
    const forbidden = [
      'flock',
      'mmap',
      'ftruncate',
      'truncate',
      'link',
      'linkat',
      'symlink',
      'inotify_add_watch',
      'fallocate',
    ];
    expect(forbidden.filter((call) => calls.has(call))).toEqual([]);
    expect(lines.filter((line) => /O_APPEND|O_TRUNC|F_SETLK|F_OFD_SETLK/.test(line))).toEqual([]);
    const created = lines.filter((line) => line.includes('O_CREAT'));
    const isSafe = (line: string): boolean =>
      ['/.t-', 'O_EXCL', 'O_NOFOLLOW'].every((part) => line.includes(part));
    expect(created.length).toBeGreaterThan(0);
    expect(created.filter((line) => !isSafe(line))).toEqual([]);
  },
);
