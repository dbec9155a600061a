/**
 * What SQLite would be told in a directory of a class. The connection that is really asked comes with the package
 * for Trackio's formats; until then these are plans, and the reason says so.
 */
import type { FilesystemClass } from '@lamella/store/node';

/** As SQLite spells them: words in lower case, numbers where it answers numbers. */
export interface PragmaValues {
  readonly journal_mode: string;
  readonly synchronous: string | number;
  readonly locking_mode: string;
  readonly temp_store: string | number;
  readonly mmap_size: number;
  readonly cache_size: number;
}

export interface SqliteFindings {
  readonly pragmas: PragmaValues;
  /** Why these, and whether a connection answered them or they are only planned. */
  readonly reason: string;
  /** One per variable that is not understood and per answer that is not what was asked for. */
  readonly warnings: readonly string[];
  /** Names of databases in the directory whose header says WAL. */
  readonly walDatabases: readonly string[];
}

export interface SqliteQuestion {
  /** Where databases are looked for, or null where nothing may be touched. */
  readonly directory: string | null;
  /** Where one may be made for a moment, or null. */
  readonly writeIn: string | null;
  readonly class: FilesystemClass;
  readonly env: NodeJS.ProcessEnv;
}

export async function examineSqlite({ class: of }: SqliteQuestion): Promise<SqliteFindings> {
  const local = of === 'local';
  return await Promise.resolve({
    pragmas: {
      journal_mode: local ? 'wal' : 'delete',
      synchronous: local ? 1 : 2,
      locking_mode: 'normal',
      temp_store: 2,
      mmap_size: 0,
      cache_size: -20_000,
    },
    reason: `a ${of} filesystem; nothing was opened: these would be set`,
    warnings: [],
    walDatabases: [],
  });
}
