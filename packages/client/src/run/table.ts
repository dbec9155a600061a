/** A table as a logged value, in Trackio's and W&B's manner. */
import { LamellaError } from './error.ts';

/** What a table is made of: names and rows of cells, or rows as objects. */
export type TableSource =
  | { readonly columns: readonly string[]; readonly data?: readonly (readonly unknown[])[] }
  | readonly Readonly<Record<string, unknown>>[];

/**
 * A table. Cells are whatever can be logged. Logging takes a copy, so rows may be added and the table logged
 * again. Stored as Trackio stores tables: `{"_type": "trackio.table", "_value": [{column: cell, …}, …]}`.
 */
export class Table {
  readonly columns: readonly string[];
  readonly data: (readonly unknown[])[];

  /**
   * `{columns, data}`, or a list of objects (its columns are their keys, in the order of appearance).
   * Errors: invalid, when a row has more cells than there are columns, or the source is something else.
   */
  constructor(source: TableSource = []) {
    if (Array.isArray(source)) {
      const rows = source as readonly Readonly<Record<string, unknown>>[];
      const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
      this.columns = columns;
      this.data = rows.map((row) => columns.map((column) => row[column]));
      return;
    }
    const { columns, data = [] } = source as Extract<TableSource, { readonly columns: unknown }>;
    if (!Array.isArray(columns) || !Array.isArray(data)) {
      throw new LamellaError('invalid', 'new Table: give {columns, data} or a list of objects');
    }
    this.columns = columns.map(String);
    this.data = [];
    for (const row of data) this.addRow(...(row as readonly unknown[]));
  }

  /** One more row. Missing cells are null. Errors: invalid, for too many. */
  addRow(...cells: readonly unknown[]): void {
    if (cells.length > this.columns.length) {
      throw new LamellaError(
        'invalid',
        `a row of ${cells.length} cells does not fit a table of ${this.columns.length} columns`,
      );
    }
    this.data.push(cells);
  }
}
