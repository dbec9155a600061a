/** Batches made of other batches' rows. */
import type { RecordBatch } from './batch.ts';

/** A batch without rows. */
export function emptyBatch(): RecordBatch {
  return allocateBatch(0);
}

/** The rows of all batches, one after the other: a copy, except that one batch alone is returned itself. */
export function concatBatches(batches: readonly RecordBatch[]): RecordBatch {
  const only = batches.length === 1 ? batches[0] : undefined;
  if (only) return only;
  let count = 0;
  for (const batch of batches) count += batch.count;
  const all = allocateBatch(count);
  let at = 0;
  for (const batch of batches) {
    all.seq.set(batch.seq, at);
    all.step.set(batch.step, at);
    all.stepNull.set(batch.stepNull, at);
    all.time.set(batch.time, at);
    all.value.set(batch.value, at);
    all.valueNull.set(batch.valueNull, at);
    for (let i = 0; i < batch.count; i++) {
      all.writer[at + i] = batch.writer[i] ?? '';
      all.kind[at + i] = batch.kind[i] ?? '';
      all.key[at + i] = batch.key[i] ?? '';
      all.data[at + i] = batch.data[i] ?? null;
    }
    at += batch.count;
  }
  return all;
}

/** The rows at these indexes (each below `batch.count`), in their order, copied. */
export function selectRows(batch: RecordBatch, rows: Uint32Array): RecordBatch {
  const { length } = rows;
  const picked = allocateBatch(length);
  for (let i = 0; i < length; i++) {
    const row = rows[i] ?? 0;
    picked.writer[i] = batch.writer[row] ?? '';
    picked.kind[i] = batch.kind[row] ?? '';
    picked.key[i] = batch.key[row] ?? '';
    picked.data[i] = batch.data[row] ?? null;
  }
  gather(batch.seq, rows, picked.seq);
  gather(batch.time, rows, picked.time);
  gather(batch.value, rows, picked.value);
  gather(batch.stepNull, rows, picked.stepNull);
  gather(batch.valueNull, rows, picked.valueNull);
  gatherHalves(halvesOf(batch.step), rows, halvesOf(picked.step));
  return picked;
}

/** A batch whose string columns may still be filled in. */
export interface MutableBatch extends RecordBatch {
  readonly writer: string[];
  readonly kind: string[];
  readonly key: string[];
  readonly data: (string | null)[];
}

/** Columns of `count` rows: zeros, and strings that the caller fills in. */
export function allocateBatch(count: number): MutableBatch {
  return {
    count,
    writer: Array<string>(count).fill(''),
    seq: new Float64Array(count),
    kind: Array<string>(count).fill(''),
    key: Array<string>(count).fill(''),
    step: new BigInt64Array(count),
    stepNull: new Uint8Array(count),
    time: new Float64Array(count),
    value: new Float64Array(count),
    valueNull: new Uint8Array(count),
    data: Array<string | null>(count).fill(null),
  };
}

/** The same 64-bit column as 32-bit halves, low first (every platform we run on is little-endian). */
export function halvesOf(column: BigInt64Array | Float64Array): Int32Array {
  return new Int32Array(column.buffer, column.byteOffset, column.length * 2);
}

function gather<T extends Float64Array | Uint8Array>(from: T, rows: Uint32Array, to: T): void {
  for (let i = 0; i < rows.length; i++) to[i] = from[rows[i] ?? 0] ?? 0;
}

function gatherHalves(from: Int32Array, rows: Uint32Array, to: Int32Array): void {
  for (let i = 0; i < rows.length; i++) {
    const at = (rows[i] ?? 0) * 2;
    to[i * 2] = from[at] ?? 0;
    to[i * 2 + 1] = from[at + 1] ?? 0;
  }
}
