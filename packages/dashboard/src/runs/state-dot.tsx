/** A run's state as a small sign whose shape, not only its colour, tells the four apart. */
import type { RunState } from 'lamella/procedures';

import styles from './state-dot.module.css';

const WORDS: Readonly<Record<RunState, string>> = {
  running: 'running',
  silent: 'silent',
  ended: 'ended',
  failed: 'failed',
};

export function StateDot({ state, reason }: { readonly state: RunState; readonly reason: string }) {
  const text = reason ? `${WORDS[state]}: ${reason}` : WORDS[state];
  return (
    <span className={styles.dot} data-state={state} title={text}>
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        {state === 'running' ? <circle cx="6" cy="6" r="3.5" fill="currentColor" /> : null}
        {state === 'silent' ? (
          <circle
            cx="6"
            cy="6"
            r="3.5"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.5"
            strokeDasharray="2 1.5"
          />
        ) : null}
        {state === 'ended' ? (
          <path d="M2.5 6.5l2.3 2.3 4.7-5.3" fill="none" stroke="currentColor" strokeWidth="1.5" />
        ) : null}
        {state === 'failed' ? (
          <path d="M3 3l6 6M9 3l-6 6" fill="none" stroke="currentColor" strokeWidth="1.75" />
        ) : null}
      </svg>
      <span className="visually-hidden">{text}</span>
    </span>
  );
}
