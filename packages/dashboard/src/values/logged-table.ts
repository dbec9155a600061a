/**
 * Tables as they were logged: Trackio's form, `{_type: "trackio.table", _value: [{column: cell}]}`. A numeric
 * table that is as wide as it is high (a confusion matrix, say) can be shaded by its values.
 */

export interface LoggedTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** The column that names the rows, null when none does. */
  readonly label: number | null;
  /** Largest absolute value of a square numeric table, for shading; null for any other. */
  readonly heat: number | null;
}

/** Null when the value is not a table. */
export function tableOf(data: unknown): LoggedTable | null {
  const records = recordsOf(data);
  if (!records) return null;
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const rows = records.map((record) =>
    columns.map((column) => (Object.hasOwn(record, column) ? record[column] : null)),
  );
  const label = labelColumn(columns, rows);
  return { columns, rows, label, heat: heatOf(rows, columns.length, label) };
}

function recordsOf(data: unknown): Record<string, unknown>[] | null {
  if (typeof data !== 'object' || data === null || !('_type' in data) || !('_value' in data)) return null;
  const { _type: type, _value: rows } = data;
  if (type !== 'trackio.table' || !Array.isArray(rows)) return null;
  return rows.filter((row): row is Record<string, unknown> => typeof row === 'object' && row !== null);
}

const isNumeric = (rows: readonly (readonly unknown[])[], column: number): boolean =>
  rows.every((row) => typeof row[column] === 'number');

/** In a table one wider than high, the first column when it alone holds words; else the one named unlike the others. */
function labelColumn(columns: readonly string[], rows: readonly (readonly unknown[])[]): number | null {
  if (rows.length === 0 || columns.length !== rows.length + 1) return null;
  const words = columns.flatMap((_, i) => (isNumeric(rows, i) ? [] : [i]));
  if (words.length > 0) return words.length === 1 && words[0] === 0 ? 0 : null;
  const named = columns.flatMap((name, i) => (/^-?\d+$/.test(name) ? [] : [i]));
  return named.length === 1 ? (named[0] ?? null) : 0;
}

function heatOf(rows: readonly (readonly unknown[])[], width: number, label: number | null): number | null {
  const numeric = label === null ? width : width - 1;
  if (rows.length < 2 || numeric !== rows.length) return null;
  let most = 0;
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      if (column === label) continue;
      if (typeof cell !== 'number') return null;
      most = Math.max(most, Math.abs(cell));
    }
  }
  return most;
}

/** What all the names begin with, up to and including a space; said once, it leaves room for the rest. */
export function sharedPrefix(names: readonly string[]): string {
  const [first = ''] = names;
  if (names.length < 2) return '';
  let length = 0;
  while (length < first.length && names.every((name) => name[length] === first[length])) length += 1;
  return first.slice(0, first.lastIndexOf(' ', length - 1) + 1);
}
