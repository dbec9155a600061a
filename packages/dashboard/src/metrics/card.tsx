/** The frame around a chart or a table. Its inside exists only while it is near the window. */
import { useRef } from 'react';

import { IconButton } from '../ui/controls.tsx';
import { useOnScreen } from '../ui/on-screen.ts';
import { ValuePanel } from '../values/value-panel.tsx';
import styles from './card.module.css';
import type { ChartView } from './chart-view.ts';
import { MetricChart } from './metric-chart.tsx';
import type { MetricCard } from './sections.ts';

export interface CardProps {
  readonly card: MetricCard;
  readonly view: ChartView;
  onOpen(id: string): void;
}

export function Card({ card, view, onOpen }: CardProps) {
  const frame = useRef<HTMLElement>(null);
  const near = useOnScreen(frame);
  return (
    <article ref={frame} className={styles.card}>
      <header>
        <h3 title={card.name}>{card.title}</h3>
        <span className={styles.actions}>
          <IconButton icon="expand" label={`Enlarge ${card.name}`} onClick={() => onOpen(card.id)} />
        </span>
      </header>
      <div className={styles.body}>{near ? <CardBody card={card} view={view} large={false} /> : null}</div>
    </article>
  );
}

export function CardBody({ card, view, large }: { card: MetricCard; view: ChartView; large: boolean }) {
  if (card.type === 'data') {
    return <ValuePanel project={view.project} metric={card.name} runs={view.runs} large={large} />;
  }
  return <MetricChart card={card} view={view} large={large} />;
}
