/** From answered series to lines: vertices once per answer, smoothing once per setting. */
import { twema } from '../chart/smoothing.ts';
import type { Viewport } from '../chart/smoothing.ts';
import type { Line } from '../chart/model.ts';
import type { Vertices } from '../chart/vertices.ts';
import { gapWidth, verticesOf } from '../chart/vertices.ts';
import type { RunSeries } from '../data/series-query.ts';

interface Prepared {
  readonly vertices: Vertices;
  readonly gap: number;
  smooth: { readonly key: string; readonly values: Float64Array } | null;
}

const prepared = new WeakMap<RunSeries, Prepared>();

/** What the page knows of a run that a chart draws. */
export interface ShownRun {
  readonly id: string;
  readonly name: string;
  readonly colour: string;
}

/** Lines of the runs that have points, the first run on top of the others. */
export function linesOf(
  runs: readonly ShownRun[],
  series: ReadonlyMap<string, RunSeries>,
  smoothing: number,
  viewport: Viewport,
): Line[] {
  const lines: Line[] = [];
  for (const run of runs) {
    const found = series.get(run.id);
    if (!found) continue;
    const ready = prepare(found);
    if (ready.vertices.x.length === 0) continue;
    lines.push({
      id: run.id,
      label: run.name,
      colour: run.colour,
      vertices: ready.vertices,
      smooth: smoothing > 0 ? smoothed(ready, smoothing, viewport) : null,
      gap: ready.gap,
    });
  }
  return lines.toReversed();
}

function prepare(series: RunSeries): Prepared {
  const known = prepared.get(series);
  if (known) return known;
  const vertices = verticesOf(series);
  const fresh: Prepared = { vertices, gap: gapWidth(vertices.x), smooth: null };
  prepared.set(series, fresh);
  return fresh;
}

/** The mean of a bucket says more of its trend than its last value, so that is what is smoothed. */
function smoothed(ready: Prepared, smoothing: number, viewport: Viewport): Float64Array {
  const key = `${smoothing} ${viewport.from} ${viewport.to} ${viewport.log}`;
  if (ready.smooth?.key !== key) {
    const { x, mean } = ready.vertices;
    ready.smooth = { key, values: twema(x, mean, smoothing, viewport) };
  }
  return ready.smooth.values;
}

/** The x range that all the series cover, for smoothing that looks alike in all of them. */
export function viewportOf(
  series: ReadonlyMap<string, RunSeries>,
  range: readonly [number, number] | null,
  log: boolean,
): Viewport {
  let [from, to] = range ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  if (!range) {
    for (const one of series.values()) {
      const { x } = prepare(one).vertices;
      from = Math.min(from, (log ? x.find((v) => v > 0) : x[0]) ?? from);
      to = Math.max(to, x[x.length - 1] ?? to);
    }
  }
  return { from: log ? Math.max(from, Number.MIN_VALUE) : from, to, log };
}
