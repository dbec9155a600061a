/** Holds rows of a Trackio table against what `trackio_log.py` logs: `number` counts from 1, `loss` is 1 / number. */
import type { LogReader } from '@lamella/trackio';

export interface Judgement {
  /** Rows that are right, from the first one up to the first fault. */
  readonly rows: number;
  /** Null, or the first fault. */
  readonly wrong: string | null;
}

/** All rows of the table; `before` of them were shown already. */
export function judgeRows(logs: LogReader, before: number): Judgement {
  let rows = 0;
  for (let after = 0; ;) {
    const chunk = logs.read('metrics', after);
    if (chunk.rows === 0) break;
    const losses = new Map<number, number>();
    const numbers = new Map<number, number>();
    for (let cell = 0; cell < chunk.cells.count; cell++) {
      const row = chunk.cells.row[cell] ?? 0;
      const key = logs.keys[chunk.cells.key[cell] ?? 0];
      (key === 'loss' ? losses : numbers).set(row, chunk.cells.value[cell] ?? Number.NaN);
    }
    for (let row = 0; row < chunk.rows; row++) {
      const number = numbers.get(row);
      if (number !== rows + 1) return { rows, wrong: `row ${rows + 1} is ${String(number)}` };
      if (losses.get(row) !== 1 / number)
        return { rows, wrong: `the loss of row ${number} is ${String(losses.get(row))}` };
      rows += 1;
    }
    after = chunk.last;
  }
  return { rows, wrong: rows < before ? `${rows} rows after ${before} had been shown` : null };
}
