/** The values under the pointer, nearest line first. */
import { createPortal } from 'react-dom';

import { formatCount, formatValue } from './format.ts';
import type { HoverRow } from './hover.ts';
import { formatX } from './hover.ts';
import type { ChartHover } from './line-chart.ts';
import type { ChartModel } from './model.ts';
import styles from './tooltip.module.css';

const ROWS_MAX = 10;
const OFFSET_PX = 16;
/** Below this the tooltip takes the whole width of the window. */
const NARROW_PX = 720;

export function Tooltip({ hover, model }: { readonly hover: ChartHover; readonly model: ChartModel }) {
  const rows = hover.rows.slice(0, ROWS_MAX);
  const first = rows[0];
  if (!first) return null;
  const smoothed = rows.some((row) => row.raw !== null);
  const spread = rows.some((row) => row.count > 1);
  const narrow = window.innerWidth < NARROW_PX;
  const right = hover.clientX > window.innerWidth / 2;
  const below = hover.clientY > window.innerHeight * 0.6;
  const place = {
    ...sideways(narrow, right, hover.clientX),
    ...(below
      ? { bottom: window.innerHeight - hover.clientY + OFFSET_PX }
      : { top: hover.clientY + OFFSET_PX }),
  };
  return createPortal(
    <div className={styles.tooltip} style={place} role="presentation">
      <div className={styles.head}>{formatX(model.x, first.x)}</div>
      <table>
        <thead>
          <tr>
            <th />
            <th>{smoothed ? 'smoothed' : 'value'}</th>
            {smoothed ? <th>raw</th> : null}
            {spread ? <th>min – max</th> : null}
            {spread ? <th>points</th> : null}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={row.run}
              row={row}
              touched={row.run === hover.touched}
              x={row.x === first.x ? null : formatX(model.x, row.x)}
              smoothed={smoothed}
              spread={spread}
            />
          ))}
        </tbody>
      </table>
      {hover.rows.length > rows.length ? (
        <div className={styles.more}>{formatCount(hover.rows.length - rows.length)} more further away</div>
      ) : null}
    </div>,
    document.body,
  );
}

function sideways(narrow: boolean, right: boolean, clientX: number): { left?: number; right?: number } {
  if (narrow) return { left: 8, right: 8 };
  return right ? { right: window.innerWidth - clientX + OFFSET_PX } : { left: clientX + OFFSET_PX };
}

interface RowProps {
  readonly row: HoverRow;
  readonly touched: boolean;
  /** Where the row's vertex is, when it is not where the first one is. */
  readonly x: string | null;
  readonly smoothed: boolean;
  readonly spread: boolean;
}

function Row({ row, touched, x, smoothed, spread }: RowProps) {
  return (
    <tr className={touched ? styles.touched : undefined}>
      <td className={styles.name}>
        <span className={styles.swatch} style={{ background: row.colour }} />
        <span className={styles.label}>{row.label}</span>
        {x ? <span className={styles.at}>{x}</span> : null}
      </td>
      <td className={styles.value}>{formatValue(row.value)}</td>
      {smoothed ? <td>{row.raw === null ? '' : formatValue(row.raw)}</td> : null}
      {spread ? (
        <td>
          {row.count > 1 && Number.isFinite(row.min)
            ? `${formatValue(row.min)} – ${formatValue(row.max)}`
            : ''}
        </td>
      ) : null}
      {spread ? (
        <td>
          {row.count > 1 ? formatCount(row.count) : ''}
          {row.odd ? <span className={styles.odd}> {row.odd}</span> : null}
        </td>
      ) : null}
    </tr>
  );
}
