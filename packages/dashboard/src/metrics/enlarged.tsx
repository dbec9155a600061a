/** One chart over the whole window. Escape closes it, arrows go to its neighbours. */
import { useEffect, useRef } from 'react';

import { IconButton, isTyping } from '../ui/controls.tsx';
import { CardBody } from './card.tsx';
import type { ChartView } from './chart-view.ts';
import styles from './enlarged.module.css';
import type { MetricCard } from './sections.ts';

export interface EnlargedProps {
  readonly card: MetricCard;
  /** All cards, in the order of the page. */
  readonly cards: readonly MetricCard[];
  readonly view: ChartView;
  onOpen(id: string | null): void;
}

export function Enlarged({ card, cards, view, onOpen }: EnlargedProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const at = cards.findIndex(({ id }) => id === card.id);
  const go = (by: 1 | -1): void => {
    const next = cards[(at + by + cards.length) % cards.length];
    if (next) onOpen(next.id);
  };
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={styles.enlarged}
      aria-label={card.name}
      onCancel={(event) => {
        event.preventDefault();
        onOpen(null);
      }}
      onKeyDown={(event) => {
        if (isTyping(event.target)) return;
        if (event.key === 'ArrowRight') go(1);
        if (event.key === 'ArrowLeft') go(-1);
      }}
    >
      <header>
        <h2 title={card.name}>{card.name}</h2>
        <IconButton icon="left" label="Previous chart (←)" onClick={() => go(-1)} />
        <IconButton icon="right" label="Next chart (→)" onClick={() => go(1)} />
        <IconButton icon="close" label="Close (Esc)" onClick={() => onOpen(null)} />
      </header>
      <div key={card.id} className={styles.body}>
        <CardBody card={card} view={view} large />
      </div>
    </dialog>
  );
}
