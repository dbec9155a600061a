/**
 * Columns into a project's tables: the way of rows that lie in no Parquet file. Chunks of DuckDB's own size are
 * filled by copying columns and appended inside the caller's transaction; a million rows of ten metrics take half
 * the time of a file.
 */
import { setImmediate } from 'node:timers/promises';
import { BIGINT, DOUBLE, DuckDBDataChunk, INTEGER, VARCHAR } from '@duckdb/node-api';
import type { DuckDBAppender, DuckDBConnection, DuckDBVector } from '@duckdb/node-api';
import type { KeyColumn, ShardColumns } from './shard-columns.ts';
import { allRows } from './rows.ts';
import type { ProjectTables } from './tables.ts';

/** Columns of one shard, with the ordinals of its file and run. */
export interface StagedColumns {
  readonly file: number;
  readonly run: number;
  readonly columns: ShardColumns;
}

/** Rows of a DuckDB vector. */
const VECTOR_ROWS = 2048;
/** Chunks appended before the event loop gets a turn: about 5 ms of work. */
const CHUNKS_PER_TURN = 64;

const POINT_TYPES = [INTEGER, INTEGER, INTEGER, BIGINT, INTEGER, DOUBLE, BIGINT, DOUBLE, VARCHAR];

/** Adds the rows of `staged` inside the caller's transaction. */
export async function insertColumns(
  connection: DuckDBConnection,
  tables: ProjectTables,
  staged: readonly StagedColumns[],
): Promise<void> {
  const writers = await ordinals(connection, tables.writers, ['name'], writersOf(staged));
  const keys = await ordinals(connection, tables.keys, ['kind', 'name'], keysOf(staged));
  const points = await appender(connection, tables.points);
  for (const { file, run, columns } of staged) {
    const writer = writers.get(nameOf([columns.writer]))!;
    const chunks = new Chunks({ run, file, writer });
    const allHaveSteps = !columns.step.some((step) => Number.isNaN(step));
    for (const column of columns.keys) {
      const key = keys.get(nameOf([column.kind, column.name]))!;
      await appendColumn(points, chunks, key, columns, column, allHaveSteps);
    }
    for (const cell of columns.data) {
      const step = columns.step[cell.row]!;
      points.appendInteger(run);
      points.appendInteger(file);
      points.appendInteger(writer);
      points.appendBigInt(columns.seq[cell.row]!);
      points.appendInteger(keys.get(nameOf([cell.kind, cell.name]))!);
      appendDouble(points, Number.isNaN(step) ? null : step);
      points.appendBigInt(columns.time[cell.row]!);
      appendDouble(points, cell.value);
      points.appendVarchar(cell.data);
      points.endRow();
    }
  }
  points.closeSync();
  await insertFacts(connection, tables, staged, writers);
}

async function insertFacts(
  connection: DuckDBConnection,
  tables: ProjectTables,
  staged: readonly StagedColumns[],
  writers: ReadonlyMap<string, number>,
): Promise<void> {
  const facts = await appender(connection, tables.facts);
  for (const { file, run, columns } of staged) {
    for (const [seq, fact] of columns.facts.entries()) {
      facts.appendInteger(run);
      facts.appendInteger(file);
      facts.appendInteger(writers.get(nameOf([columns.writer]))!);
      facts.appendBigInt(BigInt(seq));
      facts.appendVarchar(fact.kind);
      facts.appendVarchar(fact.key);
      facts.appendNull();
      facts.appendBigInt(BigInt(Math.round(fact.timeUs)));
      facts.appendNull();
      facts.appendVarchar(fact.data);
      facts.endRow();
    }
  }
  facts.closeSync();
}

/** The appender of a table that is named `catalog.schema.table` or `schema.table`. */
async function appender(connection: DuckDBConnection, table: string): Promise<DuckDBAppender> {
  const [name, schema, catalog] = table.split('.').toReversed();
  return await connection.createAppender(name!, schema ?? null, catalog ?? null);
}

interface Constants {
  readonly run: number;
  readonly file: number;
  readonly writer: number;
}

/** Chunks with a shard's constants in them, to be filled and appended again and again. */
class Chunks {
  readonly #constants: Constants;
  readonly #bySize = new Map<number, DuckDBDataChunk>();

  constructor(constants: Constants) {
    this.#constants = constants;
  }

  /** One of so many rows. `fresh`: without nulls of an earlier use. */
  take(rows: number, fresh: boolean): DuckDBDataChunk {
    const known = fresh ? undefined : this.#bySize.get(rows);
    if (known) return known;
    const chunk = DuckDBDataChunk.create(POINT_TYPES, rows);
    const { run, file, writer } = this.#constants;
    for (const [column, constant] of [run, file, writer].entries()) {
      fill(chunk.getColumnVector(column), new Int32Array(rows).fill(constant));
    }
    chunk.setColumnValues(
      8,
      Array.from({ length: rows }, () => null),
    );
    this.#bySize.set(rows, chunk);
    return chunk;
  }
}

async function appendColumn(
  points: DuckDBAppender,
  chunks: Chunks,
  key: number,
  columns: ShardColumns,
  { rows, value }: KeyColumn,
  allHaveSteps: boolean,
): Promise<void> {
  for (let from = 0; from < value.length; from += VECTOR_ROWS) {
    const to = Math.min(from + VECTOR_ROWS, value.length);
    const chunk = chunks.take(to - from, !allHaveSteps);
    const pick = <T extends BigInt64Array | Float64Array>(column: T): T =>
      (rows === null ? column.subarray(from, to) : gather(column, rows.subarray(from, to))) as T;
    fill(chunk.getColumnVector(3), pick(columns.seq));
    fill(chunk.getColumnVector(4), new Int32Array(to - from).fill(key));
    if (allHaveSteps) fill(chunk.getColumnVector(5), pick(columns.step));
    else fillSteps(chunk.getColumnVector(5), pick(columns.step));
    fill(chunk.getColumnVector(6), pick(columns.time));
    fill(chunk.getColumnVector(7), value.subarray(from, to));
    points.appendDataChunk(chunk);
    if ((from / VECTOR_ROWS) % CHUNKS_PER_TURN === CHUNKS_PER_TURN - 1) await setImmediate();
  }
}

function gather(column: BigInt64Array | Float64Array, rows: Uint32Array): BigInt64Array | Float64Array {
  return column instanceof Float64Array
    ? Float64Array.from(rows, (row) => column[row]!)
    : BigInt64Array.from(rows, (row) => column[row]!);
}

/** The memory behind a vector; the package is pinned to one version, whose vectors have it under this name. */
interface VectorItems {
  readonly items?: { set(values: ArrayLike<number> | ArrayLike<bigint>): void; readonly length: number };
}

/** Copies a whole vector: a call for each of ten million values would hold the event loop for seconds. */
function fill(vector: DuckDBVector, values: Float64Array | BigInt64Array | Int32Array): void {
  const { items } = vector as unknown as VectorItems;
  if (items?.length === values.length) items.set(values);
  else for (let row = 0; row < values.length; row++) vector.setItem(row, values[row] as never);
  vector.flush();
}

function fillSteps(vector: DuckDBVector, steps: Float64Array): void {
  for (const [row, step] of steps.entries()) vector.setItem(row, Number.isNaN(step) ? null : step);
  vector.flush();
}

function appendDouble(to: DuckDBAppender, value: number | null): void {
  if (value === null) to.appendNull();
  else to.appendDouble(value);
}

const SEPARATOR = '\u0000';

function nameOf(parts: readonly string[]): string {
  return parts.join(SEPARATOR);
}

function writersOf(staged: readonly StagedColumns[]): readonly (readonly string[])[] {
  return staged.map(({ columns }) => [columns.writer]);
}

function keysOf(staged: readonly StagedColumns[]): readonly (readonly string[])[] {
  return staged.flatMap(({ columns }) =>
    [...columns.keys, ...columns.data].map(({ kind, name }) => [kind, name]),
  );
}

/** Ordinals of names in a table of names, new ones for those that have none. */
async function ordinals(
  connection: DuckDBConnection,
  table: string,
  columns: readonly string[],
  names: readonly (readonly string[])[],
): Promise<ReadonlyMap<string, number>> {
  const list = columns.join(', ');
  const read = async (): Promise<Map<string, number>> => {
    const rows = await allRows(await connection.run(`SELECT id, ${list} FROM ${table}`));
    return new Map(rows.map(([id, ...parts]) => [nameOf(parts.map(String)), Number(id)]));
  };
  const known = await read();
  const missing = new Map(names.map((parts) => [nameOf(parts), parts]));
  const fresh = [...missing].filter(([name]) => !known.has(name)).map(([, parts]) => parts);
  if (fresh.length === 0) return known;
  const first = Math.max(-1, ...known.values()) + 1;
  for (const [i, parts] of fresh.entries()) {
    const places = parts.map((_, place) => `$${place + 1}`).join(', ');
    await connection.run(`INSERT INTO ${table} VALUES (${first + i}, ${places})`, [...parts]);
  }
  return await read();
}
