/** The charts of a project, or a plain word on why there are none. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { MetricRow, RunRow } from 'lamella/procedures';
import { useCallback, useLayoutEffect, useMemo, useRef } from 'react';
import type { ReactNode } from 'react';

import { formatCount } from '../chart/format.ts';
import type { MetricKind } from '../data/series-query.ts';
import { isMissing } from '../data/source.ts';
import type { ChartView } from '../metrics/chart-view.ts';
import { LINES_MAX, rangeOf } from '../metrics/chart-view.ts';
import { Enlarged } from '../metrics/enlarged.tsx';
import { MetricSections } from '../metrics/metric-sections.tsx';
import type { Section } from '../metrics/sections.ts';
import { sectionsOf } from '../metrics/sections.ts';
import { matchOf } from '../ui/match.ts';
import { Notice } from '../ui/notice.tsx';
import styles from './metrics-page.module.css';
import type { Range } from './page-state.ts';
import { usePage } from './page-store.ts';
import { isShown } from './selection.ts';
import { useTheme } from './theme.ts';

/** Above this many metrics nothing is drawn until some are asked for by name. */
const METRICS_MAX = 5000;

export interface MetricsPageProps {
  readonly project: string;
  readonly runs: UseQueryResult<readonly RunRow[]>;
  readonly metrics: UseQueryResult<readonly MetricRow[]>;
  readonly listed: readonly RunRow[] | null;
  colourOf(run: string): string;
}

export function MetricsPage({ project, runs, metrics, listed, colourOf }: MetricsPageProps) {
  const [state, set] = usePage();
  const { theme } = useTheme();
  const shown = useShown(listed, colourOf);
  const match = useMemo(() => matchOf(state.metricSearch), [state.metricSearch]);
  const sections = useMemo(
    () => sectionsOf(metrics.data ?? [], (name) => match.test(name)),
    [metrics.data, match],
  );
  const cards = useMemo(() => sections.flatMap((section) => section.cards), [sections]);
  const zoom = useCallback(
    (kind: MetricKind, range: Range | null) => {
      const own = kind === 'system' && state.x === 'step';
      if (range === null && rangeOf(kind, state) === null) return;
      set(own ? { systemRange: range } : { range });
    },
    [set, state],
  );
  const view: ChartView = useMemo(
    () => ({ project, runs: shown.slice(0, LINES_MAX), state, theme, zoom }),
    [project, shown, state, theme, zoom],
  );
  const collapsed = useMemo(() => new Set(state.collapsed), [state.collapsed]);
  const open = cards.find(({ id }) => id === state.open);
  const failure = failureOf(runs.data ? null : runs.error, metrics.data ? null : metrics.error);
  if (failure) return failure;
  if (!metrics.data || !runs.data) return <Skeleton />;
  const gap = gapOf(runs.data, metrics.data, sections, state.metricSearch);
  if (gap) return gap;
  const openCard = (id: string | null): void => set({ open: id }, id !== null && open ? 'replace' : 'push');
  if (open) return <Enlarged card={open} cards={cards} view={view} onOpen={openCard} />;
  return (
    <Scrolled className={styles.page}>
      {shown.length > LINES_MAX ? (
        <p className={styles.hint}>
          {`Charts show the newest ${LINES_MAX} of ${formatCount(shown.length)} shown runs.`}
        </p>
      ) : null}
      <MetricSections
        sections={sections}
        collapsed={collapsed}
        view={view}
        onCollapse={(section, fold) => set({ collapsed: withSection(state.collapsed, section, fold) })}
        onOpen={openCard}
      />
    </Scrolled>
  );
}

function withSection(collapsed: readonly string[], section: string, fold: boolean): string[] {
  const others = collapsed.filter((name) => name !== section);
  return fold ? [...others, section].sort() : others;
}

let scrolledTo = 0;

/** Comes back to where the page was scrolled to before a chart took its place. */
function Scrolled({
  className,
  children,
}: {
  readonly className: string | undefined;
  readonly children: ReactNode;
}) {
  const inside = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const scroller = inside.current?.closest('main');
    if (!scroller) return undefined;
    scroller.scrollTop = scrolledTo;
    const remember = (): void => {
      scrolledTo = scroller.scrollTop;
    };
    scroller.addEventListener('scroll', remember, { passive: true });
    return () => scroller.removeEventListener('scroll', remember);
  }, []);
  return (
    <div ref={inside} className={className}>
      {children}
    </div>
  );
}

/** Kept the same while the list is read again and again, so that charts are not drawn for nothing. */
function useShown(listed: readonly RunRow[] | null, colourOf: (run: string) => string): ChartView['runs'] {
  const [{ selection }] = usePage();
  const shown = (listed ?? [])
    .filter(({ id }) => isShown(selection, id))
    .map(({ id, name }) => ({ id, name, colour: colourOf(id) }));
  const key = JSON.stringify(shown);
  return useMemo(() => JSON.parse(key) as ChartView['runs'], [key]);
}

function failureOf(...errors: readonly (Error | null)[]) {
  const error = errors.find((one) => one !== null);
  if (!error) return null;
  const missing = isMissing(error);
  return (
    <Notice
      title={missing ? 'No such project' : 'This project cannot be read'}
      tone={missing ? 'plain' : 'bad'}
    >
      <p>{error.message}</p>
      {missing ? (
        <p>Choose another one at the top left; if it is about to begin, it will appear here.</p>
      ) : (
        <p>The page goes on trying.</p>
      )}
    </Notice>
  );
}

function gapOf(
  runs: readonly RunRow[],
  metrics: readonly MetricRow[],
  sections: readonly Section[],
  search: string,
) {
  if (runs.length === 0) {
    return (
      <Notice title="No runs yet">
        <p>A run appears here when it has published its first records, a second or two after it starts.</p>
      </Notice>
    );
  }
  if (metrics.length === 0) {
    return (
      <Notice title="No metrics yet">
        <p>
          {runs.length === 1 ? 'The run has' : 'The runs have'} logged nothing so far. The first{' '}
          <code>run.log(…)</code> shows here by itself.
        </p>
      </Notice>
    );
  }
  if (sections.length === 0) {
    return (
      <Notice title="No metric matches">
        <p>{`None of ${formatCount(metrics.length)} metrics matches “${search}”.`}</p>
      </Notice>
    );
  }
  const found = sections.reduce((sum, { cards }) => sum + cards.length, 0);
  if (found <= METRICS_MAX) return null;
  return (
    <Notice title={`${formatCount(found)} metrics`}>
      <p>Too many to be of use at once. Search for those you want to see; / brings you to the field.</p>
    </Notice>
  );
}

function Skeleton() {
  return (
    <div className={styles.skeleton} role="status" aria-label="Loading metrics">
      {Array.from({ length: 6 }, (_, i) => (
        <div key={i} />
      ))}
    </div>
  );
}
