/**
 * Rows compared by all they say: identity `(writer, seq, kind, key)` and content. Only where files conflict,
 * which is rare: elsewhere footers answer.
 */
import type { RecordBatch } from '../record/batch.ts';
import { selectRows } from '../record/select.ts';

/** One string per row; equal strings are the same record with the same content (numbers by their bits, all NaNs alike). */
function contentOf(batch: RecordBatch): (row: number) => string {
  const bits = new BigUint64Array(batch.value.buffer, batch.value.byteOffset, batch.count);
  return (row) => {
    const step = batch.stepNull[row] === 1 ? '' : batch.step[row];
    const value = batch.valueNull[row] === 1 ? '' : Number.isNaN(batch.value[row]) ? 'NaN' : bits[row];
    const data = batch.data[row] ?? null;
    // JSON keeps strings apart whatever they contain.
    const names = JSON.stringify([batch.writer[row], batch.kind[row], batch.key[row], data]);
    return `${batch.seq[row]} ${step} ${batch.time[row]} ${value} ${names}`;
  };
}

/** True when every row of `part` is in `whole`. */
export function holdsAllRows(whole: RecordBatch, part: RecordBatch): boolean {
  const partContent = contentOf(part);
  const wanted = new Set(Array.from({ length: part.count }, (_, row) => partContent(row)));
  const wholeContent = contentOf(whole);
  for (let row = 0; row < whole.count && wanted.size > 0; row++) wanted.delete(wholeContent(row));
  return wanted.size === 0;
}

/** The rows of `batch` without repeats; of equal rows the first one stays. */
export function dropRepeats(batch: RecordBatch): RecordBatch {
  const content = contentOf(batch);
  const seen = new Set<string>();
  const kept = new Uint32Array(batch.count);
  let count = 0;
  for (let row = 0; row < batch.count; row++) {
    const text = content(row);
    if (seen.has(text)) continue;
    seen.add(text);
    kept[count++] = row;
  }
  return count === batch.count ? batch : selectRows(batch, kept.subarray(0, count));
}
