/**
 * Rows as plain objects, for tests, vectors and golden files: `step` as decimal digits, `value` as the sixteen
 * hex digits of its IEEE-754 bits, so that JSON keeps both exactly.
 */
import type { RecordBatch } from '../../src/record/batch.ts';
import { BatchBuilder } from '../../src/record/builder.ts';
import { concatBatches } from '../../src/record/select.ts';

export interface Row {
  readonly writer: string;
  readonly seq: number;
  readonly kind: string;
  readonly key: string;
  readonly step: string | null;
  readonly time: number;
  readonly value: string | null;
  readonly data: string | null;
}

const view = new DataView(new ArrayBuffer(8));

/** IEEE-754 bits of a double, most significant digit first; every NaN is 7ff8000000000000. */
export function bitsOf(value: number): string {
  view.setFloat64(0, Number.isNaN(value) ? Number.NaN : value);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

export function doubleOf(bits: string): number {
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

export function rowsOf(batch: RecordBatch): Row[] {
  return Array.from({ length: batch.count }, (_, i) => ({
    writer: batch.writer[i] ?? '',
    seq: batch.seq[i] ?? -1,
    kind: batch.kind[i] ?? '',
    key: batch.key[i] ?? '',
    step: batch.stepNull[i] === 1 ? null : String(batch.step[i]),
    time: batch.time[i] ?? 0,
    value: batch.valueNull[i] === 1 ? null : bitsOf(batch.value[i] ?? 0),
    data: batch.data[i] ?? null,
  }));
}

export function batchOf(rows: readonly Row[]): RecordBatch {
  return concatBatches(
    rows.map((row) => {
      const builder = new BatchBuilder(row.writer);
      const step = row.step === null ? null : BigInt(row.step);
      const value = row.value === null ? null : doubleOf(row.value);
      builder.add(row.seq, row.kind, row.key, step, row.time, value, row.data);
      return builder.take();
    }),
  );
}
