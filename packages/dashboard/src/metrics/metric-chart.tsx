/**
 * One metric as a chart: asks for its series and draws them. What was drawn stays until what replaces it is here;
 * a zoom shows the coarse lines at once and the exact ones when they arrive.
 */
import { useCallback, useMemo, useRef, useState } from 'react';

import { Chart } from '../chart/chart.tsx';
import { formatCount } from '../chart/format.ts';
import type { ChartModel } from '../chart/model.ts';
import type { YDomain } from '../chart/y-domain.ts';
import { useSeries } from '../data/hooks.ts';
import type { RunSeries, XKind } from '../data/series-query.ts';
import type { SeriesView } from '../data/coordinator.ts';
import { LatestValue } from './latest-value.tsx';
import { linesOf, viewportOf } from './chart-lines.ts';
import type { ChartView } from './chart-view.ts';
import { queryOf } from './chart-view.ts';
import type { MetricCard } from './sections.ts';
import styles from './metric-chart.module.css';

export interface MetricChartProps {
  readonly card: MetricCard;
  readonly view: ChartView;
  readonly large: boolean;
}

export function MetricChart({ card, view, large }: MetricChartProps) {
  const query = queryOf(card, view, large);
  const answer = useSeries(query, large ? 0 : 1);
  const { series, x, settled } = useHeld(answer, query.x);
  const { state, runs, theme, zoom } = view;
  const { range, logX } = query;
  const [y, setY] = useState<YDomain | null>(null);
  const model = useMemo<ChartModel>(() => {
    const lines = linesOf(runs, series, state.smoothing, viewportOf(series, range, logX));
    return {
      x,
      logX,
      logY: state.logY,
      band: state.band,
      clip: state.clip,
      range: x === query.x ? range : null,
      lines,
    };
  }, [runs, series, state.smoothing, state.logY, state.band, state.clip, range, logX, x, query.x]);
  const onZoom = useCallback((to: readonly [number, number]) => zoom(card.kind, to), [zoom, card.kind]);
  const onReset = useCallback(() => zoom(card.kind, null), [zoom, card.kind]);
  const onDrawn = useCallback((next: YDomain) => {
    setY((before) => (before && sameNotes(before, next) ? before : next));
  }, []);
  const none = settled && model.lines.length === 0;
  return (
    <>
      <Chart
        model={model}
        theme={theme}
        label={labelOf(card.name, model)}
        onZoom={onZoom}
        onReset={onReset}
        onDrawn={onDrawn}
      />
      {!settled && model.lines.length === 0 ? <div className={styles.waiting} aria-hidden="true" /> : null}
      {none ? <p className={styles.none}>{noneOf(range !== null, logX)}</p> : null}
      {y && !y.any && model.lines.length > 0 ? (
        <p className={styles.none}>{state.logY && y.hidden > 0 ? 'Nothing above 0' : 'No finite values'}</p>
      ) : null}
      <p className={styles.note} data-large={large}>
        {y && y.hidden > 0 ? (
          <span title="A log axis has no place for values at or below zero">
            {`${formatCount(y.hidden)} ≤ 0 hidden`}
          </span>
        ) : null}
        {y && y.outside > 0 ? (
          <span title="Values beyond the clipped picture">{`${formatCount(y.outside)} clipped`}</span>
        ) : null}
        <LatestValue lines={model.lines} />
      </p>
      {answer.error ? (
        <p className={styles.error} title={answer.error}>
          {answer.error}
        </p>
      ) : null}
    </>
  );
}

function noneOf(zoomed: boolean, logX: boolean): string {
  if (zoomed) return 'No points in this range';
  return logX ? 'No points above 0 on the log axis' : 'No points in the shown runs';
}

function sameNotes(one: YDomain, other: YDomain): boolean {
  return one.hidden === other.hidden && one.outside === other.outside && one.any === other.any;
}

interface Held {
  readonly series: ReadonlyMap<string, RunSeries>;
  readonly x: XKind;
  /** Everything asked for has been answered. */
  readonly settled: boolean;
}

/** Fills what has not been answered yet with what was known before, as far as it lies on the same axis. */
function useHeld(answer: SeriesView, x: XKind): Held {
  const held = useRef<Held>({ series: new Map(), x, settled: false });
  return useMemo(() => {
    const before = held.current;
    if (!answer.complete && before.x === x) {
      held.current = { series: new Map([...before.series, ...answer.series]), x, settled: false };
    } else if (answer.complete || answer.series.size > 0) {
      held.current = { series: answer.series, x, settled: answer.complete };
    }
    return held.current;
  }, [answer, x]);
}

function labelOf(name: string, { lines, logY }: ChartModel): string {
  return `${name}: ${lines.length} ${lines.length === 1 ? 'run' : 'runs'}${logY ? ', log scale' : ''}`;
}
