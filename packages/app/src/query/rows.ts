/** Reading DuckDB results: small ones as row arrays, large ones cell by cell without an object per row. */
import { setImmediate } from 'node:timers/promises';
import type { DuckDBMaterializedResult, DuckDBValue } from '@duckdb/node-api';

/** Cells visited before the event loop gets a turn: about 5 ms of work. */
const CELLS_PER_TURN = 250_000;

/** One value of a result; `number` where the statement casts to DOUBLE or INTEGER. */
export type Cell = number | bigint | string | boolean | null;

/**
 * Calls `visit(row, cell)` for every row; `cell(column)` reads a value of the row. Yields to the event loop
 * between chunks, so that a large answer does not stall other requests.
 */
export async function eachRow(
  result: DuckDBMaterializedResult,
  visit: (cell: (column: number) => Cell, row: number) => void,
): Promise<number> {
  const columns = result.columnCount;
  let seen = 0;
  let cells = 0;
  for await (const chunk of result) {
    const vectors = Array.from({ length: columns }, (_, i) => chunk.getColumnVector(i));
    let row = 0;
    const cell = (column: number): Cell => scalar(vectors[column]!.getItem(row));
    for (; row < chunk.rowCount; row++) {
      visit(cell, seen++);
    }
    cells += chunk.rowCount * columns;
    if (cells > CELLS_PER_TURN) {
      cells = 0;
      await setImmediate();
    }
  }
  return seen;
}

/** All rows of a small result. */
export async function allRows(result: DuckDBMaterializedResult): Promise<Cell[][]> {
  const rows: Cell[][] = [];
  const width = result.columnCount;
  await eachRow(result, (cell) => {
    rows.push(Array.from({ length: width }, (_, i) => cell(i)));
  });
  return rows;
}

/** A cell that must be a number (null counts as NaN). */
export function numberOf(cell: Cell): number {
  return cell === null ? Number.NaN : Number(cell);
}

/** A cell that is a number or null. */
export function numberOrNull(cell: Cell): number | null {
  return cell === null ? null : Number(cell);
}

function scalar(value: DuckDBValue): Cell {
  if (value === null || typeof value !== 'object') {
    return value;
  }
  throw new TypeError(`a query answered a nested value where a scalar was expected: ${String(value)}`);
}
