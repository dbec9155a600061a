/**
 * What Lamella does on a filesystem: how it publishes, how long it waits before it removes merged files, how
 * often it flushes and lists. Everything that depends on the class of a filesystem is decided here and nowhere
 * else; the reasons are in SPEC.md.
 */
import { directoryCacheSeconds } from './option.ts';
import type { FilesystemClass } from './type.ts';

export interface Treatment {
  /** `rename`: temporary file, fsync, rename. `write-once`: the final name directly, where rename copies. */
  readonly publish: 'rename' | 'write-once';
  /** Seconds between the proof that a file is covered by another and its removal. */
  readonly graceS: number;
  /** The longest flush interval of a writer, in seconds; it begins with a tenth of it. */
  readonly flushS: number;
  /** Seconds between two listings of a directory, at least. */
  readonly listS: number;
  /** Whether the directory is fsynced after a publish; file servers commit names before they answer. */
  readonly syncDirectory: boolean;
  /** Whether a directory is changed once more after a burst (NFSv3 hides the last name of one otherwise). */
  readonly touchDirectory: boolean;
  /** Whether engines open a verified node-local copy instead of the file itself. */
  readonly readCopies: boolean;
}

const LOCAL_GRACE_S = 5;
const GRACE_S = 300;
/** s3fs keeps what it knows of a file for 900 s. */
const S3FS_GRACE_S = 1800;
const FLUSH_S = 5;

export interface TreatedFilesystem {
  readonly class: FilesystemClass;
  readonly type: string | null;
  readonly source?: string | null;
  readonly options: readonly string[];
}

/**
 * The treatment of a filesystem. `renames` is what a probe found (false: rename does not replace); `flushSecondsMax`
 * is the user's cap (LAMELLA_FLUSH_SECONDS).
 */
export function treatmentOf(
  filesystem: TreatedFilesystem,
  found: { readonly renames?: boolean; readonly flushSecondsMax?: number } = {},
): Treatment {
  const { class: of, type, options } = filesystem;
  const local = of === 'local';
  return {
    publish: of === 'object-mount' || found.renames === false ? 'write-once' : 'rename',
    graceS: graceSeconds(filesystem),
    flushS: found.flushSecondsMax ?? FLUSH_S,
    listS: local ? 0.25 : 1,
    syncDirectory: local,
    touchDirectory: of === 'unknown' || type === 'nfs' || (type === 'nfs4' && isVersion3(options)),
    readCopies: !local,
  };
}

function graceSeconds({ class: of, type, source, options }: TreatedFilesystem): number {
  if (of === 'local') return LOCAL_GRACE_S;
  if (
    type === 's3fs' ||
    type === 'fuse.s3fs' ||
    (of === 'object-mount' && source?.startsWith('s3fs') === true)
  ) {
    return S3FS_GRACE_S;
  }
  return Math.max(GRACE_S, 3 * (directoryCacheSeconds(type, options) ?? 0));
}

function isVersion3(options: readonly string[]): boolean {
  return options.some((option) => /^(nfs)?vers=[23]/.test(option));
}
