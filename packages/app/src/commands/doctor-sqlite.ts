/**
 * What SQLite answers in a directory, asked in a child process: opening a database there can hang like anything
 * else on a dead mount. Where nothing may be tried or written, the settings that would be made are told instead.
 */
import { answerLines, askScript, scriptBeside } from '@lamella/store/node';
import type { FilesystemClass } from '@lamella/store/node';
import { pragmasFor } from '@lamella/trackio';
import type { OpenedPragmas, Pragmas } from '@lamella/trackio';

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

/** What the child is told: the question, without more of the environment than it needs. */
export type ChildQuestion = Omit<SqliteQuestion, 'env'> & { readonly env: Readonly<Record<string, string>> };

/** A line of the child's answer. */
export interface ChildAnswer {
  readonly walDatabases?: readonly string[];
  readonly opened?: OpenedPragmas;
}

const TIMEOUT_MS = 15_000;

export async function examineSqlite(question: SqliteQuestion): Promise<SqliteFindings> {
  const { directory, writeIn, class: of, env } = question;
  const wanted = pragmasFor(of, env);
  const planned = { pragmas: asAnswered(wanted.pragmas), warnings: wanted.warnings };
  if (directory === null) {
    const reason = `${wanted.reason}; nothing was opened: these would be set`;
    return { ...planned, reason, walDatabases: [] };
  }
  const told: ChildQuestion = { directory, writeIn, class: of, env: settingsIn(env) };
  const script = scriptBeside(import.meta.url, 'doctor-sqlite-child');
  const answer = await askScript(script, [JSON.stringify(told)], TIMEOUT_MS);
  const said = Object.assign({}, ...answerLines(answer)) as ChildAnswer;
  const walDatabases = said.walDatabases ?? [];
  if (said.opened?.opened === true) {
    const { pragmas, differences } = said.opened;
    return {
      pragmas: asAnswered(pragmas),
      reason: `${wanted.reason}; a connection in ${writeIn} answered this`,
      warnings: [...wanted.warnings, ...differences.map((each) => `SQLite in ${writeIn}: ${each}`)],
      walDatabases,
    };
  }
  const refusal = said.opened?.refusal ?? answer.detail;
  const why =
    writeIn === null ? 'nothing can be written there' : `no database could be opened there (${refusal})`;
  return { ...planned, reason: `${wanted.reason}; ${why}: these would be set`, walDatabases };
}

const SYNCHRONOUS: readonly string[] = ['OFF', 'NORMAL', 'FULL', 'EXTRA'];
const TEMP_STORE: readonly string[] = ['DEFAULT', 'FILE', 'MEMORY'];

/** As a connection answers `PRAGMA name`. */
function asAnswered(pragmas: Pragmas): PragmaValues {
  return {
    journal_mode: pragmas.journal_mode.toLowerCase(),
    synchronous: SYNCHRONOUS.indexOf(pragmas.synchronous),
    locking_mode: pragmas.locking_mode.toLowerCase(),
    temp_store: TEMP_STORE.indexOf(pragmas.temp_store),
    mmap_size: pragmas.mmap_size,
    cache_size: pragmas.cache_size,
  };
}

/** The variables that a choice of pragmas depends on; a whole environment may be longer than a command line. */
function settingsIn(env: NodeJS.ProcessEnv): Record<string, string> {
  const names = Object.keys(env).filter((name) => name === 'SYSTEM' || /^(TRACKIO|LAMELLA)_/.test(name));
  return Object.fromEntries(names.map((name) => [name, env[name] ?? '']));
}
