/** The first page that anyone sees: nothing has been logged, and here is how. */
import { Mark } from '../ui/icons.tsx';
import { Code, Notice } from '../ui/notice.tsx';
import styles from './empty-store.module.css';
import { LiveBadge } from './live-badge.tsx';
import { ThemeControl } from './toolbar.tsx';

const LINES = `import { init } from '@lamella/client';

const run = init({ project: 'first' });
run.log({ loss: 0.42, accuracy: 0.9 });
await run.finish();`;

export function EmptyStore({ away }: { readonly away: boolean }) {
  return (
    <div className={styles.page}>
      <header>
        <Mark />
        <strong>Lamella</strong>
        <LiveBadge state={away ? 'retrying' : 'live'} />
        <ThemeControl />
      </header>
      <main>
        <Notice title="Nothing has been logged here yet">
          <p>Three lines in a training script, and its curves appear on this page while it runs.</p>
          <Code label="train.ts" text={LINES} />
        </Notice>
      </main>
    </div>
  );
}
