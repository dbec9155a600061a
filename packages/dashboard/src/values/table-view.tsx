/** A logged table. Square numeric ones are shaded, each cell by its share of the largest. */
import { formatValue } from '../chart/format.ts';
import type { LoggedTable } from './logged-table.ts';
import { sharedPrefix } from './logged-table.ts';
import styles from './table-view.module.css';

/** A longer table is cut, and says so. */
const ROWS_MAX = 200;

export function TableView({ table }: { readonly table: LoggedTable }) {
  const { columns, heat, label } = table;
  const order =
    label === null
      ? columns.map((_, i) => i)
      : [label, ...columns.map((_, i) => i).filter((i) => i !== label)];
  const prefix =
    heat === null ? '' : sharedPrefix(order.filter((i) => i !== label).map((i) => columns[i] ?? ''));
  const rows = table.rows.slice(0, ROWS_MAX);
  if (rows.length === 0) return <p className={styles.cut}>A table without rows</p>;
  return (
    <>
      {label !== null && prefix !== '' ? (
        <div className={styles.axes}>{`↓ ${columns[label] ?? ''}   → ${prefix.trim()}`}</div>
      ) : null}
      <table className={heat === null ? styles.table : styles.heat}>
        <thead>
          <tr>
            {order.map((i) => (
              <th
                key={i}
                scope="col"
                title={columns[i]}
                style={i === label && heat !== null ? { width: `${labelWidth(table, i)}ch` } : undefined}
              >
                {i === label && prefix !== ''
                  ? null
                  : (columns[i] ?? '').slice(i === label ? 0 : prefix.length)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {order.map((i) => (
                <Cell key={i} cell={row[i]} heading={i === label} heat={i === label ? null : heat} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < table.rows.length ? (
        <p className={styles.cut}>{`The first ${rows.length} of ${table.rows.length} rows`}</p>
      ) : null}
    </>
  );
}

/** Of the column that names the rows, in characters, with room around it. */
function labelWidth({ rows }: LoggedTable, column: number): number {
  return Math.min(Math.max(...rows.map((row) => String(row[column]).length)), 14) + 3;
}

function Cell({
  cell,
  heading,
  heat,
}: {
  readonly cell: unknown;
  readonly heading: boolean;
  readonly heat: number | null;
}) {
  const text =
    typeof cell === 'number' ? formatValue(cell) : typeof cell === 'string' ? cell : JSON.stringify(cell);
  if (heading) return <th scope="row">{text}</th>;
  if (heat === null || typeof cell !== 'number') {
    return <td className={typeof cell === 'number' ? styles.number : undefined}>{text}</td>;
  }
  const share = heat > 0 ? Math.abs(cell) / heat : 0;
  // The root lifts the small cells: in a good confusion matrix all the news is off the diagonal.
  const depth = Math.round(Math.sqrt(share) * 88);
  return (
    <td
      className={styles.number}
      data-deep={depth > 77}
      data-zero={cell === 0}
      style={{ background: depth === 0 ? 'none' : `color-mix(in oklab, var(--heat) ${depth}%, transparent)` }}
    >
      {text}
    </td>
  );
}
