/**
 * A Trackio database that is open for reading: everything Lamella shows of a project. It never writes, and it does
 * not decide where a file may be opened; that is `source.ts`.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { databaseFiles } from '../layout/files.ts';
import { sizeOf } from './file-facts.ts';
import type { TrackioRun } from './chunk.ts';
import {
  readAlerts,
  readArtifacts,
  readConfigs,
  readTraces,
  type TrackioAlert,
  type TrackioArtifact,
  type TrackioConfig,
  type TrackioTrace,
} from './facts.ts';
import { DATABASE_HEADER_BYTES, type DatabaseHeader, parseDatabaseHeader } from './header.ts';
import { createKeyReader, type KeyReader } from './read-key.ts';
import { createLogReader, type LogReader, type LogTable } from './log-reader.ts';
import { holdInPlace, isHeldInPlace } from './in-place.ts';
import { databaseError, named, problemOf } from './problem.ts';
import { readSchema, type TrackioSchema } from './schema.ts';

export interface TrackioDatabase {
  readonly path: string;
  readonly schema: TrackioSchema;
  /** `wal`, `delete`, …, as the connection says. */
  readonly journalMode: string;
  /** Metrics and system metrics, in columns. */
  readonly logs: LogReader;
  /** One metric of one run, without the others: faster where that is all that is asked. */
  readonly readKey: (run: TrackioRun, key: string) => KeyReader;
  readonly configs: () => TrackioConfig[];
  readonly alerts: (after?: number) => TrackioAlert[];
  readonly traces: (after?: number) => TrackioTrace[];
  readonly artifacts: () => TrackioArtifact[];
  /** Rows of a table up to a rowid: fewer than before means that a run was deleted or renamed. */
  readonly countRows: (table: LogTable, upTo: number) => number;
  /** Those of `logIds` that the table holds already. */
  readonly knownLogIds: (table: LogTable | 'alerts', logIds: readonly string[]) => Set<string>;
  /** Changes whenever another connection has committed, and says when it changed the tables. Cheap. */
  readonly versions: () => { readonly data: number; readonly schema: number };
  readonly close: () => void;
}

/** How long a reader waits for a writer's lock, in milliseconds. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * Opens the database at `path` read-only, where it lies. As long as it is open, nothing in this process may read the
 * file in another way (see `in-place.ts`); further calls of this function may.
 *
 * Errors, of a named problem: missing, wal-without-database, zero-byte, not-sqlite, truncated, corrupt, not-yet,
 * foreign, locked, unreadable.
 */
export function openTrackioDatabase(path: string): TrackioDatabase {
  refuseEmpty(path);
  const release = holdInPlace(path);
  let database: DatabaseSync | null = null;
  try {
    const opened = named(path, () => new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS }));
    database = opened;
    const schema = readSchema(opened, path);
    return {
      path,
      schema,
      journalMode: named(path, () => String(opened.prepare('PRAGMA journal_mode').get()?.['journal_mode'])),
      logs: createLogReader(opened, path, schema),
      readKey: (run, key) => createKeyReader(opened, path, schema, run, key),
      configs: () => readConfigs(opened, path, schema),
      alerts: (after) => readAlerts(opened, path, schema, after),
      traces: (after) => readTraces(opened, path, schema, after),
      artifacts: () => readArtifacts(opened, path, schema),
      countRows: (table, upTo) => countRows(opened, path, schema, table, upTo),
      knownLogIds: (table, logIds) => knownLogIds(opened, path, schema, table, logIds),
      versions: () => {
        const ask = (pragma: string): number => Number(opened.prepare(`PRAGMA ${pragma}`).get()?.[pragma]);
        return named(path, () => ({ data: ask('data_version'), schema: ask('schema_version') }));
      },
      close: () => {
        opened.close();
        release();
      },
    };
  } catch (error) {
    database?.close();
    release();
    throw moreExact(path, error);
  }
}

/** What `stat` alone says against a database. */
function refuseEmpty(path: string): void {
  const size = named(path, () => sizeOf(path));
  if (size === 0) throw databaseError('zero-byte', path);
  if (size !== null) return;
  throw databaseError(sizeOf(databaseFiles(path).wal) === null ? 'missing' : 'wal-without-database', path);
}

/** SQLite calls a file that is cut off damaged, or no database: its header tells which. */
function moreExact(path: string, error: unknown): unknown {
  const problem = problemOf(error);
  if ((problem !== 'corrupt' && problem !== 'not-sqlite') || isHeldInPlace(path)) return error;
  try {
    readDatabaseHeader(path);
    return error;
  } catch (exact) {
    return exact;
  }
}

/** Reads the header of the database at `path` as a file: not for one that is open in this process. */
function readDatabaseHeader(path: string): DatabaseHeader {
  return named(path, () => {
    const file = openSync(path, 'r');
    try {
      const bytes = new Uint8Array(DATABASE_HEADER_BYTES);
      const read = readSync(file, bytes, 0, bytes.length, 0);
      const hasLog = (sizeOf(databaseFiles(path).wal) ?? 0) > 0;
      return parseDatabaseHeader(path, bytes.subarray(0, read), fstatSync(file).size, hasLog);
    } finally {
      closeSync(file);
    }
  });
}

function countRows(
  database: DatabaseSync,
  path: string,
  schema: TrackioSchema,
  table: LogTable,
  upTo: number,
): number {
  if (!schema.tables.has(table)) return 0;
  const sql = `SELECT count(*) AS rows FROM ${table} WHERE rowid <= ?`;
  return named(path, () => Number(database.prepare(sql).get(upTo)?.['rows']));
}

function knownLogIds(
  database: DatabaseSync,
  path: string,
  schema: TrackioSchema,
  table: LogTable | 'alerts',
  logIds: readonly string[],
): Set<string> {
  const column = table === 'alerts' ? 'alert_id' : 'log_id';
  if (logIds.length === 0 || !(schema.tables.get(table)?.includes(column) ?? false)) return new Set();
  const sql = `SELECT ${column} AS id FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?))`;
  return named(path, () => {
    const rows = database.prepare(sql).all(JSON.stringify(logIds));
    return new Set(rows.map((row) => String(row['id'])));
  });
}
