/**
 * The tables that hold one project inside DuckDB, and the only place that knows their columns.
 *
 * - `points`: rows of kind `metric` and `system`, the bulk. Names are ordinals, so that a filter compares
 *   integers: run and writer (assigned by the snapshot), key (table `keys`).
 * - `facts`: every other row (`run`, `config`, kinds that this version does not know), names as text.
 * - `keys`, `writers`: ordinal to name.
 * - `counts`: per (file, key) what the file holds; goes and comes with its file. Metric lists and run rows
 *   add these up, so that they never scan points.
 *
 * `step` is a DOUBLE: exact up to 2^53 and for fractional steps, which the log keeps exactly in `data` as
 * `{"_step": x}` beside the floored integer. `time` is microseconds since 1970 UTC.
 */
import { HELD } from './engine.ts';

/** Names of one project's tables, qualified by its schema. */
export interface ProjectTables {
  readonly schema: string;
  readonly points: string;
  readonly facts: string;
  readonly keys: string;
  readonly writers: string;
  readonly counts: string;
}

/** The tables of the project with this ordinal. */
export function projectTables(ordinal: number): ProjectTables {
  const schema = `${HELD}.p${ordinal}`;
  return {
    schema,
    points: `${schema}.points`,
    facts: `${schema}.facts`,
    keys: `${schema}.keys`,
    writers: `${schema}.writers`,
    counts: `${schema}.counts`,
  };
}

/** Statements that create a project's tables. */
export function createTables(tables: ProjectTables): readonly string[] {
  return [
    `CREATE SCHEMA ${tables.schema}`,
    `CREATE TABLE ${tables.points} (run INTEGER, file INTEGER, writer INTEGER, seq BIGINT, key INTEGER,
       step DOUBLE, time BIGINT, value DOUBLE, data VARCHAR)`,
    `CREATE TABLE ${tables.facts} (run INTEGER, file INTEGER, writer INTEGER, seq BIGINT, kind VARCHAR,
       key VARCHAR, step DOUBLE, time BIGINT, value DOUBLE, data VARCHAR)`,
    `CREATE TABLE ${tables.keys} (id INTEGER, kind VARCHAR, name VARCHAR)`,
    `CREATE TABLE ${tables.writers} (id INTEGER, name VARCHAR)`,
    `CREATE TABLE ${tables.counts} (file INTEGER, run INTEGER, key INTEGER, points BIGINT, "rows" BIGINT,
       first_time BIGINT, last_time BIGINT, last_step DOUBLE)`,
  ];
}

/** Columns of a shard file that ingest reads; a file that lacks one has nulls there (SPEC.md, Records). */
export const SHARD_COLUMNS = [
  ['writer', 'VARCHAR'],
  ['seq', 'BIGINT'],
  ['kind', 'VARCHAR'],
  ['key', 'VARCHAR'],
  ['step', 'BIGINT'],
  ['time', 'TIMESTAMPTZ'],
  ['value', 'DOUBLE'],
  ['data', 'VARCHAR'],
] as const;

/** What marks a fractional step in `data`. */
export const STEP_MARK = '{"_step":';

/** The number between the mark and the closing brace. */
const MARKED_STEP_SQL = `try_cast(trim(substr(data, ${STEP_MARK.length + 1}, length(data) - ${STEP_MARK.length + 1})) AS DOUBLE)`;

/** The exact step of a row as SQL over columns `step` and `data`; what no step can be falls back to `step`. */
export const EXACT_STEP_SQL: string = `CASE WHEN data IS NOT NULL AND starts_with(data, '${STEP_MARK}')
    AND abs(${MARKED_STEP_SQL}) <= 9223372036854775808::DOUBLE
  THEN ${MARKED_STEP_SQL} ELSE step::DOUBLE END`;

/** A list of ordinals as SQL; never empty, so that `IN` stays valid. */
export function sqlOrdinals(ordinals: Iterable<number>): string {
  const list = [...ordinals];
  return list.length > 0 ? list.join(',') : '-1';
}
