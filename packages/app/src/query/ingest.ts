/**
 * Verified shard copies into a project's tables, and superseded shards out of them, in one transaction: a
 * reader sees the narrow files or the wide one, never both and never neither.
 *
 * A batch is staged once, new names get ordinals, then rows go to `points` or `facts` and are counted per
 * (file, key). Files in conflict lose the rows that another file of the run already holds with the same
 * identity (writer, seq, kind, key) and the same content; what differs stays, so both versions are shown.
 */
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { sqlText } from './engine.ts';
import { EXACT_STEP_SQL, SHARD_COLUMNS, sqlOrdinals } from './tables.ts';
import type { ProjectTables } from './tables.ts';

/** Shards may have columns that we do not know, of any name (SPEC.md S10); DuckDB refuses one that is taken. */
const PATH_COLUMN = '_lamella_path_of_the_copy';

/** A verified local copy named `<file>.parquet`. */
export interface StagedFile {
  readonly file: number;
  readonly run: number;
  readonly path: string;
}

/**
 * Writes a shard without rows but with every column, once per engine. Read together with real shards, it
 * gives each column its type and null where a file lacks it. Answers its path.
 */
export async function writeSchemaFile(connection: DuckDBConnection, directory: string): Promise<string> {
  const path = join(directory, 'schema.parquet');
  const columns = SHARD_COLUMNS.map(([name, type]) => `NULL::${type} AS ${name}`).join(', ');
  await connection.run(`COPY (SELECT ${columns} LIMIT 0) TO ${sqlText(path)} (FORMAT parquet)`);
  return path;
}

/** Adds the rows of `files` inside the caller's transaction. */
export async function insertFiles(
  connection: DuckDBConnection,
  tables: ProjectTables,
  schemaFile: string,
  files: readonly StagedFile[],
): Promise<void> {
  const paths = [schemaFile, ...files.map(({ path }) => path)].map(sqlText).join(', ');
  const runs = files.map(({ file, run }) => `(${file}, ${run})`).join(', ');
  await connection.run(`CREATE TEMP TABLE staged AS
    SELECT f.file, f.run, r.writer, r.seq::BIGINT AS seq, r.kind, r.key, ${EXACT_STEP_SQL} AS step,
      epoch_us(r.time) AS time, r.value, r.data
    FROM (SELECT ${SHARD_COLUMNS.map(([name]) => name).join(', ')},
        try_cast(parse_filename(${PATH_COLUMN}, true) AS INTEGER) AS file
      FROM read_parquet([${paths}], union_by_name = true, filename = '${PATH_COLUMN}')) r
    JOIN (VALUES ${runs}) f(file, run) ON f.file = r.file`);
  try {
    await connection.run(nameOrdinals(tables.writers, 'name', 'SELECT DISTINCT writer AS name FROM staged'));
    await connection.run(
      nameOrdinals(
        tables.keys,
        'kind, name',
        `SELECT DISTINCT kind, key AS name FROM staged WHERE kind IN ('metric', 'system')`,
      ),
    );
    await connection.run(`INSERT INTO ${tables.points}
      SELECT s.run, s.file, w.id, s.seq, k.id, s.step, s.time, s.value, s.data
      FROM staged s JOIN ${tables.keys} k ON k.kind = s.kind AND k.name = s.key
      JOIN ${tables.writers} w ON w.name = s.writer`);
    await connection.run(`INSERT INTO ${tables.facts}
      SELECT s.run, s.file, w.id, s.seq, s.kind, s.key, s.step, s.time, s.value, s.data
      FROM staged s JOIN ${tables.writers} w ON w.name = s.writer WHERE s.kind NOT IN ('metric', 'system')`);
  } finally {
    await connection.run('DROP TABLE staged');
  }
}

/** Ordinals for names that have none yet, in the order of the names. */
function nameOrdinals(table: string, columns: string, names: string): string {
  return `INSERT INTO ${table} SELECT
      (SELECT coalesce(max(id) + 1, 0) FROM ${table}) + row_number() OVER (ORDER BY ${columns}) - 1, ${columns}
    FROM (${names} EXCEPT SELECT ${columns} FROM ${table})`;
}

/** Takes out the rows of superseded files. */
export async function deleteFiles(
  connection: DuckDBConnection,
  tables: ProjectTables,
  files: readonly number[],
): Promise<void> {
  if (files.length === 0) {
    return;
  }
  for (const table of [tables.points, tables.facts, tables.counts]) {
    await connection.run(`DELETE FROM ${table} WHERE file IN (${sqlOrdinals(files)})`);
  }
}

/**
 * Drops from each conflicting file of `run`, in ascending order, the rows that any other file of the run
 * holds with equal identity and content (values by their bits, as the format's `sum` has them).
 */
export async function dropRepeats(
  connection: DuckDBConnection,
  tables: ProjectTables,
  run: number,
  conflicting: readonly number[],
): Promise<void> {
  for (const file of conflicting) {
    for (const [table, identity] of [
      [tables.points, 'b.key = a.key'],
      [tables.facts, 'b.kind = a.kind AND b.key = a.key'],
    ]) {
      await connection.run(`DELETE FROM ${table} a WHERE a.file = ${file} AND EXISTS (SELECT 1 FROM ${table} b
        WHERE b.run = ${run} AND b.file <> ${file} AND b.writer = a.writer AND b.seq = a.seq AND ${identity}
          AND b.time = a.time AND b.step IS NOT DISTINCT FROM a.step AND b.data IS NOT DISTINCT FROM a.data
          AND b.value IS NOT DISTINCT FROM a.value
          AND (a.value IS NULL OR a.value <> 0 OR signbit(a.value) = signbit(b.value)))`);
    }
  }
}

/** Counts `files` per key again, after rows came or repeats went. */
export async function countFiles(
  connection: DuckDBConnection,
  tables: ProjectTables,
  files: readonly number[],
): Promise<void> {
  const list = sqlOrdinals(files);
  await connection.run(`DELETE FROM ${tables.counts} WHERE file IN (${list})`);
  await connection.run(`INSERT INTO ${tables.counts}
    SELECT file, run, key, count(value), count(*), min(time), max(time), max(step)
    FROM ${tables.points} WHERE file IN (${list}) GROUP BY file, run, key
    UNION ALL
    SELECT file, run, NULL, 0, count(*), min(time), max(time), NULL
    FROM ${tables.facts} WHERE file IN (${list}) GROUP BY file, run`);
}
