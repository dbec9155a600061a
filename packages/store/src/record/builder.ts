/**
 * Collects rows into columns: what a writer buffers between two flushes. Columns grow by doubling; a row costs
 * no object. Steps are written as two 32-bit halves, because a BigInt per row would double the cost.
 */
import type { RecordBatch } from './batch.ts';
import { LamellaError } from './error.ts';

const INITIAL_ROWS = 1024;
const STEP_MIN = -(2n ** 63n);
const STEP_MAX = 2n ** 63n - 1n;

/** What a row weighs besides its strings: four 8-byte numbers, two flags, four references. */
const ROW_BYTES = 64;

/** Accumulates the rows of one writer. Not for sharing between writers: every row gets the same `writer`. */
export class BatchBuilder {
  readonly #writer: string;
  #count = 0;
  #bytes = 0;
  #seq = new Float64Array(INITIAL_ROWS);
  #step = new BigInt64Array(INITIAL_ROWS);
  #stepHalves = new Int32Array(this.#step.buffer);
  #stepNull = new Uint8Array(INITIAL_ROWS);
  #time = new Float64Array(INITIAL_ROWS);
  #value = new Float64Array(INITIAL_ROWS);
  #valueNull = new Uint8Array(INITIAL_ROWS);
  #kind: string[] = [];
  #key: string[] = [];
  #data: (string | null)[] = [];

  /** `writer` is a writer id; it is not checked here. */
  constructor(writer: string) {
    this.#writer = writer;
  }

  /** Rows added since the last take. */
  get count(): number {
    return this.#count;
  }

  /** About how much memory the rows take, in bytes: 64 a row, and the lengths of `key` and `data`. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds one row. `seq` and `timeUs` (microseconds since 1970 UTC) are safe integers, `step` is any int64 (a
   * number must be a safe integer), `value` any double. Lone surrogates in strings become U+FFFD.
   * Errors: invalid, and then nothing is added.
   */
  add(
    seq: number,
    kind: string,
    key: string,
    step: bigint | number | null,
    timeUs: number,
    value: number | null,
    data: string | null,
  ): void {
    if (!Number.isSafeInteger(seq) || seq < 0) refuse('seq', seq, 'an integer from 0 to 2^53 - 1');
    if (!Number.isSafeInteger(timeUs)) refuse('time', timeUs, 'whole microseconds between -2^53 and 2^53');
    const row = this.#count;
    if (row === this.#seq.length) this.#grow();
    this.#setStep(row, step);
    this.#seq[row] = seq;
    this.#time[row] = timeUs;
    this.#value[row] = value ?? 0;
    this.#valueNull[row] = value === null ? 1 : 0;
    this.#kind.push(kind.toWellFormed());
    this.#key.push(key.toWellFormed());
    this.#data.push(data === null ? null : data.toWellFormed());
    this.#count = row + 1;
    this.#bytes += ROW_BYTES + key.length + (data === null ? 0 : data.length);
  }

  /** The rows so far as a batch, in the order added; the builder is empty afterwards and shares nothing with it. */
  take(): RecordBatch {
    const count = this.#count;
    const batch: RecordBatch = {
      count,
      writer: Array<string>(count).fill(this.#writer),
      seq: this.#seq.subarray(0, count),
      kind: this.#kind,
      key: this.#key,
      step: this.#step.subarray(0, count),
      stepNull: this.#stepNull.subarray(0, count),
      time: this.#time.subarray(0, count),
      value: this.#value.subarray(0, count),
      valueNull: this.#valueNull.subarray(0, count),
      data: this.#data,
    };
    this.#count = 0;
    this.#bytes = 0;
    this.#allocate(INITIAL_ROWS);
    this.#kind = [];
    this.#key = [];
    this.#data = [];
    return batch;
  }

  #setStep(row: number, step: bigint | number | null): void {
    this.#stepNull[row] = step === null ? 1 : 0;
    if (step === null) {
      this.#step[row] = 0n;
    } else if (typeof step === 'bigint') {
      if (step < STEP_MIN || step > STEP_MAX) refuse('step', step, 'an integer of 64 bits');
      this.#step[row] = step;
    } else {
      if (!Number.isSafeInteger(step)) refuse('step', step, 'an integer (use a bigint beyond 2^53)');
      this.#stepHalves[row * 2] = step | 0;
      this.#stepHalves[row * 2 + 1] = Math.floor(step / 4_294_967_296);
    }
  }

  #grow(): void {
    const { length } = this.#seq;
    const old = [this.#seq, this.#step, this.#stepNull, this.#time, this.#value, this.#valueNull] as const;
    this.#allocate(length * 2);
    this.#seq.set(old[0]);
    this.#step.set(old[1]);
    this.#stepNull.set(old[2]);
    this.#time.set(old[3]);
    this.#value.set(old[4]);
    this.#valueNull.set(old[5]);
  }

  #allocate(rows: number): void {
    this.#seq = new Float64Array(rows);
    this.#step = new BigInt64Array(rows);
    this.#stepHalves = new Int32Array(this.#step.buffer);
    this.#stepNull = new Uint8Array(rows);
    this.#time = new Float64Array(rows);
    this.#value = new Float64Array(rows);
    this.#valueNull = new Uint8Array(rows);
  }
}

function refuse(what: string, value: unknown, allowed: string): never {
  throw new LamellaError('invalid', `${what} ${String(value)} cannot be stored: ${allowed} is allowed`);
}
