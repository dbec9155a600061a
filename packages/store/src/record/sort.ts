/**
 * The order of rows in a shard: kind, key, step (nulls first), seq, writer; strings by their UTF-8 bytes
 * (SPEC.md, R4). A flush comes as call after call with the same keys, so rows are first dealt into their
 * (kind, key) series, which nearly always are in order already; only a series that is not gets sorted.
 */
import type { RecordBatch } from './batch.ts';
import { halvesOf, selectRows } from './select.ts';
import { compareUtf8 } from './utf8.ts';

/** The rows in shard order. Stable. Returns `batch` itself where it is in order. */
export function sortBatch(batch: RecordBatch): RecordBatch {
  const order = new RowOrder(batch);
  if (isSorted(batch, order)) return batch;
  const { series, starts } = dealSeries(batch);
  const rows = new Uint32Array(batch.count);
  const next = starts.slice();
  for (let row = 0; row < batch.count; row++) {
    const s = series[row] ?? 0;
    const at = next[s] ?? 0;
    rows[at] = row;
    next[s] = at + 1;
  }
  for (let s = 0; s < starts.length; s++) {
    sortSeries(rows.subarray(starts[s] ?? 0, next[s] ?? 0), order);
  }
  return selectRows(batch, rows);
}

/** Compares two rows of one batch that have equal kind and key. */
class RowOrder {
  readonly #step: Int32Array;
  readonly #stepLow: Uint32Array;
  readonly #stepNull: Uint8Array;
  readonly #seq: Float64Array;
  readonly #writer: readonly string[];

  constructor(batch: RecordBatch) {
    this.#step = halvesOf(batch.step);
    this.#stepLow = new Uint32Array(this.#step.buffer, this.#step.byteOffset, this.#step.length);
    this.#stepNull = batch.stepNull;
    this.#seq = batch.seq;
    this.#writer = batch.writer;
  }

  compare(a: number, b: number): number {
    const nulls = (this.#stepNull[b] ?? 0) - (this.#stepNull[a] ?? 0);
    if (nulls !== 0) return nulls;
    if (this.#stepNull[a] === 0) {
      const high = (this.#step[a * 2 + 1] ?? 0) - (this.#step[b * 2 + 1] ?? 0);
      if (high !== 0) return high;
      const low = (this.#stepLow[a * 2] ?? 0) - (this.#stepLow[b * 2] ?? 0);
      if (low !== 0) return low;
    }
    const seq = (this.#seq[a] ?? 0) - (this.#seq[b] ?? 0);
    if (seq !== 0) return seq;
    return compareUtf8(this.#writer[a] ?? '', this.#writer[b] ?? '');
  }
}

function isSorted(batch: RecordBatch, order: RowOrder): boolean {
  const { kind, key, count } = batch;
  for (let row = 1; row < count; row++) {
    if (kind[row] === kind[row - 1] && key[row] === key[row - 1]) {
      if (order.compare(row - 1, row) > 0) return false;
    } else if (compareSeries(batch, row - 1, row) > 0) return false;
  }
  return true;
}

function compareSeries({ kind, key }: RecordBatch, a: number, b: number): number {
  return compareUtf8(kind[a] ?? '', kind[b] ?? '') || compareUtf8(key[a] ?? '', key[b] ?? '');
}

/**
 * Numbers the distinct (kind, key) pairs in their order: `series` of each row, and where each begins in the
 * sorted rows. Guesses that the series after the one just seen is the one that followed it last time.
 */
function dealSeries(batch: RecordBatch): { series: Uint32Array; starts: Uint32Array } {
  const { kind, key, count } = batch;
  const found = new Uint32Array(count);
  const first: number[] = []; // a row of each series, in order of appearance
  const follower: number[] = [];
  const sizes: number[] = [];
  const byKind = new Map<string, Map<string, number>>();
  let last = 0;
  for (let row = 0; row < count; row++) {
    const guess = follower[last] ?? 0;
    const sample = first[guess] ?? 0;
    let s = guess;
    if (first.length === 0 || key[row] !== key[sample] || kind[row] !== kind[sample]) {
      s = lookUp(byKind, kind[row] ?? '', key[row] ?? '', first.length);
      if (s === first.length) {
        first.push(row);
        follower.push(s);
        sizes.push(0);
      }
      follower[last] = s;
    }
    found[row] = s;
    sizes[s] = (sizes[s] ?? 0) + 1;
    last = s;
  }
  const ordered = first.map((_, s) => s).sort((a, b) => compareSeries(batch, first[a] ?? 0, first[b] ?? 0));
  const rank = new Uint32Array(ordered.length);
  const starts = new Uint32Array(ordered.length);
  let start = 0;
  for (let r = 0; r < ordered.length; r++) {
    const s = ordered[r] ?? 0;
    rank[s] = r;
    starts[r] = start;
    start += sizes[s] ?? 0;
  }
  for (let row = 0; row < count; row++) found[row] = rank[found[row] ?? 0] ?? 0;
  return { series: found, starts };
}

function lookUp(byKind: Map<string, Map<string, number>>, kind: string, key: string, next: number): number {
  let byKey = byKind.get(kind);
  if (!byKey) byKind.set(kind, (byKey = new Map<string, number>()));
  const known = byKey.get(key);
  if (known === undefined) byKey.set(key, next);
  return known ?? next;
}

function sortSeries(rows: Uint32Array, order: RowOrder): void {
  for (let i = 1; i < rows.length; i++) {
    if (order.compare(rows[i - 1] ?? 0, rows[i] ?? 0) > 0) {
      rows.sort((a, b) => order.compare(a, b)); // stable for rows that are equal in everything
      return;
    }
  }
}
