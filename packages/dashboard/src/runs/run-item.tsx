/** One run in the list: colour and switch, name, state, last activity; opened, all that is known of it. */
import type { RunRow } from 'lamella/procedures';

import { formatAgo, formatClock, formatCount, formatDay, formatShort } from '../chart/format.ts';
import { setFocusedRun } from '../chart/focus.ts';
import { Icon } from '../ui/icons.tsx';
import { useNow } from '../ui/now.ts';
import { describeConfig, formatConfig } from './run-config.ts';
import { StateDot } from './state-dot.tsx';
import styles from './run-item.module.css';

export interface RunItemProps {
  readonly run: RunRow;
  /** Config keys on which the listed runs differ. */
  readonly keys: readonly string[];
  readonly colour: string;
  readonly shown: boolean;
  readonly focused: boolean;
  readonly open: boolean;
  onShow(show: boolean): void;
  onOnly(): void;
  onOpen(): void;
}

export function RunItem({ run, keys, colour, shown, focused, open, onShow, onOnly, onOpen }: RunItemProps) {
  const config = describeConfig(run.config, keys);
  return (
    <div
      className={styles.item}
      data-focused={focused}
      data-shown={shown}
      onPointerEnter={() => setFocusedRun(run.id)}
      onPointerLeave={() => setFocusedRun(null)}
    >
      <div className={styles.row} onDoubleClick={onOnly}>
        <label className={styles.switch} onDoubleClick={(event) => event.stopPropagation()}>
          <input
            type="checkbox"
            checked={shown}
            aria-label={`Show ${run.name}`}
            onChange={(event) => onShow(event.target.checked)}
          />
          <span style={{ borderColor: colour, background: shown ? colour : 'transparent' }} />
        </label>
        <button type="button" className={styles.name} aria-expanded={open} title={run.name} onClick={onOpen}>
          <span>{run.name}</span>
          {keys.length > 0 ? <small title={config}>{config || '–'}</small> : null}
        </button>
        <button type="button" className={styles.only} onClick={onOnly} aria-label={`Show only ${run.name}`}>
          only
        </button>
        {run.problems.length > 0 ? (
          <span className={styles.problem} title={run.problems.join('\n')}>
            <Icon name="warning" size={14} />
            <span className="visually-hidden">{run.problems.join('; ')}</span>
          </span>
        ) : null}
        <Activity at={run.lastActivity} state={run.state} />
        <StateDot state={run.state} reason={run.stateReason} />
      </div>
      {open ? <Details run={run} /> : null}
    </div>
  );
}

/** How long ago the run was last heard of. Of a running one that is always just now, so its dot says it. */
function Activity({ at, state }: { readonly at: number | null; readonly state: RunRow['state'] }) {
  const now = useNow();
  if (at === null || state === 'running') return null;
  return (
    <time
      className={styles.ago}
      dateTime={new Date(at).toISOString()}
      title={`${formatDay(at)}, ${formatClock(at)}`}
    >
      {formatAgo(now - at)}
    </time>
  );
}

function Details({ run }: { readonly run: RunRow }) {
  const config = Object.entries(run.config).filter(([key]) => !key.startsWith('_'));
  const facts: [string, string][] = [
    ['state', run.stateReason ? `${run.state} – ${run.stateReason}` : run.state],
    ['id', run.id],
    ['group', run.group ?? ''],
    ['started', run.startedAt === null ? '' : `${formatDay(run.startedAt)}, ${formatClock(run.startedAt)}`],
    [
      'last heard',
      run.lastActivity === null ? '' : `${formatDay(run.lastActivity)}, ${formatClock(run.lastActivity)}`,
    ],
    ['rows', run.age ?? ''],
    ['last step', run.lastStep === null ? '' : formatCount(run.lastStep)],
    [
      'stored',
      `${formatShort(run.records)} records by ${run.writers} ${run.writers === 1 ? 'process' : 'processes'}`,
    ],
  ];
  return (
    <div className={styles.details}>
      {run.problems.map((problem) => (
        <p key={problem} className={styles.warn}>
          {problem}
        </p>
      ))}
      <dl>
        {facts
          .filter(([, value]) => value !== '')
          .map(([key, value]) => (
            <Fact key={key} name={key} value={value} />
          ))}
      </dl>
      {config.length > 0 ? (
        <dl className={styles.config}>
          {config.map(([key, value]) => (
            <Fact key={key} name={key} value={formatConfig(value)} />
          ))}
        </dl>
      ) : null}
    </div>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt title={name}>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
