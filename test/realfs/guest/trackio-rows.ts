/** Holds rows of a Trackio table against what `trackio_log.py` logs: `number` counts from 1, `loss` is 1 / number. */
import type { DatabaseSync } from 'node:sqlite';
import type { LogReader } from '@lamella/trackio';

export interface Judgement {
  /** Rows that are right, from the first one up to the first fault. */
  readonly rows: number;
  /** Null, or the first fault. */
  readonly wrong: string | null;
}

export interface Row {
  readonly number: number | undefined;
  readonly loss: number | undefined;
}

/** Judges all rows of a table in their order; `before` of them were shown already. */
export function judgeRows(all: Iterable<Row>, before: number): Judgement {
  let rows = 0;
  for (const { number, loss } of all) {
    if (number !== rows + 1) return { rows, wrong: `row ${rows + 1} is ${String(number)}` };
    if (loss !== 1 / number) return { rows, wrong: `the loss of row ${number} is ${String(loss)}` };
    rows += 1;
  }
  return { rows, wrong: rows < before ? `${rows} rows after ${before} had been shown` : null };
}

/** The rows as Lamella reads them. */
export function* rowsOf(logs: LogReader): Iterable<Row> {
  for (let after = 0; ;) {
    const chunk = logs.read('metrics', after);
    if (chunk.rows === 0) return;
    const losses = new Map<number, number>();
    const numbers = new Map<number, number>();
    for (let cell = 0; cell < chunk.cells.count; cell++) {
      const key = logs.keys[chunk.cells.key[cell] ?? 0];
      const value = chunk.cells.value[cell] ?? Number.NaN;
      (key === 'loss' ? losses : numbers).set(chunk.cells.row[cell] ?? 0, value);
    }
    for (let row = 0; row < chunk.rows; row++) yield { number: numbers.get(row), loss: losses.get(row) };
    after = chunk.last;
  }
}

/** The rows as any program reads them. */
export function rowsInPlace(database: DatabaseSync): readonly Row[] {
  const rows = database.prepare('SELECT CAST(metrics AS TEXT) AS json FROM metrics ORDER BY id').all();
  return rows.map(({ json }) => JSON.parse(String(json)) as Row);
}
