/**
 * Counts what a store holds of the processes of `guest/shard-logger.ts`, row by row: which calls are there, how often,
 * and whether their values are those that were logged. Used on client B while they write, and on the server's own
 * disk in the end.
 */
import type { RecordBatch } from '@lamella/store';
import { keysOf, valueOf } from './guest/shard-logger.ts';

/** The calls of one process, by step. */
interface Calls {
  /** Rows of each of the two keys. */
  readonly rows: readonly [Uint16Array, Uint16Array];
  lastTimeUs: number;
}

/** More than any run of the scenario logs. */
const STEPS_MAX = 100_000;

/** Adds rows up. Rows of other kinds and keys are not looked at. */
export class ShardTally {
  readonly #calls: readonly Calls[];
  readonly #indexByKey = new Map<string, readonly [index: number, twin: 0 | 1]>();
  /** Rows with a value that was never logged. */
  wrong = 0;

  constructor(processes: number) {
    this.#calls = Array.from({ length: processes }, () => ({
      rows: [new Uint16Array(STEPS_MAX), new Uint16Array(STEPS_MAX)] as const,
      lastTimeUs: 0,
    }));
    for (let index = 0; index < processes; index++) {
      for (const [twin, key] of keysOf(index).entries()) this.#indexByKey.set(key, [index, twin as 0 | 1]);
    }
  }

  add(batch: RecordBatch): void {
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] !== 'metric') continue;
      const found = this.#indexByKey.get(batch.key[row] ?? '');
      const step = Number(batch.step[row]);
      if (found === undefined || batch.stepNull[row] === 1 || step < 0 || step >= STEPS_MAX) {
        this.wrong += 1;
        continue;
      }
      const [index, twin] = found;
      const calls = this.#calls[index]!;
      calls.rows[twin][step]! += 1;
      calls.lastTimeUs = Math.max(calls.lastTimeUs, batch.time[row] ?? 0);
      if (batch.valueNull[row] === 1 || batch.value[row] !== valueOf(index, step)) this.wrong += 1;
    }
  }

  /** Of one process: steps 0 up to the first that is missing. */
  prefix(index: number): number {
    const [values, twins] = this.#rowsOf(index);
    let step = 0;
    while (values[step]! > 0 && twins[step]! > 0) step += 1;
    return step;
  }

  /** Of one process: steps that are there at all, half or whole. */
  present(index: number): number {
    const [values, twins] = this.#rowsOf(index);
    return values.reduce((sum, count, step) => sum + (count > 0 || twins[step]! > 0 ? 1 : 0), 0);
  }

  /** Of one process: calls of which one key is there and the other is not. */
  halves(index: number): number {
    const [values, twins] = this.#rowsOf(index);
    return values.reduce((sum, count, step) => sum + (count > 0 === twins[step]! > 0 ? 0 : 1), 0);
  }

  /** Of one process: rows beyond the first of their kind. */
  doubled(index: number): number {
    return this.#rowsOf(index)
      .flatMap((rows) => [...rows])
      .reduce((sum, count) => sum + Math.max(0, count - 1), 0);
  }

  /** When the newest row of one process was logged, in milliseconds since 1970. */
  lastLoggedMs(index: number): number {
    return (this.#calls[index]?.lastTimeUs ?? 0) / 1000;
  }

  #rowsOf(index: number): readonly [Uint16Array, Uint16Array] {
    return this.#calls[index]!.rows;
  }
}
