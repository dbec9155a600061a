/**
 * Which pragmas a database that Lamella writes is opened with: what the user said in Trackio's five variables, else what is
 * right for the disk. Pure; `apply-pragmas.ts` sets them.
 *
 * The defaults do not depend on how many processes there are: locks lie on these disks, so nobody can
 * know whether a process is the only one. A rollback journal and full syncs are what one host may use there.
 */
import { type FilesystemClass, isLocalClass } from '../layout/filesystem-class.ts';

export type JournalMode = 'WAL' | 'DELETE' | 'TRUNCATE' | 'PERSIST' | 'MEMORY' | 'OFF';
export type Synchronous = 'OFF' | 'NORMAL' | 'FULL' | 'EXTRA';
export type LockingMode = 'NORMAL' | 'EXCLUSIVE';
export type TempStore = 'DEFAULT' | 'FILE' | 'MEMORY';

/** The pragmas, by SQLite's own names. */
export interface Pragmas {
  readonly journal_mode: JournalMode;
  readonly synchronous: Synchronous;
  readonly locking_mode: LockingMode;
  readonly temp_store: TempStore;
  /** Bytes; 0: pages are read, never mapped. */
  readonly mmap_size: number;
  /** Negative: KiB. */
  readonly cache_size: number;
}

export interface WantedPragmas {
  readonly pragmas: Pragmas;
  /** How long to wait for a lock, in milliseconds. */
  readonly busyTimeoutMs: number;
  /** Why these, in one sentence for people. */
  readonly reason: string;
  /** Variables that were set and are used. */
  readonly fromUser: readonly string[];
  /** One line for each variable that was set to something else than what is allowed. */
  readonly warnings: readonly string[];
}

/** Trackio waits as long. */
const BUSY_TIMEOUT_MS = 30_000;
const CACHE_SIZE_KIB = -20_000;
/** What SQLite can map at most on any machine; it answers with its own limit where that is lower. */
const MMAP_BYTES_MAX = 2 ** 47;

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  TRACKIO_SQLITE_JOURNAL_MODE: ['WAL', 'DELETE', 'TRUNCATE', 'PERSIST', 'MEMORY', 'OFF'],
  TRACKIO_SQLITE_SYNCHRONOUS: ['OFF', 'NORMAL', 'FULL', 'EXTRA'],
  TRACKIO_SQLITE_LOCKING_MODE: ['NORMAL', 'EXCLUSIVE'],
  TRACKIO_SQLITE_TEMP_STORE: ['DEFAULT', 'FILE', 'MEMORY'],
};
const MMAP_VARIABLE = 'TRACKIO_SQLITE_MMAP_SIZE';

/** The five variables, in the order of the documentation. */
export const PRAGMA_VARIABLES: readonly string[] = [
  'TRACKIO_SQLITE_JOURNAL_MODE',
  MMAP_VARIABLE,
  'TRACKIO_SQLITE_SYNCHRONOUS',
  'TRACKIO_SQLITE_LOCKING_MODE',
  'TRACKIO_SQLITE_TEMP_STORE',
];

type Environment = Readonly<Record<string, string | undefined>>;

/** The pragmas for a database on a disk of that class, with those of the environment applied. */
export function pragmasFor(filesystem: FilesystemClass, env: Environment): WantedPragmas {
  const spaces = env['SYSTEM'] === 'spaces';
  const defaults = defaultsFor(filesystem, spaces);
  const fromUser: string[] = [];
  const warnings: string[] = [];
  const choose = <T extends string>(variable: string, fallback: T): T => {
    const given = env[variable]?.trim() ?? '';
    if (given === '') return fallback;
    const allowed = CHOICES[variable] ?? [];
    const chosen = allowed.find((choice) => choice === given.toUpperCase());
    if (chosen === undefined) warnings.push(invalid(variable, given, allowed.join(', '), fallback));
    else fromUser.push(variable);
    return (chosen as T | undefined) ?? fallback;
  };
  const pragmas: Pragmas = {
    journal_mode: choose('TRACKIO_SQLITE_JOURNAL_MODE', defaults.journal_mode),
    synchronous: choose('TRACKIO_SQLITE_SYNCHRONOUS', defaults.synchronous),
    locking_mode: choose('TRACKIO_SQLITE_LOCKING_MODE', defaults.locking_mode),
    temp_store: choose('TRACKIO_SQLITE_TEMP_STORE', defaults.temp_store),
    mmap_size: chooseMmap(env, defaults.mmap_size, fromUser, warnings),
    cache_size: defaults.cache_size,
  };
  return {
    pragmas,
    busyTimeoutMs: BUSY_TIMEOUT_MS,
    reason: reasonFor(filesystem, spaces, fromUser),
    fromUser,
    warnings,
  };
}

function defaultsFor(filesystem: FilesystemClass, spaces: boolean): Pragmas {
  const common = { temp_store: 'MEMORY', mmap_size: 0, cache_size: CACHE_SIZE_KIB } as const;
  if (spaces) {
    const synchronous = isLocalClass(filesystem) ? 'NORMAL' : 'FULL';
    return { ...common, journal_mode: 'DELETE', synchronous, locking_mode: 'EXCLUSIVE' };
  }
  return isLocalClass(filesystem)
    ? { ...common, journal_mode: 'WAL', synchronous: 'NORMAL', locking_mode: 'NORMAL' }
    : { ...common, journal_mode: 'DELETE', synchronous: 'FULL', locking_mode: 'NORMAL' };
}

function chooseMmap(env: Environment, fallback: number, fromUser: string[], warnings: string[]): number {
  const given = env[MMAP_VARIABLE]?.trim() ?? '';
  if (given === '') return fallback;
  const bytes = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (bytes <= MMAP_BYTES_MAX) {
    fromUser.push(MMAP_VARIABLE);
    return bytes;
  }
  warnings.push(
    invalid(MMAP_VARIABLE, given, `a whole number of bytes from 0 to ${MMAP_BYTES_MAX}`, String(fallback)),
  );
  return fallback;
}

function invalid(variable: string, given: string, allowed: string, used: string): string {
  return `${variable}=${JSON.stringify(given)} is not allowed (allowed: ${allowed}); ${used} is used`;
}

function reasonFor(filesystem: FilesystemClass, spaces: boolean, fromUser: readonly string[]): string {
  const base = spaces
    ? 'SYSTEM=spaces: one process owns the database, on a disk that may be a mounted bucket'
    : isLocalClass(filesystem)
      ? 'a local disk: write-ahead logging is safe for any number of processes of this host'
      : `a disk of class ${filesystem}: a rollback journal and full syncs are right for one host; no setting is for two`;
  return fromUser.length === 0 ? base : `${base}; set by ${fromUser.join(', ')}`;
}

/**
 * The one line that is said once in a process when SQLite is used on a disk that is not local and the user has not
 * said how; null when there is nothing to say. `type` is what was detected (`nfs4`, `lustre`, …).
 */
export function sqliteWarning(
  filesystem: FilesystemClass,
  type: string,
  directory: string,
  wanted: WantedPragmas,
): string | null {
  if (isLocalClass(filesystem) || wanted.fromUser.length > 0) return null;
  const { journal_mode, synchronous, mmap_size } = wanted.pragmas;
  const what =
    filesystem === 'unknown' ? `an unknown filesystem (${type})` : `a ${filesystem} filesystem (${type})`;
  return (
    `lamella: ${directory} is on ${what}, where SQLite is safe for one host only; opened with ` +
    `journal_mode=${journal_mode}, synchronous=${synchronous}, mmap_size=${mmap_size}. ` +
    `Best: TRACKIO_STORAGE_MODE=parquet, or TRACKIO_DIR on a node-local disk`
  );
}
