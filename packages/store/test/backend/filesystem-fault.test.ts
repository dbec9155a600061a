/**
 * Answers of a filesystem that cannot be had on demand: lost replies, busy targets, a failing fsync. The real
 * calls are made; only their answers are exchanged.
 */
import type * as FileSystem from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createFilesystemBackend } from '../../src/backend/filesystem.ts';
import { openStore } from '../../src/backend/open-store.ts';
import { bytesSource } from '../../src/backend/source.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';

type Answer = 'done' | { readonly code: string; readonly isDone: boolean };

const renames: Answer[] = [];
const syncs: Answer[] = [];
const calls: string[] = [];

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

async function answered(verb: string, answers: Answer[], call: () => Promise<void>): Promise<void> {
  calls.push(verb);
  const answer = answers.shift() ?? 'done';
  if (answer === 'done' || answer.isDone) await call();
  if (answer !== 'done') throw failure(answer.code);
}

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>();
  return {
    ...real,
    rename: (from: string, to: string) => answered('rename', renames, () => real.rename(from, to)),
    mkdir: async (path: string, mode: number) => {
      calls.push('mkdir');
      return await real.mkdir(path, mode);
    },
    open: async (path: string, flags: number, mode: number) => {
      const handle = await real.open(path, flags, mode);
      const isDirectory = (await handle.stat()).isDirectory();
      const sync = handle.sync.bind(handle);
      const close = handle.close.bind(handle);
      if (!isDirectory) calls.push('open');
      handle.sync = () =>
        isDirectory ? answered('sync directory', [], sync) : answered('sync', syncs, sync);
      handle.close = async () => {
        if (!isDirectory) calls.push('close');
        await close();
      };
      return handle;
    },
  };
});

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lamella-fault-'));
  renames.length = 0;
  syncs.length = 0;
  calls.length = 0;
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function put(): Promise<void> {
  await createFilesystemBackend(root).publish(
    'run=r/a',
    bytesSource(new TextEncoder().encode('abc'), nodeCodec),
  );
}

async function expectStored(): Promise<void> {
  expect(await readFile(join(root, 'run=r', 'a'), 'utf8')).toBe('abc');
  expect(await readdir(join(root, 'run=r'))).toEqual(['a']);
}

test('[B9] a file is synced and closed before its rename, and both directories after', async () => {
  await put();
  const order = ['mkdir', 'sync directory', 'open', 'sync', 'close', 'rename', 'sync directory'];
  expect(calls).toEqual(order);
});

test('[B16] the directories above a new root are durable before it is used', async () => {
  await openStore(join(root, 'x', 'y'), { create: true });
  // `y` fails, `x` is made and synced into what was there, then `y` is made and synced into `x`.
  const order = ['mkdir', 'mkdir', 'sync directory', 'mkdir', 'sync directory', 'open'];
  expect(calls.slice(0, 6)).toEqual(order);
});

test('[B11] a rename whose answer is lost has happened when the final name has the right size', async () => {
  for (const code of ['ENOENT', 'EIO', 'ETIMEDOUT', 'EEXIST', 'ESTALE']) {
    renames.push({ code, isDone: true });
    await put();
    await expectStored();
  }
});

test('[B10] busy targets are tried again, each time with a new temporary file', async () => {
  for (const code of ['EBUSY', 'EXDEV', 'EPERM', 'EACCES']) {
    calls.length = 0;
    await rm(join(root, 'run=r'), { recursive: true, force: true });
    renames.push({ code, isDone: false }, { code, isDone: false });
    await put();
    await expectStored();
    expect(
      calls.filter((call) => call === 'open'),
      code,
    ).toHaveLength(3);
  }
});

test('[B10] but not for ever', async () => {
  renames.push(...Array.from({ length: 50 }, () => ({ code: 'EBUSY', isDone: false })));
  await expect(put()).rejects.toMatchObject({ kind: 'unavailable' });
  expect(calls.filter((call) => call === 'rename').length).toBeLessThan(10);
  expect(await readdir(join(root, 'run=r'))).toEqual([]);
});

test('[B10] a failed fsync is final for its file: it is dropped, and told', async () => {
  for (const code of ['EIO', 'ENOSPC', 'EDQUOT']) {
    calls.length = 0;
    syncs.push({ code, isDone: false });
    await expect(put()).rejects.toMatchObject({ kind: 'unavailable', details: { code } });
    expect(calls.filter((call) => call === 'sync')).toHaveLength(1);
    expect(calls).not.toContain('rename');
    expect(await readdir(join(root, 'run=r'))).toEqual([]);
  }
});
