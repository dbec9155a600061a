/** Whether what is shown is up to date: quiet when it is, plain when it is not. */
import type { LiveState } from '../data/source.ts';
import styles from './live-badge.module.css';

const WORDS: Readonly<Record<LiveState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  retrying: 'Offline, retrying',
};

export function LiveBadge({ state, brief = false }: { readonly state: LiveState; readonly brief?: boolean }) {
  const title =
    state === 'retrying' ? 'The server does not answer. What was read so far stays here.' : undefined;
  return (
    <span className={styles.badge} data-state={state} role="status" title={title}>
      <i aria-hidden="true" />
      <span className={brief ? 'visually-hidden' : undefined}>{WORDS[state]}</span>
    </span>
  );
}
