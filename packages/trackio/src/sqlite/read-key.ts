/**
 * One metric of one run, without keeping the others: what a first chart of a large database needs. SQLite itself cuts
 * the value out of each row's JSON: on a million rows of ten metrics 1.4 s of computing instead of 2.0 s, and a tenth
 * of the memory.
 *
 * Only where that is certain to give what `LogReader` gives: rows of a Trackio with run ids (its JSON is strict), a
 * name that SQLite's path syntax does not read otherwise, values that are not large. Else the rows are read and chosen here.
 */
import type { DatabaseSync } from 'node:sqlite';
import { NameTable, parseExact } from './cells.ts';
import { ChunkBuilder, encodeRun, type LogChunk, type TrackioRun } from './chunk.ts';
import { CHUNK_ROWS, createLogReader } from './log-reader.ts';
import { named } from './problem.ts';
import { hasColumn, type TrackioSchema } from './schema.ts';
import { selectRows } from './select-rows.ts';

const SEPARATOR = '\u001e';
/** A longer value is not a point of a chart. */
const LARGE_VALUE_BYTES = 4096;
/** Where a run has fewer than one in so many rows of the table, its index is used. */
const SCAN_SHARE = 8;

/** Reads the values of `key` in `run`, chunk by chunk. */
export interface KeyReader {
  /**
   * Rows after rowid `after` that have the key, at most `limit` of them; an empty chunk is the end, for now. Its
   * ordinals of runs and keys are all 0: there is one of each. Errors: those of a named problem.
   */
  read(after: number, limit?: number): LogChunk;
}

/** A reader of one metric in an open database at `path`. */
export function createKeyReader(
  database: DatabaseSync,
  path: string,
  schema: TrackioSchema,
  run: TrackioRun,
  key: string,
): KeyReader {
  const fast =
    isPlainName(key) && hasColumn(schema, 'metrics', 'run_id')
      ? fastReader(database, schema, run, key)
      : null;
  let slow: KeyReader | null = null;
  return {
    read: (after, limit = CHUNK_ROWS) =>
      named(path, () => {
        const chunk = slow === null ? (fast?.(after, limit) ?? null) : null;
        if (chunk !== null) return chunk;
        slow ??= slowReader(database, path, schema, run, key);
        return slow.read(after, limit);
      }),
  };
}

type FastRead = (after: number, limit: number) => LogChunk | null;

/** Answers null where the values have to be read the other way. */
function fastReader(database: DatabaseSync, schema: TrackioSchema, run: TrackioRun, key: string): FastRead {
  const where = 'run_id = ?1 AND run_name = ?2';
  const counts = database
    .prepare(
      `SELECT (SELECT count(*) FROM metrics WHERE ${where}) AS mine, (SELECT max(rowid) FROM metrics) AS last`,
    )
    .get(run.id, run.name);
  const hint = Number(counts?.['mine']) * SCAN_SHARE >= Number(counts?.['last']) ? 'NOT INDEXED' : '';
  const concat = (column: string): string =>
    `group_concat(${column}, '${SEPARATOR}') FILTER (WHERE v IS NOT NULL)`;
  const step = hasColumn(schema, 'metrics', 'step') ? 'quote(step)' : `'NULL'`;
  // The LIMIT inside keeps SQLite from cutting the value out once for each mention of `v`.
  const statement = database.prepare(`SELECT count(v), ${['r', 's', 't'].map(concat).join(', ')},
      '[' || group_concat(CASE WHEN octet_length(v) <= ${LARGE_VALUE_BYTES} THEN v ELSE '' END) || ']', max(r)
    FROM (SELECT rowid AS r, ${step} AS s, CAST(timestamp AS TEXT) AS t, CAST(metrics AS TEXT) -> ?3 AS v
      FROM metrics ${hint} WHERE ${where} AND rowid > ?4 ORDER BY rowid LIMIT ?5)`);
  statement.setReturnArrays(true);
  const runs = new NameTable();
  const keys = new NameTable();
  keys.ordinal(key);
  const next = (after: number, limit: number): readonly (string | number | null)[] | null => {
    try {
      return statement.get(run.id, run.name, key, after, limit) as unknown as readonly (
        | string
        | number
        | null
      )[];
    } catch (error) {
      if ((error as { readonly errcode?: number }).errcode === SQLITE_ERROR) return null; // "malformed JSON"
      throw error;
    }
  };
  return (after, limit) => {
    for (let from = after; ;) {
      const row = next(from, limit);
      if (row === null) return null;
      const count = Number(row[0]);
      const builder = new ChunkBuilder(count, runs, keys);
      if (count > 0) return addAll(builder, row, run, key) ? builder.take(after) : null;
      if (row[5] === null) return builder.take(after);
      from = Number(row[5]); // rows without the key
    }
  };
}

/** False where the columns do not come apart into as many parts as rows. */
function addAll(
  builder: ChunkBuilder,
  row: readonly (string | number | null)[],
  run: TrackioRun,
  key: string,
): boolean {
  const columns = row.slice(1, 4).map((column) => String(column).split(SEPARATOR));
  const text = String(row[4]);
  const values = parseArray(text);
  const count = Number(row[0]);
  if (values === null || values.length !== count || columns.some((column) => column.length !== count))
    return false;
  const [rowids, steps, times] = columns as [string[], string[], string[]];
  const identity = encodeRun(run);
  let exact: readonly unknown[] | null = null;
  for (let index = 0; index < count; index += 1) {
    const at = builder.addRow(Number(rowids[index]), identity, times[index] ?? '');
    builder.setQuotedStep(at, steps[index] ?? 'NULL');
    if (builder.addCells(at, { [key]: values[index] })) continue;
    // An integer beyond 2^53: its digits are in the text of the values only.
    exact ??= (parseExact(`{"v":${text}}`)?.['v'] as readonly unknown[] | undefined) ?? [];
    if (!builder.addCells(at, { [key]: exact[index] })) return false;
  }
  return true;
}

const SQLITE_ERROR = 1;

function slowReader(
  database: DatabaseSync,
  path: string,
  schema: TrackioSchema,
  run: TrackioRun,
  key: string,
): KeyReader {
  const logs = createLogReader(database, path, schema);
  const wanted = encodeRun(run);
  return {
    read: (after, limit) => {
      for (let from = after; ;) {
        const chunk = logs.read('metrics', from, limit);
        if (chunk.rows === 0) return { ...chunk, last: after };
        const mine = logs.runs.findIndex((other) => encodeRun(other) === wanted);
        const found = onlyKey(chunk, mine, logs.keys.indexOf(key));
        if (found.rows > 0) return found;
        from = chunk.last;
      }
    },
  };
}

/** The rows of a run that have a key, with that cell alone. */
function onlyKey(chunk: LogChunk, run: number, key: number): LogChunk {
  const place = new Int32Array(chunk.rows).fill(-1);
  for (let cell = 0; cell < chunk.cells.count; cell += 1) {
    const row = chunk.cells.row[cell] ?? 0;
    if (chunk.cells.key[cell] === key && chunk.run[row] === run) place[row] = cell;
  }
  const rows = selectRows(chunk, (row) => (place[row] ?? -1) >= 0);
  const cells = [...place].filter((cell) => cell >= 0);
  const data = new Map<number, string>();
  for (const [index, cell] of cells.entries()) {
    const text = chunk.cells.data.get(cell);
    if (text !== undefined) data.set(index, text);
  }
  return {
    ...rows,
    run: new Uint32Array(cells.length),
    unreadable: [],
    last: rows.rowid[rows.rows - 1] ?? chunk.last,
    cells: {
      count: cells.length,
      row: Uint32Array.from(cells.keys()),
      key: new Uint32Array(cells.length),
      value: Float64Array.from(cells, (cell) => chunk.cells.value[cell] ?? 0),
      valueNull: Uint8Array.from(cells, (cell) => chunk.cells.valueNull[cell] ?? 0),
      data,
    },
  };
}

/** SQLite reads `$…` as a path and a number as a place in an array; a name that JSON would escape is not compared. */
function isPlainName(key: string): boolean {
  return JSON.stringify(key) === `"${key}"` && !/^($|[$[]|-?\d)/.test(key);
}

function parseArray(text: string): readonly unknown[] | null {
  try {
    return JSON.parse(text) as readonly unknown[];
  } catch {
    return null; // a value was too large, or is not strict JSON
  }
}
