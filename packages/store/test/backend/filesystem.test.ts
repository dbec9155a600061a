/** The filesystem backend: the conformance suite, then what is particular to files (SPEC.md B3, B9 to B16). */
import { spawnSync } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFilesystemBackend } from '../../src/backend/filesystem.ts';
import { openStore } from '../../src/backend/open-store.ts';
import { bytesSource } from '../../src/backend/source.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { bytesOf, describeBackend, kindOf } from './conformance.ts';

const RUN = 'project=p/run=r';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lamella-fs-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describeBackend({
  name: 'filesystem',
  async open() {
    return {
      backend: createFilesystemBackend(root),
      other: createFilesystemBackend(root, { writer: 'other' }),
    };
  },
  deviations: {},
});

async function put(key: string, text = 'abc'): Promise<void> {
  await createFilesystemBackend(root).publish(key, bytesSource(bytesOf(text), nodeCodec));
}

async function modeOf(...path: string[]): Promise<string> {
  return ((await lstat(join(root, ...path))).mode & 0o7777).toString(8);
}

describe('what lies among the objects', () => {
  test('[B3] temporary files, links, FIFOs and sockets are left out of listings', async () => {
    await put(`${RUN}/a`);
    const directory = join(root, RUN);
    await writeFile(join(directory, '.t-writer-0123'), 'torn');
    await symlink(join(directory, 'a'), join(directory, 'link'));
    await symlink(directory, join(root, 'project=link'));
    spawnSync('mkfifo', [join(directory, 'fifo')]);
    const backend = createFilesystemBackend(root);
    expect((await backend.list('')).objects).toEqual([{ key: `${RUN}/a`, size: 3 }]);
    expect((await backend.list('', { delimiter: '/' })).prefixes).toEqual(['project=p/']);
    expect(await backend.list('project=link/')).toEqual({ objects: [], prefixes: [] });
  });

  test('[B13] links, directories, FIFOs and huge files are refused by read, without waiting', async () => {
    await put(`${RUN}/a`);
    const directory = join(root, RUN);
    await symlink(join(directory, 'a'), join(directory, 'link'));
    await mkdir(join(directory, 'directory'));
    await writeFile(join(directory, 'huge'), '');
    await truncate(join(directory, 'huge'), 128 * 1024 * 1024 + 1);
    const made = spawnSync('mkfifo', [join(directory, 'fifo')]).status === 0;
    const backend = createFilesystemBackend(root);
    for (const name of ['link', 'directory', 'huge', ...(made ? ['fifo'] : [])]) {
      expect(await kindOf(backend.read(`${RUN}/${name}`)), name).toBe('corrupt');
    }
  });

  test('[B9] a symbolic link where a directory of the store belongs is not written through', async () => {
    const elsewhere = join(root, 'elsewhere');
    await mkdir(elsewhere);
    await symlink(elsewhere, join(root, 'project=p'));
    await expect(put(`${RUN}/a`)).rejects.toThrow(/project=p: it is a symbolic link/);
    expect(await readdir(elsewhere)).toEqual([]);
  });
});

describe('publishing files', () => {
  test('[B12] directories take the mode of the root and files its 0666, whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      await chmod(root, 0o2775);
      await put(`${RUN}/a`);
      expect(await modeOf('project=p')).toBe('2775');
      expect(await modeOf(RUN)).toBe('2775');
      expect(await modeOf(RUN, 'a')).toBe('664');
      await chmod(root, 0o700);
      await put('project=q/b');
      expect(await modeOf('project=q')).toBe('700');
      expect(await modeOf('project=q', 'b')).toBe('600');
    } finally {
      process.umask(before);
    }
  });

  test('[B10] a publish that cannot end leaves no temporary file, and says what is in the way', async () => {
    await mkdir(join(root, RUN, 'a', 'inside'), { recursive: true });
    await expect(put(`${RUN}/a`)).rejects.toThrow(join(root, RUN, 'a'));
    expect(await readdir(join(root, RUN))).toEqual(['a']);
  });

  test('[B9] a directory that is removed while the store is open is made again', async () => {
    const backend = createFilesystemBackend(root);
    await backend.publish(`${RUN}/a`, bytesSource(bytesOf('a'), nodeCodec));
    await rm(join(root, 'project=p'), { recursive: true });
    await backend.publish(`${RUN}/b`, bytesSource(bytesOf('b'), nodeCodec));
    expect(await backend.read(`${RUN}/b`)).toEqual(bytesOf('b'));
  });

  test('[B9] names below a file are told as such', async () => {
    await writeFile(join(root, 'project=p'), 'a file');
    await expect(put(`${RUN}/a`)).rejects.toThrow(/project=p: it is not a directory/);
  });

  test('[B9] the root is made, with its parents, only where that is asked for', async () => {
    const deep = join(root, 'x', 'y');
    const source = bytesSource(bytesOf('a'), nodeCodec);
    expect(await kindOf(createFilesystemBackend(deep).publish('a', source))).toBe('unavailable');
    await (await openStore(deep, { create: true })).publish('a', source);
    expect((await readdir(deep)).toSorted()).toEqual(['_lamella.v1', 'a']);
  });

  test('a key has a path below the root, and only there', () => {
    const backend = createFilesystemBackend(root);
    expect(backend.pathOf(`${RUN}/a`)).toBe(join(root, RUN, 'a'));
    expect(() => backend.pathOf('../a')).toThrow(/begins with '.'/);
  });
});

test('[B16] a root that no directory can be made for is refused, whatever the filesystem answers', async () => {
  // Linux answers ENOENT to mkdir below /proc, although /proc is there.
  const impossible = process.platform === 'linux' ? '/proc/lamella/store' : '/dev/null/store';
  await expect(openStore(impossible, { create: true })).rejects.toMatchObject({ kind: 'unavailable' });
});
