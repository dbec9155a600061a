/** Sections of charts, each of which can be folded away. */
import { Icon } from '../ui/icons.tsx';
import { formatCount } from '../chart/format.ts';
import { Card } from './card.tsx';
import type { ChartView } from './chart-view.ts';
import styles from './metric-sections.module.css';
import type { Section } from './sections.ts';

export interface MetricSectionsProps {
  readonly sections: readonly Section[];
  readonly collapsed: ReadonlySet<string>;
  readonly view: ChartView;
  onCollapse(section: string, collapsed: boolean): void;
  onOpen(id: string): void;
}

export function MetricSections({ sections, collapsed, view, onCollapse, onOpen }: MetricSectionsProps) {
  return sections.map((section) => {
    const open = !collapsed.has(section.name);
    return (
      <section key={section.name} className={styles.section} aria-label={section.title}>
        <h2>
          <button type="button" aria-expanded={open} onClick={() => onCollapse(section.name, open)}>
            <Icon name="chevron" size={14} />
            <span>{section.title}</span>
            <small>{formatCount(section.cards.length)}</small>
          </button>
        </h2>
        {open ? (
          <div className={styles.grid}>
            {section.cards.map((card) => (
              <Card key={card.id} card={card} view={view} onOpen={onOpen} />
            ))}
          </div>
        ) : null}
      </section>
    );
  });
}
