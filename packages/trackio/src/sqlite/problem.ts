/**
 * What can be wrong with a database, by name. Every error of `node:sqlite` and of the file system is turned into a
 * LamellaError once, here; `details.problem` is the name and `details.path` the file.
 */
import { type ErrorKind, LamellaError } from '@lamella/store';

export type DatabaseProblem =
  | 'missing'
  | 'wal-without-database'
  | 'zero-byte'
  | 'not-sqlite'
  | 'truncated'
  | 'corrupt'
  | 'not-yet'
  | 'foreign'
  | 'locked'
  | 'unreadable'
  | 'busy-writer'
  | 'changed';

interface Meaning {
  readonly kind: ErrorKind;
  /** Continues `the database <path> …`. */
  readonly text: string;
}

const MEANINGS: Readonly<Record<DatabaseProblem, Meaning>> = {
  missing: { kind: 'not-found', text: 'does not exist; check the project name' },
  'wal-without-database': {
    kind: 'corrupt',
    text: 'is missing while its write-ahead log is there: copy the database back beside its -wal',
  },
  'zero-byte': {
    kind: 'corrupt',
    text: 'is empty (0 bytes): nothing was written yet, or a copy of it was cut off',
  },
  'not-sqlite': {
    kind: 'corrupt',
    text: 'is not an SQLite database: it is encrypted, or the file of another program; move it away or restore it',
  },
  truncated: {
    kind: 'corrupt',
    text: 'is cut off: it is shorter than its header says; restore it from a copy',
  },
  corrupt: {
    kind: 'corrupt',
    text: 'is damaged; restore it from a copy, or save what `sqlite3 .recover` finds',
  },
  'not-yet': {
    kind: 'unavailable',
    text: 'holds no tables yet: its writer has not come to its first checkpoint',
  },
  foreign: {
    kind: 'invalid',
    text: 'is not one of Trackio: it has no table `metrics` with the columns of any version',
  },
  locked: { kind: 'unavailable', text: 'is locked by another process; try again when that process is done' },
  unreadable: {
    kind: 'unavailable',
    text: 'cannot be read; check the permissions of the file and its directory',
  },
  'busy-writer': {
    kind: 'unavailable',
    text: 'changes faster than it can be copied; the last sound copy stays in use, and it is tried again',
  },
  changed: {
    kind: 'unavailable',
    text: 'was replaced by another file while it was read; it is opened again',
  },
};

/** The error of a problem with the database at `path`; `more` is added to its sentence. */
export function databaseError(
  problem: DatabaseProblem,
  path: string,
  options: { readonly cause?: unknown; readonly more?: string } = {},
): LamellaError {
  const { kind, text } = MEANINGS[problem];
  const more = options.more === undefined ? '' : ` (${options.more})`;
  return new LamellaError(kind, `the database ${path} ${text}${more}`, {
    ...('cause' in options ? { cause: options.cause } : {}),
    details: { problem, path },
  });
}

/** The problem that an error names, or null when it is not one of a database. */
export function problemOf(error: unknown): DatabaseProblem | null {
  if (!(error instanceof LamellaError)) return null;
  const problem = error.details['problem'];
  return typeof problem === 'string' && problem in MEANINGS ? (problem as DatabaseProblem) : null;
}

/** SQLite's primary result codes that a reader of a foreign file meets. */
const BY_CODE: ReadonlyMap<number, DatabaseProblem> = new Map([
  [5, 'locked'],
  [6, 'locked'],
  [8, 'unreadable'],
  [11, 'corrupt'],
  [14, 'unreadable'],
  [15, 'locked'],
  [23, 'unreadable'],
  [26, 'not-sqlite'],
]);
const IO_ERROR = 10;
const SHORT_READ = 522;

/**
 * Runs `work` on the database at `path`; what SQLite or the file system throws comes out as an error of a named
 * problem. Others (a bug) pass as they are.
 */
export function named<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toNamed(path, error);
  }
}

/** The named error for what SQLite or the file system threw; the same object when it is neither. */
export function toNamed(path: string, error: unknown): unknown {
  if (error instanceof LamellaError) return error;
  const { code, errcode } = error as { readonly code?: string; readonly errcode?: number };
  if (code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number') {
    if (errcode === SHORT_READ) return databaseError('truncated', path, { cause: error });
    if ((errcode & 0xff) === IO_ERROR) return databaseError('unreadable', path, { cause: error });
    const problem = BY_CODE.get(errcode & 0xff);
    return problem === undefined ? error : databaseError(problem, path, { cause: error });
  }
  if (code === 'ENOENT') return databaseError('missing', path, { cause: error });
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code))
    return databaseError('unreadable', path, { cause: error });
  return error;
}
