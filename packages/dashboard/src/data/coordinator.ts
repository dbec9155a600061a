/**
 * Between charts and the data source. Charts say what they show; the coordinator waits one frame, asks for what
 * is missing or has changed in as few requests as possible, first things first, gives up what nobody watches
 * any more, and tells each chart at most every 100 ms. After Mosaic's coordinator (query manager, consolidator).
 */
import type { LiveChange } from 'lamella/procedures';

import { SeriesCache } from './series-cache.ts';
import type { Batch, RunSeries, SeriesQuery, Want } from './series-query.ts';
import { batchWants, laneKey, queryKey, wholeLane } from './series-query.ts';
import type { DataSource } from './source.ts';

const FRAME_MS = 16;
const TELL_EVERY_MS = 100;
/** What has changed is asked again at most this often, however fast changes come. */
const REFRESH_EVERY_MS = 100;
/** Of the six connections that browsers allow per host, one is the event stream and two are for lists. */
const REQUESTS_MAX = 3;
const CACHE_BYTES_MAX = 128 * 1024 * 1024;
const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 15_000;

export interface SeriesView {
  /** Known series by run; runs without points in range are absent. */
  readonly series: ReadonlyMap<string, RunSeries>;
  /** Every run of the query has been answered at least once. */
  readonly complete: boolean;
  /** Message of the last failed request, null when the last one succeeded. */
  readonly error: string | null;
}

export const EMPTY_VIEW: SeriesView = { series: new Map(), complete: false, error: null };

interface Watched {
  readonly query: SeriesQuery;
  readonly lane: string;
  /** The lane of the same question without zoom; the same one when there is no zoom. */
  readonly whole: string;
  readonly listeners: Set<() => void>;
  /** 0 is the most urgent. */
  priority: number;
  view: SeriesView;
  error: string | null;
  changed: boolean;
  toldAt: number;
}

export class Coordinator {
  readonly #source: DataSource;
  readonly #cache = new SeriesCache();
  readonly #watched = new Map<string, Watched>();
  readonly #asking = new Map<Batch, AbortController>();
  #frame: ReturnType<typeof setTimeout> | null = null;
  #frameAt = 0;
  #retryMs = RETRY_FIRST_MS;
  #waitUntil = 0;
  #refreshedAt = 0;

  constructor(source: DataSource) {
    this.#source = source;
  }

  /** Calls the listener when `read(query)` has something new, until the returned function is called. */
  watch(query: SeriesQuery, priority: number, listener: () => void): () => void {
    const key = queryKey(query);
    let watched = this.#watched.get(key);
    if (!watched) {
      watched = {
        query,
        lane: laneKey(query),
        whole: laneKey(wholeLane(query)),
        listeners: new Set(),
        priority,
        view: EMPTY_VIEW,
        error: null,
        changed: false,
        toldAt: 0,
      };
      watched.view = this.#viewOf(watched);
      this.#watched.set(key, watched);
    }
    watched.priority = Math.min(watched.priority, priority);
    watched.listeners.add(listener);
    this.#schedule(0);
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size > 0) return;
      this.#watched.delete(key);
      this.#schedule(FRAME_MS);
    };
  }

  /** The same object until something changed. */
  read(query: SeriesQuery): SeriesView {
    return this.#watched.get(queryKey(query))?.view ?? EMPTY_VIEW;
  }

  apply(project: string, change: LiveChange): void {
    this.#waitUntil = 0;
    if (this.#cache.apply(project, change)) this.#schedule(0);
  }

  /** The source is back: what failed is asked again at once. */
  resume(): void {
    this.#waitUntil = 0;
    this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    const at = performance.now() + delayMs;
    if (this.#frame !== null) {
      if (this.#frameAt <= at) return;
      clearTimeout(this.#frame);
    }
    this.#frameAt = at;
    this.#frame = setTimeout(() => {
      this.#frame = null;
      this.#giveUp();
      this.#tell();
      this.#ask();
    }, delayMs);
  }

  #isWatched(name: string, metric: string, run: string): boolean {
    for (const { lane, whole, query } of this.#watched.values()) {
      if ((lane === name || whole === name) && query.metric === metric && query.runs.includes(run))
        return true;
    }
    return false;
  }

  /** A series whose every point is known needs no zooming: the lane without zoom answers, neighbours included. */
  #isKnownWhole({ lane, whole, query }: Watched, run: string): boolean {
    if (lane === whole) return false;
    return this.#cache.part(whole, query.metric, run)?.series?.entry.mode === 'points';
  }

  #giveUp(): void {
    for (const [batch, abort] of this.#asking) {
      const wanted = [...this.#watched.values()].some(
        ({ lane, whole, query }) =>
          (lane === batch.laneKey || whole === batch.laneKey) && batch.metrics.includes(query.metric),
      );
      if (!wanted) abort.abort();
    }
  }

  #ask(): void {
    const wait = this.#waitUntil - performance.now();
    if (wait > 0) return this.#schedule(wait);
    const missing: Want[] = [];
    const stale: Want[] = [];
    const inOrder = [...this.#watched.values()].sort((a, b) => a.priority - b.priority);
    for (const watched of inOrder) {
      const { query } = watched;
      for (const run of query.runs) {
        const known = this.#isKnownWhole(watched, run);
        const [lane, name] = known ? [wholeLane(query), watched.whole] : [query, watched.lane];
        const state = this.#cache.state(name, query.metric, run);
        const want = { lane, laneKey: name, metric: query.metric, run };
        if (state === 'missing') missing.push(want);
        else if (state === 'stale') stale.push(want);
      }
    }
    const refreshIn = this.#refreshedAt + REFRESH_EVERY_MS - performance.now();
    if (stale.length > 0 && refreshIn > 0) this.#schedule(refreshIn);
    const due = refreshIn > 0 ? [] : stale;
    for (const batch of batchWants([...missing, ...due])) {
      // The rest is asked for when one of these has been answered.
      if (this.#asking.size >= REQUESTS_MAX) return;
      if (due.length > 0) this.#refreshedAt = performance.now();
      void this.#send(batch);
    }
  }

  async #send(batch: Batch): Promise<void> {
    const { project, kind, x, range, buckets, logX } = batch.lane;
    const lane = { project, kind, x, range, buckets, logX };
    const abort = new AbortController();
    this.#asking.set(batch, abort);
    this.#cache.beginAsking(lane, batch.metrics, batch.runs);
    let error: string | null = null;
    try {
      const answer = await this.#source.series(
        {
          project,
          kind,
          x,
          buckets,
          runs: batch.runs,
          metrics: batch.metrics,
          ...(range ? { range } : {}),
          ...(logX ? { logX } : {}),
        },
        abort.signal,
      );
      this.#cache.keep(lane, batch.metrics, batch.runs, answer);
      this.#cache.evict(CACHE_BYTES_MAX, (name, metric, run) => this.#isWatched(name, metric, run));
      this.#retryMs = RETRY_FIRST_MS;
    } catch (reason) {
      this.#cache.endAsking(lane, batch.metrics, batch.runs);
      if (!abort.signal.aborted) {
        error = reason instanceof Error ? reason.message : String(reason);
        this.#waitUntil = performance.now() + this.#retryMs;
        this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
      }
    }
    this.#asking.delete(batch);
    for (const watched of this.#watched.values()) {
      if (watched.lane !== batch.laneKey && watched.whole !== batch.laneKey) continue;
      if (!batch.metrics.includes(watched.query.metric)) continue;
      watched.error = error;
      watched.changed = true;
    }
    this.#schedule(0);
  }

  /** Tells the charts that have something new, each at most every `TELL_EVERY_MS`. */
  #tell(): void {
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const watched of this.#watched.values()) {
      if (!watched.changed) continue;
      const wait = watched.toldAt + TELL_EVERY_MS - now;
      if (wait > 0) {
        next = Math.min(next, wait);
        continue;
      }
      watched.changed = false;
      watched.toldAt = now;
      watched.view = this.#viewOf(watched);
      for (const listener of watched.listeners) listener();
    }
    if (Number.isFinite(next)) this.#schedule(next);
  }

  #viewOf(watched: Watched): SeriesView {
    const { query, error } = watched;
    const series = new Map<string, RunSeries>();
    let complete = true;
    for (const run of query.runs) {
      const lane = this.#isKnownWhole(watched, run) ? watched.whole : watched.lane;
      const part = this.#cache.part(lane, query.metric, run);
      if (part === null) complete = false;
      else if (part.series) series.set(run, part.series);
    }
    return { series, complete, error };
  }
}
