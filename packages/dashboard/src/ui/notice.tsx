/** A page, or part of it, that has nothing to show yet and says why. */
import { useState } from 'react';
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
  const [said, setSaid] = useState('Copy');
  const copy = (): void => {
    // Without a secure context there is no clipboard, and the text can still be selected.
    if (!navigator.clipboard) return setSaid('Select the text to copy it');
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied'),
      () => setSaid('Select the text to copy it'),
    );
  };
  return (
    <figure className={styles.code}>
      <figcaption>
        <span>{label}</span>
        <button type="button" aria-live="polite" onClick={copy}>
          {said}
        </button>
      </figcaption>
      <pre>
        <code>{text}</code>
      </pre>
    </figure>
  );
}
