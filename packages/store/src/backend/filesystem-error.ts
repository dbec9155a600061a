/**
 * What a refusal of the operating system means to a user. Every error that leaves the filesystem backend is
 * made here: it names the path, what is wrong, and what to do.
 */
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LamellaError } from '../record/error.ts';

/** The `code` of a system error (`ENOENT`), or '' for anything else. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** True for the codes by which a filesystem says that a name is not there (any more). */
export function isGone(code: string): boolean {
  // ESTALE: NFS, the file was removed under its handle. ENOTDIR: a file stands where a directory would be.
  return code === 'ENOENT' || code === 'ESTALE' || code === 'ENOTDIR';
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'its filesystem is full; free some space there, or choose another directory (TRACKIO_DIR)',
  EDQUOT: 'your disk quota is used up; free some space there, or choose another directory (TRACKIO_DIR)',
  EROFS: 'its filesystem is read-only; choose a directory that can be written (TRACKIO_DIR)',
  ENOTDIR: 'a part of this path is a file, not a directory; choose another directory (TRACKIO_DIR)',
  EMFILE: 'this process has too many files open; raise `ulimit -n`',
  ENFILE: 'this machine has too many files open; close some, or raise fs.file-max',
  ENAMETOOLONG: 'the filesystem allows no name that long; choose a shorter directory or id',
  EIO: 'the disk or the file server reports an error; look at its logs (dmesg)',
  ENOENT: 'the directory is gone; create it again, or choose another one (TRACKIO_DIR)',
  ELOOP: 'it is a symbolic link, which is never followed inside a store; put the real thing there',
};

/**
 * `unavailable` for a failed `verb` on `path`, with what the user can do about it. For a missing permission it
 * looks up whose directory refuses, as that is what the user has to tell an administrator.
 */
export async function unavailable(verb: string, path: string, cause: unknown): Promise<LamellaError> {
  const code = codeOf(cause);
  const advice =
    code === 'EACCES' || code === 'EPERM'
      ? await permissionAdvice(path)
      : (ADVICE[code] ?? 'the filesystem refused it; check that it is mounted and answers');
  return new LamellaError('unavailable', `cannot ${verb} ${path}: ${advice}`, {
    cause,
    details: { path, code: code === '' ? 'unknown' : code },
  });
}

async function permissionAdvice(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const found = await lstat(at);
      const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
      const what = `${at} belongs to user ${found.uid}, group ${found.gid}, with mode ${mode}`;
      return `you lack the permission (${what}); ask its owner for it, or choose another directory (TRACKIO_DIR)`;
    } catch (error) {
      // Not there or not to be looked at: its parent then says who decides.
      if (at === dirname(at)) return `you lack the permission (${codeOf(error)}); choose another directory`;
    }
  }
}
