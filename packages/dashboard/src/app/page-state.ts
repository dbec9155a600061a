/**
 * What a person would want to share or come back to, and its spelling in the address. Names and meanings follow
 * Trackio's query parameters where it has them (`project`, `run_ids`, `metric_filter`, `smoothing` in 0–100,
 * `x_axis`, `xmin` + `xmax`), so links and embeds made for it keep working. Defaults are left out.
 */
import type { XKind } from '../data/series-query.ts';

/** `all-but`: every run is shown except these, new ones too. `only`: these and no others. Sorted, no repeats. */
export interface RunSelection {
  readonly mode: 'all-but' | 'only';
  readonly ids: readonly string[];
}

export type Range = readonly [number, number];

export interface PageState {
  /** Null: the most recently active project. */
  readonly project: string | null;
  readonly selection: RunSelection;
  readonly runSearch: string;
  readonly metricSearch: string;
  /** 0 (off) to 0.99. */
  readonly smoothing: number;
  readonly x: XKind;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly band: boolean;
  /** Leave the outermost values out of the picture. */
  readonly clip: boolean;
  /** Zoom of the charts on the chosen x axis; null shows all. */
  readonly range: Range | null;
  /** Zoom of the system charts, in seconds, while the others are on the step axis, which system metrics lack. */
  readonly systemRange: Range | null;
  /** Names of collapsed sections, sorted. */
  readonly collapsed: readonly string[];
  /** The chart shown in full: `metric:<name>` or `system:<name>`. */
  readonly open: string | null;
}

export const SMOOTHING_MAX = 0.99;

export const DEFAULT_STATE: PageState = {
  project: null,
  selection: { mode: 'all-but', ids: [] },
  runSearch: '',
  metricSearch: '',
  smoothing: 0,
  x: 'step',
  logX: false,
  logY: false,
  band: true,
  clip: false,
  range: null,
  systemRange: null,
  collapsed: [],
  open: null,
};

/** Never throws: what cannot be understood is as if it were absent. */
export function parsePageState(search: string): PageState {
  const params = new URLSearchParams(search);
  const only = params.get('run_ids');
  return {
    project: params.get('project') || params.get('selected_project') || null,
    selection:
      only === null
        ? { mode: 'all-but', ids: parseList(params.get('hide')) }
        : { mode: 'only', ids: parseList(only) },
    runSearch: params.get('run_filter') ?? '',
    metricSearch: params.get('metric_filter') ?? '',
    smoothing: parseSmoothing(params.get('smoothing')),
    x: parseX(params.get('x_axis') ?? params.get('x-axis')),
    logX: params.get('log_x') === '1',
    logY: params.get('log_y') === '1',
    band: params.get('band') !== '0',
    clip: params.get('clip') === '1',
    range: parseRange(params.get('xmin'), params.get('xmax')),
    systemRange: parseRange(params.get('system_xmin'), params.get('system_xmax')),
    collapsed: parseList(params.get('collapsed')),
    open: params.get('open') || null,
  };
}

/** The query string, beginning with `?`, or empty. Parameters that are not ours are kept as they are. */
export function formatPageState(state: PageState, search = ''): string {
  const params = new URLSearchParams(search);
  const put = (name: string, value: string | null): void => {
    // Deleted first, so that the order is always this one and equal states have equal addresses.
    params.delete(name);
    if (value !== null) params.set(name, value);
  };
  const { mode, ids } = state.selection;
  params.delete('selected_project');
  params.delete('x-axis');
  put('project', state.project);
  put('run_ids', mode === 'only' ? formatList(ids) : null);
  put('hide', mode === 'all-but' && ids.length > 0 ? formatList(ids) : null);
  put('run_filter', state.runSearch || null);
  put('metric_filter', state.metricSearch || null);
  put('smoothing', state.smoothing > 0 ? String(Math.round(state.smoothing * 100)) : null);
  put('x_axis', state.x === 'step' ? null : state.x);
  put('log_x', state.logX ? '1' : null);
  put('log_y', state.logY ? '1' : null);
  put('band', state.band ? null : '0');
  put('clip', state.clip ? '1' : null);
  put('xmin', state.range ? String(state.range[0]) : null);
  put('xmax', state.range ? String(state.range[1]) : null);
  put('system_xmin', state.systemRange ? String(state.systemRange[0]) : null);
  put('system_xmax', state.systemRange ? String(state.systemRange[1]) : null);
  put('collapsed', state.collapsed.length > 0 ? formatList(state.collapsed) : null);
  put('open', state.open);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

/** A comma list; commas and percent signs inside of an item are percent-encoded, an empty item is `%`. */
function formatList(items: readonly string[]): string {
  return items
    .map((item) => (item === '' ? '%' : item.replaceAll('%', '%25').replaceAll(',', '%2C')))
    .join(',');
}

function parseList(text: string | null): readonly string[] {
  if (!text) return [];
  const items = text
    .split(',')
    .filter((item) => item !== '')
    .map((item) => (item === '%' ? '' : item.replaceAll('%2C', ',').replaceAll('%25', '%')));
  return [...new Set(items)].sort();
}

function parseSmoothing(text: string | null): number {
  const percent = Number(text ?? 0);
  if (!Number.isFinite(percent)) return 0;
  return Math.min(Math.max(Math.round(percent), 0) / 100, SMOOTHING_MAX);
}

function parseX(text: string | null): XKind {
  return text === 'time' || text === 'relative' ? text : 'step';
}

function parseRange(from: string | null, to: string | null): Range | null {
  if (!from || !to) return null;
  const range = [Number(from), Number(to)] as const;
  return Number.isFinite(range[0]) && Number.isFinite(range[1]) && range[0] < range[1] ? range : null;
}
