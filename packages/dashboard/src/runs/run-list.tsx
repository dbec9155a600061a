/** The list of runs: what there is, how each is doing, and which of them the charts show. Virtual, for thousands. */
import { useVirtualizer } from '@tanstack/react-virtual';
import type { RunRow } from 'lamella/procedures';
import { useMemo, useRef, useState } from 'react';

import type { RunSelection } from '../app/page-state.ts';
import { ALL_RUNS, NO_RUNS, isShown, onlyRun, setShown } from '../app/selection.ts';
import { formatCount } from '../chart/format.ts';
import { useFocusedRun } from '../chart/focus.ts';
import { SearchField } from '../ui/controls.tsx';
import { matchOf } from '../ui/match.ts';
import { differingKeys } from './run-config.ts';
import { RunItem } from './run-item.tsx';
import styles from './run-list.module.css';

export interface RunListProps {
  /** In the order of the list; null while they are being read. */
  readonly runs: readonly RunRow[] | null;
  readonly selection: RunSelection;
  readonly search: string;
  colourOf(run: string): string;
  onSelect(selection: RunSelection): void;
  onSearch(search: string): void;
}

const ROW_PX = 31;
const ROW_WITH_CONFIG_PX = 46;

export function RunList({ runs, selection, search, colourOf, onSelect, onSearch }: RunListProps) {
  const match = useMemo(() => matchOf(search), [search]);
  const keys = useMemo(() => differingKeys(runs ?? []), [runs]);
  const found = useMemo(
    () =>
      (runs ?? []).filter((run) => match.test(run.name) || match.test(run.id) || match.test(run.group ?? '')),
    [runs, match],
  );
  const shown = (runs ?? []).filter((run) => isShown(selection, run.id)).length;
  const narrowed = found.length < (runs?.length ?? 0);
  const setAll = (show: boolean): void => {
    if (narrowed)
      onSelect(
        setShown(
          selection,
          found.map(({ id }) => id),
          show,
        ),
      );
    else onSelect(show ? ALL_RUNS : NO_RUNS);
  };
  return (
    <section className={styles.list} aria-label="Runs">
      <div className={styles.head}>
        <SearchField
          value={search}
          label="Search runs"
          placeholder="Search runs"
          error={match.error}
          onChange={onSearch}
        />
        <div className={styles.counts}>
          <span>{runs === null ? 'Runs' : countsOf(shown, runs.length, narrowed ? found.length : null)}</span>
          <span className={styles.all}>
            <button
              type="button"
              onClick={() => setAll(true)}
              title={narrowed ? 'Show all found' : 'Show all'}
            >
              All
            </button>
            <button
              type="button"
              onClick={() => setAll(false)}
              title={narrowed ? 'Hide all found' : 'Hide all'}
            >
              None
            </button>
          </span>
        </div>
      </div>
      {runs === null ? (
        <Skeleton />
      ) : (
        <Rows runs={found} keys={keys} selection={selection} colourOf={colourOf} onSelect={onSelect} />
      )}
      {runs !== null && runs.length > 0 && found.length === 0 ? (
        <p className={styles.none}>No run matches.</p>
      ) : null}
      {runs?.length === 0 ? <p className={styles.none}>No runs yet.</p> : null}
    </section>
  );
}

/** What is shown of all; in a narrowed list, how many were found comes first. */
function countsOf(shown: number, all: number, found: number | null): string {
  if (found === null) return `${formatCount(shown)} of ${formatCount(all)} shown`;
  return `${formatCount(found)} found · ${formatCount(shown)} shown`;
}

interface RowsProps extends Pick<RunListProps, 'selection' | 'colourOf' | 'onSelect'> {
  readonly runs: readonly RunRow[];
  readonly keys: readonly string[];
}

function Rows({ runs, keys, selection, colourOf, onSelect }: RowsProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const focused = useFocusedRun();
  const [open, setOpen] = useState<string | null>(null);
  const height = keys.length > 0 ? ROW_WITH_CONFIG_PX : ROW_PX;
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index) => runs[index]?.id ?? index,
    overscan: 8,
  });
  return (
    <div ref={scroller} className={styles.scroll}>
      <ul style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const run = runs[item.index];
          if (!run) return null;
          return (
            <li
              key={item.key}
              ref={rows.measureElement}
              data-index={item.index}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <RunItem
                run={run}
                keys={keys}
                colour={colourOf(run.id)}
                shown={isShown(selection, run.id)}
                focused={focused === run.id}
                open={open === run.id}
                onShow={(show) => onSelect(setShown(selection, [run.id], show))}
                onOnly={() => onSelect(isOnly(selection, run.id) ? ALL_RUNS : onlyRun(run.id))}
                onOpen={() => setOpen(open === run.id ? null : run.id)}
              />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function isOnly(selection: RunSelection, run: string): boolean {
  return selection.mode === 'only' && selection.ids.length === 1 && selection.ids[0] === run;
}

function Skeleton() {
  return (
    <div className={styles.scroll} aria-hidden="true">
      {Array.from({ length: 6 }, (_, i) => (
        <div key={i} className={styles.bone} style={{ width: `${78 - ((i * 17) % 40)}%` }} />
      ))}
    </div>
  );
}
