/** The latest logged value that is not a number, of one run at a time: a table, text, or anything nested. */
import { useState } from 'react';

import { formatClock, formatCount } from '../chart/format.ts';
import { useValues } from '../data/hooks.ts';
import { tableOf } from './logged-table.ts';
import { TableView } from './table-view.tsx';
import styles from './value-panel.module.css';

export interface ValuePanelProps {
  readonly project: string;
  readonly metric: string;
  readonly runs: readonly { readonly id: string; readonly name: string; readonly colour: string }[];
  readonly large: boolean;
}

export function ValuePanel({ project, metric, runs, large }: ValuePanelProps) {
  const [wanted, setWanted] = useState<string | null>(null);
  const run = runs.find(({ id }) => id === wanted) ?? runs[0] ?? null;
  const { data, error } = useValues(project, run?.id ?? null, metric);
  if (!run) return <p className={styles.none}>No run is shown</p>;
  const latest = data?.at(-1);
  return (
    <div className={styles.panel} data-large={large}>
      <div className={styles.bar}>
        <span className={styles.swatch} style={{ background: run.colour }} />
        <select
          value={run.id}
          aria-label={`Run of ${metric}`}
          onChange={(event) => setWanted(event.target.value)}
        >
          {runs.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        {latest ? (
          <span className={styles.at}>
            {latest.step === null ? formatClock(latest.time) : `step ${formatCount(latest.step)}`}
          </span>
        ) : null}
      </div>
      <div className={styles.value} tabIndex={0} role="group" aria-label={`Latest ${metric} of ${run.name}`}>
        {latest ? <Value data={latest.data} /> : null}
        {data && !latest ? <p className={styles.none}>This run has none</p> : null}
        {error && !data ? <p className={styles.error}>{error.message}</p> : null}
      </div>
    </div>
  );
}

function Value({ data }: { readonly data: unknown }) {
  const table = tableOf(data);
  if (table) return <TableView table={table} />;
  return <pre>{typeof data === 'string' ? data : JSON.stringify(data, null, 2)}</pre>;
}
