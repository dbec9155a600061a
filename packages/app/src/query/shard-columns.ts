/**
 * Rows of one run in columns, as a watch hands them to the snapshot where there is no Parquet file: from a
 * database, or from fragments. Columns of the rows are kept once and each key has its values only, so that a
 * million rows of ten metrics are 100 MB on their way and not 500.
 */
import type { LogChunk } from '@lamella/trackio';

/** The values of one key that are plain numbers. */
export interface KeyColumn {
  readonly kind: 'metric' | 'system';
  readonly name: string;
  /** Ordinals of the rows that have it, ascending; null where all have. */
  readonly rows: Uint32Array | null;
  readonly value: Float64Array;
}

/** A value that is not a plain number, or is more than one. */
export interface DataCell {
  readonly kind: 'metric' | 'system';
  readonly name: string;
  readonly row: number;
  readonly value: number | null;
  readonly data: string;
}

/** A record of kind `run` or `config`. */
export interface FactCell {
  readonly kind: 'run' | 'config';
  readonly key: string;
  readonly timeUs: number;
  readonly data: string;
}

/** One piece of a run. All columns of rows have the same length. */
export interface ShardColumns {
  readonly writer: string;
  readonly seq: BigInt64Array;
  /** NaN where the row has no step. */
  readonly step: Float64Array;
  /** Microseconds since 1970 UTC. */
  readonly time: BigInt64Array;
  readonly keys: readonly KeyColumn[];
  readonly data: readonly DataCell[];
  readonly facts: readonly FactCell[];
}

/** The buffers of `columns`, to be moved to another thread rather than copied. */
export function buffersOf(columns: ShardColumns): ArrayBuffer[] {
  const views = [columns.seq, columns.step, columns.time, ...columns.keys.map(({ value }) => value)];
  for (const { rows } of columns.keys) if (rows !== null) views.push(rows as never);
  return [...new Set(views.map(({ buffer }) => buffer as ArrayBuffer))];
}

/** A piece that holds facts only. */
export function factColumns(writer: string, facts: readonly FactCell[]): ShardColumns {
  const none = { seq: new BigInt64Array(0), step: new Float64Array(0), time: new BigInt64Array(0) };
  return { writer, ...none, keys: [], data: [], facts };
}

/** Float64 values; doubles its room. */
class Doubles {
  items: Float64Array;
  length = 0;

  constructor(room: number) {
    this.items = new Float64Array(room);
  }

  push(value: number): void {
    if (this.length === this.items.length) {
      const wider = new Float64Array(this.length * 2);
      wider.set(this.items);
      this.items = wider;
    }
    this.items[this.length++] = value;
  }

  take(): Float64Array {
    return this.items.length === this.length ? this.items : this.items.slice(0, this.length);
  }
}

interface KeyPart {
  readonly name: string;
  readonly value: Doubles;
  /** Made when the first row is left out: until then the n-th value is the n-th row's. */
  rows: Doubles | null;
}

const ROOM = 64;

/** Collects the rows of one run out of chunks of many runs. */
export class RunColumnsBuilder {
  readonly #kind: 'metric' | 'system';
  readonly #seq = new Doubles(ROOM);
  readonly #step = new Doubles(ROOM);
  readonly #time = new Doubles(ROOM);
  readonly #keys: KeyPart[] = [];
  readonly #data: DataCell[] = [];

  constructor(kind: 'metric' | 'system') {
    this.#kind = kind;
  }

  get rows(): number {
    return this.#seq.length;
  }

  /** Adds a row; answers its ordinal. A time that is none is that of the row before. */
  addRow(seq: number, step: number, timeUs: number): number {
    const at = this.#seq.length;
    this.#seq.push(seq);
    this.#step.push(step);
    this.#time.push(Number.isNaN(timeUs) ? (this.#time.items[at - 1] ?? 0) : timeUs);
    return at;
  }

  /** Adds a plain number to the newest row. `key`: an ordinal that stands for `name` in every call. */
  addNumber(key: number, name: string, row: number, value: number): void {
    let part = this.#keys[key];
    if (part === undefined) {
      part = { name, value: new Doubles(ROOM), rows: null };
      this.#keys[key] = part;
    }
    if (part.rows === null && part.value.length !== row) {
      part.rows = new Doubles(ROOM);
      for (let i = 0; i < part.value.length; i++) part.rows.push(i);
    }
    part.rows?.push(row);
    part.value.push(value);
  }

  addData(name: string, row: number, value: number | null, data: string): void {
    this.#data.push({ kind: this.#kind, name, row, value, data });
  }

  take(writer: string): ShardColumns {
    const rows = this.#seq.length;
    return {
      writer,
      seq: BigInt64Array.from(this.#seq.take(), BigInt),
      step: this.#step.take(),
      time: BigInt64Array.from(this.#time.take(), BigInt),
      keys: this.#keys.flatMap((part) => {
        const all = part.rows === null && part.value.length === rows;
        const places = part.rows ?? {
          take: () => Float64Array.from({ length: part.value.length }, (_, i) => i),
        };
        const column: KeyColumn = {
          kind: this.#kind,
          name: part.name,
          rows: all ? null : Uint32Array.from(places.take()),
          value: part.value.take(),
        };
        return [column];
      }),
      data: this.#data,
      facts: [],
    };
  }
}

/**
 * Adds the rows of `chunk` to the builders of their runs. `builderOf` answers the one of a run by its ordinal;
 * `seqFrom` is added to the row's number. Answers the number of unreadable rows by run.
 */
export function addChunk(
  chunk: LogChunk,
  names: readonly string[],
  builderOf: (run: number) => RunColumnsBuilder,
  seqFrom = 0,
): Map<number, number> {
  const builders: RunColumnsBuilder[] = [];
  const places = new Uint32Array(chunk.rows);
  for (let row = 0; row < chunk.rows; row++) {
    const run = chunk.run[row]!;
    const builder = (builders[run] ??= builderOf(run));
    const step = chunk.stepNull[row] === 1 ? Number.NaN : stepAt(chunk, row);
    places[row] = builder.addRow(seqFrom + chunk.rowid[row]!, step, chunk.timeUs[row]!);
  }
  const { cells } = chunk;
  for (let cell = 0; cell < cells.count; cell++) {
    const row = cells.row[cell]!;
    const key = cells.key[cell]!;
    const builder = builders[chunk.run[row]!]!;
    const data = cells.data.size === 0 ? undefined : cells.data.get(cell);
    if (data === undefined && cells.valueNull[cell] === 0) {
      builder.addNumber(key, names[key]!, places[row]!, cells.value[cell]!);
    } else {
      const value = cells.valueNull[cell] === 1 ? null : cells.value[cell]!;
      builder.addData(names[key]!, places[row]!, value, data ?? 'null');
    }
  }
  const unreadable = new Map<number, number>();
  for (const row of chunk.unreadable) {
    const run = chunk.run[row]!;
    unreadable.set(run, (unreadable.get(run) ?? 0) + 1);
  }
  return unreadable;
}

/** Without a BigInt for each row: the halves of an int64 make a double that is exact up to 2^53. */
function stepAt(chunk: LogChunk, row: number): number {
  const exact = chunk.exactStep.size === 0 ? undefined : chunk.exactStep.get(row);
  return exact ?? Number(chunk.step[row]!);
}
