/**
 * How metrics are laid out: a section for each first part of a name (`train/loss` is in `train`), metrics without
 * a slash before them (unless they only count), everything that the system measured last.
 */
import type { MetricRow } from 'lamella/procedures';

export interface MetricCard {
  readonly id: string;
  readonly name: string;
  /** The name without its section's part. */
  readonly title: string;
  readonly kind: MetricRow['kind'];
  readonly type: MetricRow['type'];
}

export interface Section {
  /** Empty for metrics without a prefix. */
  readonly name: string;
  readonly title: string;
  readonly cards: readonly MetricCard[];
}

/** Section of system metrics. Spelled so that no metric of a user's can fall into it. */
export const SYSTEM_SECTION = '/system';

/** Identifies a card in the address. */
export function cardId(kind: MetricRow['kind'], name: string): string {
  return `${kind}:${name}`;
}

const byName = new Intl.Collator('en', { numeric: true }).compare;

/** Sorted by name, with numbers in names in numeric order; charts before tables of the same section. */
export function sectionsOf(metrics: readonly MetricRow[], keep: (name: string) => boolean): Section[] {
  const sections = new Map<string, MetricCard[]>();
  for (const metric of metrics) {
    if (!keep(metric.name)) continue;
    const name = metric.kind === 'system' ? SYSTEM_SECTION : prefixOf(metric.name);
    const cards = sections.get(name) ?? [];
    cards.push(cardOf(metric, name));
    sections.set(name, cards);
  }
  return [...sections]
    .sort(([a, inA], [b, inB]) => rank(a, inA) - rank(b, inB) || byName(a, b))
    .map(([name, cards]) => ({
      name,
      title: name === SYSTEM_SECTION ? 'System' : name || 'Metrics',
      cards: cards.sort((a, b) => typeRank(a) - typeRank(b) || byName(a.name, b.name)),
    }));
}

function prefixOf(name: string): string {
  const slash = name.indexOf('/');
  return slash > 0 && slash < name.length - 1 ? name.slice(0, slash) : '';
}

function cardOf({ kind, name, type }: MetricRow, section: string): MetricCard {
  const title = section === '' || section === SYSTEM_SECTION ? name : name.slice(section.length + 1);
  return { id: cardId(kind, name), kind, name, title: title.trim() === '' ? '(no name)' : title, type };
}

/** Counters, which nobody opens the page for. A section of nothing else comes after the others. */
const COUNTERS = /^_?(global_?)?(epoch|step|iter(ation)?|batch(_idx)?|time(stamp)?|runtime)s?$/i;

function rank(section: string, cards: readonly MetricCard[]): number {
  if (section === SYSTEM_SECTION) return 3;
  if (section !== '') return 1;
  return cards.every(({ name }) => COUNTERS.test(name)) ? 2 : 0;
}

function typeRank(card: MetricCard): number {
  return card.type === 'number' ? 0 : 1;
}
