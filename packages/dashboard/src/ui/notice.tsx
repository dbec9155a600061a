/** A page, or part of it, that has nothing to show yet and says why. */
import type { ReactNode } from 'react';

import styles from './notice.module.css';

export interface NoticeProps {
  readonly title: string;
  readonly children?: ReactNode;
  readonly tone?: 'plain' | 'bad';
}

export function Notice({ title, children, tone = 'plain' }: NoticeProps) {
  return (
    <div className={styles.notice} data-tone={tone} role={tone === 'bad' ? 'alert' : 'status'}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Lines of code that can be copied with one press. */
export function Code({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <figure className={styles.code}>
      <figcaption>
        <span>{label}</span>
        <button type="button" onClick={() => void navigator.clipboard?.writeText(text)}>
          Copy
        </button>
      </figcaption>
      <pre>
        <code>{text}</code>
      </pre>
    </figure>
  );
}
