/**
 * A store in a directory, on any filesystem a cluster has: local disks, NFS, Lustre, GPFS, FUSE mounts.
 * Publishing is in `filesystem-publish.ts`; here are the other three verbs.
 *
 * Other people may write into the same directories. So reads take regular files only, follow no symbolic link
 * and never wait for a planted FIFO, and listings leave out whatever is neither a file nor a directory.
 */
import { constants } from 'node:fs';
import { lstat, open, readdir, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { LamellaError } from '../record/error.ts';
import { SHARD_BYTES_MAX } from '../record/limit.ts';
import { checkNotAborted } from './abort.ts';
import type { Backend, ByteRange, ByteSource, Listing, ListOptions } from './backend.ts';
import { codeOf, isGone, unavailable } from './filesystem-error.ts';
import { publishFile } from './filesystem-publish.ts';
import type { PublishSite } from './filesystem-publish.ts';
import { checkKey, checkPrefix } from './key.ts';

/** Sizes asked for at the same time in one listing: enough to hide a network's latency, few for its server. */
const SIZES_AT_ONCE = 16;

const READ_ONLY: number = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export interface FilesystemBackend extends Backend {
  /** The path of a key, for engines that open files themselves (only after its bytes were verified). */
  pathOf(key: string): string;
}

export interface FilesystemOptions {
  /** Names this process's temporary files (`.t-<writer>-<random>`). */
  readonly writer?: string;
}

/** A backend over the directory `root`. Nothing is touched before the first verb. */
export function createFilesystemBackend(root: string, options: FilesystemOptions = {}): FilesystemBackend {
  let rootMode: Promise<number> | undefined;
  const site: PublishSite = {
    root,
    writer: options.writer ?? 'anonymous',
    ready: new Set(),
    async rootMode(): Promise<number> {
      rootMode ??= readRootMode(root);
      try {
        return await rootMode;
      } catch (error) {
        rootMode = undefined;
        throw error;
      }
    },
  };
  return {
    name: root,
    pathOf: (key) => pathOf(root, key),
    list: async (prefix, listOptions = {}) => await listDirectory(root, prefix, listOptions),
    read: async (key, range) => await readFile(pathOf(root, key), range),
    async publish(key: string, source: ByteSource): Promise<void> {
      checkKey(key);
      await publishFile(site, key, source);
    },
    remove: async (key) => await removeFile(pathOf(root, key)),
  };
}

function pathOf(root: string, key: string): string {
  checkKey(key);
  return join(root, ...key.split('/'));
}

async function readRootMode(root: string): Promise<number> {
  return (await stat(root)).mode & 0o7777;
}

async function listDirectory(root: string, prefix: string, options: ListOptions): Promise<Listing> {
  checkPrefix(prefix);
  const objects: { key: string; size: number }[] = [];
  const prefixes: string[] = [];
  // A directory that is given by name is looked at as strictly as one that a listing found.
  if (!(await isReachedDirectly(root, prefix))) return { objects, prefixes };
  const waiting = [prefix];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    checkNotAborted(prefix, options.signal);
    const children = await readChildren(root, at);
    // One by one: a directory holds more names than a call may have arguments.
    for (const object of await withSizes(root, children.files)) objects.push(object);
    const below = options.delimiter === undefined ? waiting : prefixes;
    for (const directory of children.directories) below.push(directory);
  }
  return { objects, prefixes };
}

/** False when a segment of `prefix` is missing, a symbolic link, or no directory. */
async function isReachedDirectly(root: string, prefix: string): Promise<boolean> {
  let path = root;
  for (const segment of prefix.split('/').slice(0, -1)) {
    path = join(path, segment);
    try {
      if (!(await lstat(path)).isDirectory()) return false;
    } catch (error) {
      if (isGone(codeOf(error))) return false;
      throw await unavailable('list', path, error);
    }
  }
  return true;
}

interface Children {
  readonly files: string[];
  readonly directories: string[];
}

async function readChildren(root: string, prefix: string): Promise<Children> {
  const path = join(root, prefix);
  const files: string[] = [];
  const directories: string[] = [];
  try {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const key = prefix + entry.name;
      if (entry.isDirectory()) directories.push(`${key}/`);
      else if (entry.isFile()) files.push(key);
    }
  } catch (error) {
    if (!isGone(codeOf(error))) throw await unavailable('list', path, error);
  }
  return { files, directories };
}

/** Names that vanish between the listing and the look at their size are left out: a listing is no snapshot. */
async function withSizes(root: string, keys: readonly string[]): Promise<{ key: string; size: number }[]> {
  const sized: { key: string; size: number }[] = [];
  const queue = keys.values();
  const workers = Array.from({ length: Math.min(SIZES_AT_ONCE, keys.length) }, async () => {
    for (const key of queue) {
      const path = join(root, key);
      try {
        const found = await lstat(path);
        if (found.isFile()) sized.push({ key, size: found.size });
      } catch (error) {
        if (!isGone(codeOf(error))) throw await unavailable('list', path, error);
      }
    }
  });
  await Promise.all(workers);
  return sized;
}

async function readFile(path: string, range: ByteRange | undefined): Promise<Uint8Array> {
  const handle = await openRegular(path);
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw notRegular(path);
    if (found.size > SHARD_BYTES_MAX) {
      throw new LamellaError(
        'corrupt',
        `${path} has ${found.size} bytes; a store keeps at most ${SHARD_BYTES_MAX}`,
      );
    }
    const offset = range?.offset ?? 0;
    const length = Math.max(0, Math.min(range?.length ?? Infinity, found.size - offset));
    return await readFully(handle, offset, length);
  } catch (error) {
    throw await readError(path, error);
  } finally {
    await handle.close();
  }
}

/** Fewer bytes than asked for only at the file's end, which may have moved since: the hash in a name decides. */
async function readFully(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) return bytes.subarray(0, filled);
    filled += bytesRead;
  }
  return bytes;
}

async function openRegular(path: string): Promise<FileHandle> {
  try {
    return await open(path, READ_ONLY);
  } catch (error) {
    const code = codeOf(error);
    // ELOOP and EMLINK (FreeBSD): a symbolic link. ENXIO: a socket, or a device that is not there.
    if (code === 'ELOOP' || code === 'EMLINK' || code === 'ENXIO') throw notRegular(path);
    throw await readError(path, error);
  }
}

async function readError(path: string, error: unknown): Promise<LamellaError> {
  if (error instanceof LamellaError) return error;
  if (isGone(codeOf(error)))
    return new LamellaError('not-found', `there is no file ${path}`, { cause: error });
  return await unavailable('read', path, error);
}

function notRegular(path: string): LamellaError {
  return new LamellaError('corrupt', `${path} is not a regular file; nothing else belongs into a store`);
}

async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isGone(codeOf(error))) throw await unavailable('remove', path, error);
  }
}
