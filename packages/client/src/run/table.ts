/** A table as a logged value, in Trackio's and W&B's manner. */
import { warnOnce } from './warning.ts';

/** What a table is made of: names and rows of cells, or rows as objects. */
export type TableSource =
  | { readonly columns: readonly string[]; readonly data?: readonly (readonly unknown[])[] }
  | readonly Readonly<Record<string, unknown>>[];

/**
 * A table. Cells are whatever can be logged. Logging takes a copy, so rows may be added and the table logged
 * again. Stored as Trackio stores tables: `{"_type": "trackio.table", "_value": [{column: cell, …}, …]}`.
 * It is made in the middle of a training, so it never throws: what does not fit is left out with one warning.
 */
export class Table {
  readonly columns: readonly string[];
  readonly data: (readonly unknown[])[] = [];

  /** `{columns, data}`, or a list of objects: its columns are their keys, in the order of appearance. */
  constructor(source: TableSource = []) {
    const { columns, rows } = partsOf(source);
    this.columns = columns;
    for (const row of rows) this.addRow(...row);
  }

  /** One more row. Missing cells are null; there cannot be more than there are columns. */
  addRow(...cells: readonly unknown[]): void {
    const { length } = this.columns;
    if (cells.length > length) {
      warnOnce(
        'table:row',
        `Table: of a row of ${cells.length} cells only ${length} are kept, one per column`,
      );
    }
    this.data.push(cells.slice(0, length));
  }
}

function partsOf(source: unknown): { columns: readonly string[]; rows: readonly (readonly unknown[])[] } {
  if (Array.isArray(source) && source.every(isObject)) {
    const columns = [...new Set(source.flatMap((row) => Object.keys(row)))];
    return { columns, rows: source.map((row) => columns.map((column) => row[column])) };
  }
  const { columns, data = [] } = isObject(source) ? source : {};
  if (Array.isArray(columns) && Array.isArray(data) && data.every(Array.isArray)) {
    return { columns: columns.map(String), rows: data };
  }
  warnOnce(
    'table',
    'new Table: give {columns: [names], data: [rows]} or a list of objects; this one is empty',
  );
  return { columns: [], rows: [] };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
