/**
 * The sum of a batch: a 64-bit hash of every row's logical values, added up mod 2^64 (SPEC.md, Sum, has the
 * normative text and vectors; the Python SDK implements the same). It does not depend on the order of rows, on
 * row groups or on the encoder, so it proves what a merged file really contains. Not a defence against people.
 *
 * Two 32-bit lanes of MurmurHash3's mixing step: integers of 32 bits are what JavaScript computes quickly.
 * A row's prefix (writer, kind, key) is hashed once per series.
 */
import type { RecordBatch } from './batch.ts';
import { halvesOf } from './select.ts';

const SEED_A = 0x9747b28c;
const SEED_B = 0x3c6ef372;
const HIGH_NAN = 0x7ff80000;

/** Sum over all rows as 16 lower-case hex digits. A batch without rows sums to sixteen zeros. */
export function sumRows(batch: RecordBatch): string {
  const { count, writer, kind, key, data } = batch;
  const strings = new StringHashes();
  const rows = new RowHash(batch);
  let low = 0;
  let high = 0;
  for (let row = 0; row < count; row++) {
    if (row === 0 || key[row] !== key[row - 1] || kind[row] !== kind[row - 1] || writer[row] !== writer[row - 1]) {
      rows.startSeries(strings.of(writer[row] ?? ''), strings.of(kind[row] ?? ''), strings.of(key[row] ?? ''));
    }
    const text = data[row] ?? null;
    rows.hash(row, text === null ? null : strings.of(text));
    low = (low + rows.a) | 0;
    const carry = low >>> 0 < rows.a >>> 0 ? 1 : 0;
    high = (high + rows.b + carry) | 0;
  }
  return hex(high) + hex(low);
}

/** `a + b` mod 2^64 of two sums: what the sum of a file that holds both files' rows must be. */
export function addSums(a: string, b: string): string {
  return BigInt.asUintN(64, BigInt(`0x${a}`) + BigInt(`0x${b}`))
    .toString(16)
    .padStart(16, '0');
}

interface Hash {
  readonly a: number;
  readonly b: number;
}

/** Hashes one row after another; the result is in `a` (low 32 bits) and `b` (high 32 bits). */
class RowHash {
  a = 0;
  b = 0;
  #prefixA = 0;
  #prefixB = 0;
  readonly #seq: Float64Array;
  readonly #time: Float64Array;
  readonly #step: Int32Array;
  readonly #stepNull: Uint8Array;
  readonly #value: Float64Array;
  readonly #valueHalves: Int32Array;
  readonly #valueNull: Uint8Array;

  constructor(batch: RecordBatch) {
    this.#seq = batch.seq;
    this.#time = batch.time;
    this.#step = halvesOf(batch.step);
    this.#stepNull = batch.stepNull;
    this.#value = batch.value;
    this.#valueHalves = new Int32Array(batch.value.buffer, batch.value.byteOffset, batch.value.length * 2);
    this.#valueNull = batch.valueNull;
  }

  startSeries(writer: Hash, kind: Hash, key: Hash): void {
    this.#prefixA = mixA(mixA(mixA(SEED_A, writer.a), kind.a), key.a);
    this.#prefixB = mixB(mixB(mixB(SEED_B, writer.b), kind.b), key.b);
  }

  hash(row: number, data: Hash | null): void {
    const noStep = this.#stepNull[row] ?? 0;
    const noValue = this.#valueNull[row] ?? 0;
    const flags = noStep | (noValue << 1) | (data === null ? 4 : 0);
    const seq = this.#seq[row] ?? 0;
    const time = this.#time[row] ?? 0;
    const seqHigh = Math.floor(seq / 4_294_967_296);
    const timeHigh = Math.floor(time / 4_294_967_296);
    const stepLow = noStep ? 0 : (this.#step[row * 2] ?? 0);
    const stepHigh = noStep ? 0 : (this.#step[row * 2 + 1] ?? 0);
    let valueLow = 0;
    let valueHigh = 0;
    if (!noValue) {
      const value = this.#value[row] ?? 0;
      const isNan = value !== value;
      valueLow = isNan ? 0 : (this.#valueHalves[row * 2] ?? 0);
      valueHigh = isNan ? HIGH_NAN : (this.#valueHalves[row * 2 + 1] ?? 0);
    }
    let a = mixA(mixA(mixA(this.#prefixA, flags), seq | 0), seqHigh);
    let b = mixB(mixB(mixB(this.#prefixB, flags), seq | 0), seqHigh);
    a = mixA(mixA(mixA(mixA(a, stepLow), stepHigh), time | 0), timeHigh);
    b = mixB(mixB(mixB(mixB(b, stepLow), stepHigh), time | 0), timeHigh);
    a = mixA(mixA(a, valueLow), valueHigh);
    b = mixB(mixB(b, valueLow), valueHigh);
    if (data !== null) {
      a = mixA(a, data.a);
      b = mixB(b, data.b);
    }
    this.a = finish(a);
    this.b = finish(b);
  }
}

/** Hashes of strings, each computed once (up to a bound, so that a million different payloads are not kept). */
class StringHashes {
  readonly #known = new Map<string, Hash>();
  #scratch = new Uint8Array(4096);
  readonly #encoder = new TextEncoder();

  of(text: string): Hash {
    const known = this.#known.get(text);
    if (known) return known;
    const hash = this.#hash(text);
    if (this.#known.size < 65_536 && text.length <= 512) this.#known.set(text, hash);
    return hash;
  }

  #hash(text: string): Hash {
    if (text.length * 3 + 4 > this.#scratch.length) this.#scratch = new Uint8Array(text.length * 3 + 1024);
    const bytes = this.#scratch;
    const { written } = this.#encoder.encodeInto(text, bytes);
    bytes.fill(0, written, (written + 3) & ~3);
    let a = SEED_A;
    let b = SEED_B;
    for (let at = 0; at < written; at += 4) {
      const word =
        (bytes[at] ?? 0) |
        ((bytes[at + 1] ?? 0) << 8) |
        ((bytes[at + 2] ?? 0) << 16) |
        ((bytes[at + 3] ?? 0) << 24);
      a = mixA(a, word);
      b = mixB(b, word);
    }
    return { a: finish(mixA(a, written)), b: finish(mixB(b, written)) };
  }
}

/** MurmurHash3_x86_32's step with its constants. */
function mixA(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** The same step with constants and rotations of MurmurHash3_x86_128. */
function mixB(hash: number, word: number): number {
  let k = Math.imul(word, 0xab0e9789);
  k = Math.imul((k << 16) | (k >>> 16), 0x38b34ae5);
  const h = hash ^ k;
  return (Math.imul((h << 17) | (h >>> 15), 5) + 0x0bcaa747) | 0;
}

/** MurmurHash3's finaliser. */
function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
