/**
 * Publish on a filesystem, by SPEC.md B9 to B12. Nothing is locked, mapped, appended to or linked: a file is
 * written whole under a temporary name in its own directory, synced, and renamed.
 *
 *   mkdir (EEXIST is success; nothing is looked up before) → exclusive temporary file → write all → fsync once
 *   → check the size → close, checked → rename → fsync the directory
 *
 * The first error is final for that temporary file: after a failed fsync a second one on the same descriptor
 * reports success without having written anything. So an attempt that failed is dropped and begun anew.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, opendir, rename, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LamellaError } from '../record/error.ts';
import type { ByteSource } from './backend.ts';
import { codeOf, unavailable } from './filesystem-error.ts';

/** EBUSY and EXDEV come from BeeGFS, EPERM and EACCES from Windows while somebody has the target open. */
const RENAME_RETRIED: ReadonlySet<string> = new Set(['EBUSY', 'EXDEV', 'EPERM', 'EACCES']);
/** Waits between attempts; their number bounds the retries, the caller backs off for longer. */
const RETRY_MS: readonly number[] = [10, 40, 160];
/** What filesystems answer that have no notion of syncing a directory (FUSE, 9p, SMB, Windows). */
const DIRECTORY_SYNC_REFUSED: ReadonlySet<string> = new Set([
  'EINVAL',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EISDIR',
  'EBADF',
  'EPERM',
  'EACCES',
]);
/** What filesystems without permission bits answer to chmod, and what a foreign owner's directory answers. */
const MODE_REFUSED: ReadonlySet<string> = new Set(['EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

const WRITE_NEW: number =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** What publishing needs to know about one open store. */
export interface PublishSite {
  readonly root: string;
  /** Names the temporary files, so that whoever finds one knows whose it was. */
  readonly writer: string;
  /** Directories below the root that exist and whose names are durable, as far as this process knows. */
  readonly ready: Set<string>;
  /** Mode bits of the root directory (07777). */
  rootMode(): Promise<number>;
}

/** Publishes `source` as `key` (checked by the caller). Errors: unavailable; internal for a source that lies. */
export async function publishFile(site: PublishSite, key: string, source: ByteSource): Promise<void> {
  const segments = key.split('/');
  const target = join(site.root, ...segments);
  for (let attempt = 0; ; attempt++) {
    try {
      await prepareDirectories(site, segments.slice(0, -1));
      return await publishOnce(site, target, source);
    } catch (error) {
      // An error without a code is the source's own: nothing that the filesystem said.
      if (codeOf(error) === '') throw error;
      const wait = RETRY_MS[attempt];
      if (wait === undefined || !(await isWorthRetrying(site, target, error))) {
        throw await unavailable('write', target, error);
      }
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

async function isWorthRetrying(site: PublishSite, target: string, error: unknown): Promise<boolean> {
  const code = codeOf(error);
  if (error instanceof RenameRefused) return RENAME_RETRIED.has(code) || code === 'ENOENT';
  if (code !== 'ENOENT') return false;
  // A directory that was there is gone, or an NFS client remembers that it was not: make it again, after
  // opening its parent, which makes the client look.
  site.ready.clear();
  await reopen(dirname(dirname(target)));
  return true;
}

async function reopen(directory: string): Promise<void> {
  try {
    await (await opendir(directory)).close();
  } catch (error) {
    // Only a nudge for the client's cache: the attempt that follows meets the same trouble and reports it.
    if (codeOf(error) === '') throw error;
  }
}

/** Makes each directory of `segments`, top down, and makes its name durable; once per process and directory. */
async function prepareDirectories(site: PublishSite, segments: readonly string[]): Promise<void> {
  let path = site.root;
  for (const segment of segments) {
    const parent = path;
    path = join(path, segment);
    if (site.ready.has(path)) continue;
    await makeDirectory(path, site);
    // Also when somebody else has just made it: our record must not depend on their sync.
    await syncDirectory(parent);
    site.ready.add(path);
  }
}

async function makeDirectory(path: string, site: PublishSite): Promise<void> {
  const mode = await site.rootMode();
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    await checkRealDirectory(path);
    return;
  }
  await setMode(() => chmod(path, mode));
}

/** Records written through a symbolic link would never be read: listings do not follow them. */
async function checkRealDirectory(path: string): Promise<void> {
  const found = await lstat(path);
  if (found.isDirectory()) return;
  const what = found.isSymbolicLink() ? 'a symbolic link, which a store never follows' : 'not a directory';
  throw new LamellaError(
    'unavailable',
    `cannot write below ${path}: it is ${what}; remove it or move it away`,
    {
      details: { path, code: 'ENOTDIR' },
    },
  );
}

/** Modes come from the root, not from the umask: a group shares the store. A refusal costs nobody a record. */
async function setMode(change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!MODE_REFUSED.has(codeOf(error))) throw error;
  }
}

async function publishOnce(site: PublishSite, target: string, source: ByteSource): Promise<void> {
  const directory = dirname(target);
  const temporary = join(directory, `.t-${site.writer}-${randomBytes(10).toString('hex')}`);
  const mode = (await site.rootMode()) & 0o666;
  const handle = await open(temporary, WRITE_NEW, mode);
  try {
    await writeWhole(handle, mode, target, source);
    await renameChecked(temporary, target, source.size);
  } catch (error) {
    await dropTemporary(temporary);
    throw error;
  }
  await syncDirectory(directory);
}

async function writeWhole(
  handle: FileHandle,
  mode: number,
  target: string,
  source: ByteSource,
): Promise<void> {
  try {
    await setMode(() => handle.chmod(mode));
    for await (const chunk of source.chunks()) await handle.writeFile(chunk);
    await handle.sync();
    const { size } = await handle.stat();
    if (size !== source.size) {
      throw new LamellaError(
        'unavailable',
        `cannot write ${target}: it has ${size} of ${source.size} bytes`,
        {
          details: { path: target, code: 'EIO' },
        },
      );
    }
  } catch (error) {
    await handle.close().catch((closing: unknown) => {
      if (codeOf(closing) === '') throw closing;
    });
    throw error;
  }
  await handle.close();
}

/** Marks an error of rename itself, which may be retried where an error of open may not. */
class RenameRefused extends Error {
  readonly code: string;
  constructor(cause: unknown) {
    super('rename was refused', { cause });
    this.code = codeOf(cause);
  }
}

/**
 * A rename whose answer was lost has happened all the same: the final name tells. Its size is enough, as the
 * name is a promise of content.
 */
async function renameChecked(temporary: string, target: string, size: number): Promise<void> {
  try {
    await rename(temporary, target);
  } catch (error) {
    if (!(await hasSize(target, size))) throw new RenameRefused(error);
    await dropTemporary(temporary);
  }
}

async function hasSize(path: string, size: number): Promise<boolean> {
  try {
    const found = await lstat(path);
    return found.isFile() && found.size === size;
  } catch (error) {
    if (codeOf(error) === '') throw error;
    return false;
  }
}

async function dropTemporary(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    // The publish has already failed (or succeeded) for its own reason; a temporary file that cannot be
    // removed now is ignored by listings, and anyone removes it a day after first seeing it.
    if (codeOf(error) === '') throw error;
  }
}

/** Makes the names in `directory` durable where the filesystem can. */
export async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(directory, constants.O_RDONLY);
  } catch (error) {
    if (DIRECTORY_SYNC_REFUSED.has(codeOf(error))) return;
    throw error;
  }
  try {
    await handle.sync();
  } catch (error) {
    if (!DIRECTORY_SYNC_REFUSED.has(codeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}
