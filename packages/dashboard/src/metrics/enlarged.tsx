/**
 * One chart in place of all, with the list of runs beside it as its legend and the toolbar above it. Escape goes
 * back, arrows go to its neighbours.
 */
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
  const frame = useRef<HTMLElement>(null);
  const at = cards.findIndex(({ id }) => id === card.id);
  const go = (by: 1 | -1): void => {
    const next = cards[(at + by + cards.length) % cards.length];
    if (next) onOpen(next.id);
  };
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey)
        return;
      if (event.target instanceof HTMLInputElement) return;
      if (event.key === 'Escape') onOpen(null);
      else if (event.key === 'ArrowRight') go(1);
      else if (event.key === 'ArrowLeft') go(-1);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  });
  // The button that was pressed is gone, so the keyboard starts here.
  useEffect(() => frame.current?.focus(), []);
  return (
    <section ref={frame} className={styles.enlarged} tabIndex={-1} aria-label={card.name}>
      <header>
        <h2 title={card.name}>{card.name}</h2>
        <IconButton icon="left" label="Previous chart (←)" onClick={() => go(-1)} />
        <IconButton icon="right" label="Next chart (→)" onClick={() => go(1)} />
        <IconButton icon="close" label="Close (Esc)" onClick={() => onOpen(null)} />
      </header>
      <div key={card.id} className={styles.body}>
        <CardBody card={card} view={view} large />
      </div>
    </section>
  );
}
