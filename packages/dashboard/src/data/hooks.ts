/** The data seam for components: lists through TanStack Query, series through the coordinator. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { QueryClient, UseQueryResult } from '@tanstack/react-query';
import type { LiveChange, MetricRow, ProjectRow, RunRow } from 'lamella/procedures';
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react';

import type { Coordinator, SeriesView } from './coordinator.ts';
import { EMPTY_VIEW } from './coordinator.ts';
import type { SeriesQuery } from './series-query.ts';
import { queryKey } from './series-query.ts';
import type { DataSource, LiveState, LoggedValue } from './source.ts';

export interface Data {
  readonly source: DataSource;
  readonly coordinator: Coordinator;
}

export const DataContext = createContext<Data | null>(null);

/** Lists are read again at most this often while changes come in. */
const LISTS_EVERY_MS = 1000;
/** States change by the mere passing of time (a run falls silent), so lists are read again even without news. */
const LISTS_AT_LEAST_MS = 15_000;

export function useData(): Data {
  const data = useContext(DataContext);
  if (!data) throw new Error('useData outside of DataContext');
  return data;
}

export function useProjects(): UseQueryResult<readonly ProjectRow[]> {
  const { source } = useData();
  return useQuery({
    queryKey: ['projects'],
    queryFn: ({ signal }) => source.listProjects(signal),
    // No event tells of a new project; an empty store is looked at often, because a person is waiting.
    refetchInterval: (query) => (query.state.data?.length ? 10_000 : 2000),
  });
}

export function useRuns(project: string | null): UseQueryResult<readonly RunRow[]> {
  const { source } = useData();
  return useQuery({
    queryKey: ['runs', project],
    queryFn: ({ signal }) => source.listRuns(project ?? '', signal),
    enabled: project !== null,
    refetchInterval: LISTS_AT_LEAST_MS,
  });
}

export function useMetrics(project: string | null): UseQueryResult<readonly MetricRow[]> {
  const { source } = useData();
  return useQuery({
    queryKey: ['metrics', project],
    queryFn: ({ signal }) => source.listMetrics(project ?? '', signal),
    enabled: project !== null,
  });
}

export function useValues(
  project: string,
  run: string | null,
  metric: string,
): UseQueryResult<readonly LoggedValue[]> {
  const { source } = useData();
  return useQuery({
    queryKey: ['values', project, metric, run],
    queryFn: ({ signal }) => source.values({ project, run: run ?? '', metric, limit: 1 }, signal),
    enabled: run !== null,
    placeholderData: (previous) => previous,
  });
}

/** Follows a chart's series while `query` is not null; what is off screen passes null and asks nothing. */
export function useSeries(query: SeriesQuery | null, priority: number): SeriesView {
  const { coordinator } = useData();
  const key = query === null ? '' : queryKey(query);
  // The key says all there is to know of the query, so an equal query is the same query.
  const stable = useMemo(() => query, [key]);
  const subscribe = useCallback(
    (listener: () => void) =>
      stable === null ? () => undefined : coordinator.watch(stable, priority, listener),
    [coordinator, stable, priority],
  );
  const read = useCallback(
    () => (stable === null ? EMPTY_VIEW : coordinator.read(stable)),
    [coordinator, stable],
  );
  return useSyncExternalStore(subscribe, read);
}

/** Listens to the project: charts ask again for what changed, lists are read again at a measured pace. */
export function useLive(project: string | null): LiveState {
  const { source, coordinator } = useData();
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => {
    if (project === null) return undefined;
    const lists = refreshLists(client, project);
    const stop = source.subscribe(project, {
      state: (next) => {
        setState(next);
        if (next === 'live') coordinator.resume();
      },
      change: (change) => {
        coordinator.apply(project, change);
        lists.changed(change);
      },
    });
    return () => {
      stop();
      lists.stop();
    };
  }, [client, coordinator, project, source]);
  return state;
}

function refreshLists(
  client: QueryClient,
  project: string,
): { changed(change: LiveChange): void; stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let refreshedAt = 0;
  let touched = new Set<string>();
  let all = false;
  const refresh = (): void => {
    timer = undefined;
    refreshedAt = performance.now();
    void client.invalidateQueries({ queryKey: ['runs', project] });
    void client.invalidateQueries({ queryKey: ['metrics', project] });
    const [keys, everything] = [touched, all];
    void client.invalidateQueries({
      queryKey: ['values', project],
      predicate: ({ queryKey: [, , metric, run] }) =>
        everything || keys.has(`${String(metric)}\n${String(run)}`),
    });
    touched = new Set();
    all = false;
  };
  return {
    changed: (change) => {
      all ||= change.all;
      for (const { run, metrics } of change.runs)
        for (const metric of metrics) touched.add(`${metric}\n${run}`);
      timer ??= setTimeout(refresh, Math.max(0, refreshedAt + LISTS_EVERY_MS - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}
