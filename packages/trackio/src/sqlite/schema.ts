/**
 * Which columns a database has. No version is asked for: later columns came by ALTER TABLE, Parquet imports
 * made tables without keys, and `user_version` 0 covers every layout up to 0.36, so that only the columns say what is there.
 */
import type { DatabaseSync } from 'node:sqlite';
import { databaseError, named } from './problem.ts';

/** The columns of the tables that Lamella reads; an empty set where there is no such table. */
export interface TrackioSchema {
  /** `PRAGMA user_version`: 2 from 0.37 on, before that 0. */
  readonly userVersion: number;
  /** Every table of the database with its columns, in the order of creation. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
}

/** Without these nothing can be shown. */
const REQUIRED: readonly string[] = ['timestamp', 'run_name', 'metrics'];

/**
 * Reads the schema of an open database.
 *
 * Errors, naming `path`: not-yet (no table at all), foreign (no table `metrics` of Trackio's).
 */
export function readSchema(database: DatabaseSync, path: string): TrackioSchema {
  return named(path, () => {
    const names = database
      .prepare(
        `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite^_%' ESCAPE '^' ORDER BY rowid`,
      )
      .all()
      .map((row) => String(row['name']));
    const columns = database.prepare('SELECT name FROM pragma_table_info(?) ORDER BY cid');
    const tables = new Map(names.map((name) => [name, columns.all(name).map((row) => String(row['name']))]));
    if (tables.size === 0) throw databaseError('not-yet', path);
    const metrics = tables.get('metrics') ?? [];
    if (!REQUIRED.every((column) => metrics.includes(column))) {
      throw databaseError('foreign', path, { more: `its tables: ${names.slice(0, 8).join(', ')}` });
    }
    const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
    return { userVersion: Number(version), tables };
  });
}

/** Whether a table has a column. */
export function hasColumn(schema: TrackioSchema, table: string, column: string): boolean {
  return schema.tables.get(table)?.includes(column) ?? false;
}
