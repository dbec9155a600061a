/** Some rows of a chunk, with their cells. */
import type { CellColumns } from './cells.ts';
import type { LogChunk } from './chunk.ts';

/** The rows for which `keep` is true, in their order. The chunk itself when all are kept; `last` stays. */
export function selectRows(chunk: LogChunk, keep: (row: number) => boolean): LogChunk {
  const rows = Array.from({ length: chunk.rows }, (_, row) => row).filter((row) => keep(row));
  if (rows.length === chunk.rows) return chunk;
  const place = new Int32Array(chunk.rows).fill(-1);
  for (const [index, row] of rows.entries()) place[row] = index;
  const exactStep = new Map<number, number>();
  for (const [row, step] of chunk.exactStep) {
    const to = place[row] ?? -1;
    if (to >= 0) exactStep.set(to, step);
  }
  return {
    rows: rows.length,
    rowid: Float64Array.from(rows, (row) => chunk.rowid[row] ?? 0),
    run: Uint32Array.from(rows, (row) => chunk.run[row] ?? 0),
    step: BigInt64Array.from(rows, (row) => chunk.step[row] ?? 0n),
    stepNull: Uint8Array.from(rows, (row) => chunk.stepNull[row] ?? 0),
    exactStep,
    timeUs: Float64Array.from(rows, (row) => chunk.timeUs[row] ?? Number.NaN),
    time: Uint32Array.from(rows, (row) => chunk.time[row] ?? 0),
    times: chunk.times,
    cells: selectCells(chunk.cells, place),
    unreadable: chunk.unreadable.map((row) => place[row] ?? -1).filter((row) => row >= 0),
    last: chunk.last,
  };
}

/** The cells of the rows that have a place, moved to it. */
function selectCells(cells: CellColumns, place: Int32Array): CellColumns {
  const kept: number[] = [];
  const data = new Map<number, string>();
  for (let cell = 0; cell < cells.count; cell += 1) {
    if ((place[cells.row[cell] ?? 0] ?? -1) < 0) continue;
    const text = cells.data.get(cell);
    if (text !== undefined) data.set(kept.length, text);
    kept.push(cell);
  }
  return {
    count: kept.length,
    row: Uint32Array.from(kept, (cell) => place[cells.row[cell] ?? 0] ?? 0),
    key: Uint32Array.from(kept, (cell) => cells.key[cell] ?? 0),
    value: Float64Array.from(kept, (cell) => cells.value[cell] ?? 0),
    valueNull: Uint8Array.from(kept, (cell) => cells.valueNull[cell] ?? 0),
    data,
  };
}
