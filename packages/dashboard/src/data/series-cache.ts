/**
 * Series that have been answered, one per (lane, metric, run), each with the cursor of the data it is from.
 * A change makes them stale but leaves them readable: old data stays on the screen until new data arrives.
 */
import type { LiveChange, SeriesAnswer } from 'lamella/procedures';

import type { RunSeries, SeriesLane } from './series-query.ts';
import { laneKey, seriesBytes } from './series-query.ts';

export interface Part {
  /** Null when the run has no points of the metric in the range. */
  readonly series: RunSeries | null;
  readonly cursor: number;
  readonly usedAt: number;
}

interface Slot {
  part: Part | null;
  /** The data must be at least this new; below it, the part is stale. */
  wantedCursor: number;
  asking: boolean;
}

interface Lane {
  readonly lane: SeriesLane;
  readonly slots: Map<string, Slot>;
}

const slotKey = (metric: string, run: string): string => `${metric}\n${run}`;

export class SeriesCache {
  readonly #lanes = new Map<string, Lane>();
  #bytes = 0;
  #clock = 0;

  get bytes(): number {
    return this.#bytes;
  }

  part(lane: string, metric: string, run: string): Part | null {
    return this.#lanes.get(lane)?.slots.get(slotKey(metric, run))?.part ?? null;
  }

  /** `missing`: never answered. `stale`: answered, and changed since. `asking`: a request is under way. */
  state(lane: string, metric: string, run: string): 'missing' | 'stale' | 'asking' | 'fresh' {
    const slot = this.#lanes.get(lane)?.slots.get(slotKey(metric, run));
    if (!slot) return 'missing';
    if (slot.asking) return 'asking';
    if (slot.part === null) return 'missing';
    return slot.part.cursor < slot.wantedCursor ? 'stale' : 'fresh';
  }

  /** Marks series as being asked for, so that they are not asked for twice. */
  beginAsking(lane: SeriesLane, metrics: readonly string[], runs: readonly string[]): void {
    for (const slot of this.#slots(lane, metrics, runs)) slot.asking = true;
  }

  /** The request failed or was given up: the series are as they were. */
  endAsking(lane: SeriesLane, metrics: readonly string[], runs: readonly string[]): void {
    for (const slot of this.#slots(lane, metrics, runs)) slot.asking = false;
  }

  /** Keeps an answer. Series that were asked for and are not in it are known to have no points. */
  keep(lane: SeriesLane, metrics: readonly string[], runs: readonly string[], answer: SeriesAnswer): void {
    const found = new Map<string, RunSeries>();
    for (const entry of answer.entries) {
      const grid = entry.mode === 'buckets' ? answer.grids.find((g) => g.metric === entry.metric) : null;
      found.set(slotKey(entry.metric, entry.run), { entry, grid: grid ?? null });
    }
    const slots = this.#lane(lane).slots;
    for (const metric of metrics) {
      for (const run of runs) {
        const slot = this.#slot(slots, metric, run);
        const series = found.get(slotKey(metric, run)) ?? null;
        this.#bytes -= slot.part?.series ? seriesBytes(slot.part.series.entry) : 0;
        this.#bytes += series ? seriesBytes(series.entry) : 0;
        slot.part = { series, cursor: answer.cursor, usedAt: (this.#clock += 1) };
        slot.asking = false;
      }
    }
  }

  /** Makes stale what the change touches. True when anything was. */
  apply(project: string, change: LiveChange): boolean {
    let touched = false;
    for (const { lane, slots } of this.#lanes.values()) {
      if (lane.project !== project) continue;
      if (change.all) {
        // The cursor may belong to another life of the server: forget what the parts are compared with.
        for (const slot of slots.values()) {
          slot.wantedCursor = change.cursor;
          if (slot.part) slot.part = { ...slot.part, cursor: Number.NEGATIVE_INFINITY };
        }
        touched = true;
        continue;
      }
      for (const { run, metrics } of change.runs) {
        for (const metric of metrics) {
          const slot = slots.get(slotKey(metric, run));
          if (!slot) continue;
          slot.wantedCursor = Math.max(slot.wantedCursor, change.cursor);
          touched = true;
        }
      }
    }
    return touched;
  }

  /** Forgets the longest unused series until at most `bytesMax` are held; never those that `isWatched`. */
  evict(bytesMax: number, isWatched: (lane: string, metric: string, run: string) => boolean): void {
    if (this.#bytes <= bytesMax) return;
    const candidates: { slots: Map<string, Slot>; key: string; part: Part }[] = [];
    for (const { lane, slots } of this.#lanes.values()) {
      const name = laneKey(lane);
      for (const [key, slot] of slots) {
        const [metric = '', run = ''] = key.split('\n');
        if (slot.part && !slot.asking && !isWatched(name, metric, run))
          candidates.push({ slots, key, part: slot.part });
      }
    }
    candidates.sort((a, b) => a.part.usedAt - b.part.usedAt);
    for (const { slots, key, part } of candidates) {
      if (this.#bytes <= bytesMax) return;
      slots.delete(key);
      this.#bytes -= part.series ? seriesBytes(part.series.entry) : 0;
    }
  }

  *#slots(lane: SeriesLane, metrics: readonly string[], runs: readonly string[]): Iterable<Slot> {
    const slots = this.#lane(lane).slots;
    for (const metric of metrics) {
      for (const run of runs) yield this.#slot(slots, metric, run);
    }
  }

  #lane(lane: SeriesLane): Lane {
    const key = laneKey(lane);
    const known = this.#lanes.get(key);
    if (known) return known;
    const fresh: Lane = { lane, slots: new Map() };
    this.#lanes.set(key, fresh);
    return fresh;
  }

  #slot(slots: Map<string, Slot>, metric: string, run: string): Slot {
    const key = slotKey(metric, run);
    const known = slots.get(key);
    if (known) return known;
    const fresh: Slot = { part: null, wantedCursor: 0, asking: false };
    slots.set(key, fresh);
    return fresh;
  }
}
