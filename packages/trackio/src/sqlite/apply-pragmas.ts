/**
 * Sets pragmas on a connection and reads back what SQLite made of them: some are refused without an error.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { JournalMode, LockingMode, Pragmas, Synchronous, TempStore, WantedPragmas } from './pragmas.ts';

export interface AppliedPragmas {
  /** What the connection answered. */
  readonly pragmas: Pragmas;
  /** One line for each that is not what was wanted. */
  readonly differences: readonly string[];
}

const SYNCHRONOUS: readonly Synchronous[] = ['OFF', 'NORMAL', 'FULL', 'EXTRA'];
const TEMP_STORE: readonly TempStore[] = ['DEFAULT', 'FILE', 'MEMORY'];

/**
 * Applies `wanted` to a connection on which nothing was executed yet. The locking mode comes first: set to EXCLUSIVE
 * before the first access, a database in WAL mode keeps its index in this process's memory, and no `-shm` is mapped.
 *
 * SQLite's errors pass (a locked database, one that is none).
 */
export function applyPragmas(database: DatabaseSync, wanted: WantedPragmas): AppliedPragmas {
  const { pragmas, busyTimeoutMs } = wanted;
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  database.exec(`PRAGMA locking_mode = ${pragmas.locking_mode}`);
  const refusal = setJournalMode(database, pragmas.journal_mode);
  database.exec(`PRAGMA synchronous = ${pragmas.synchronous};
    PRAGMA temp_store = ${pragmas.temp_store};
    PRAGMA cache_size = ${pragmas.cache_size};
    PRAGMA mmap_size = ${pragmas.mmap_size}`);
  const actual = readPragmas(database);
  return { pragmas: actual, differences: differences(pragmas, actual, refusal) };
}

/** What a connection answers to each of the pragmas. */
export function readPragmas(database: DatabaseSync): Pragmas {
  const ask = (name: string): string | number =>
    Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0] as string | number;
  return {
    journal_mode: String(ask('journal_mode')).toUpperCase() as JournalMode,
    synchronous: SYNCHRONOUS[Number(ask('synchronous'))] ?? 'FULL',
    locking_mode: String(ask('locking_mode')).toUpperCase() as LockingMode,
    temp_store: TEMP_STORE[Number(ask('temp_store'))] ?? 'DEFAULT',
    mmap_size: Number(ask('mmap_size')),
    cache_size: Number(ask('cache_size')),
  };
}

/** Changing the mode takes the database for itself; where that fails SQLite throws, or goes on in the old mode. */
function setJournalMode(database: DatabaseSync, mode: JournalMode): string | null {
  try {
    database.prepare(`PRAGMA journal_mode = ${mode}`).get();
    return null;
  } catch (error) {
    if ((error as { readonly errcode?: number }).errcode === 5) return (error as Error).message;
    throw error;
  }
}

function differences(wanted: Pragmas, actual: Pragmas, refusal: string | null): string[] {
  const names = Object.keys(wanted) as (keyof Pragmas)[];
  return names
    .filter((name) => wanted[name] !== actual[name])
    .map((name) => {
      const why = name === 'journal_mode' ? journalReason(actual.journal_mode, refusal) : '';
      return `${name} is ${actual[name]}, not ${wanted[name]}${why}`;
    });
}

function journalReason(actual: JournalMode, refusal: string | null): string {
  if (actual === 'WAL') {
    return ': another connection has this database open in WAL mode; close every process that uses it, then open it again';
  }
  return refusal === null ? '' : `: ${refusal}`;
}
