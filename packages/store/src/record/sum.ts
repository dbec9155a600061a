/**
 * The sum of a batch: a 64-bit hash of every row's logical values, added up mod 2^64 (SPEC.md, R5, has the
 * normative text; test/vectors/sum.json the vectors; the Python SDK implements the same). It does not depend on
 * the order of rows, on row groups or on the encoder, so it proves what a merged file really contains.
 *
 * Two 32-bit lanes, since 32-bit integers are what JavaScript computes quickly: a step is rotate, xor, multiply,
 * one-to-one in the word and in the lane, so that a change of a single word always changes the sum. What rows of
 * a series share (writer, kind, key) is hashed once. It guards against faults, not against people.
 */
import type { RecordBatch } from './batch.ts';
import { halvesOf } from './select.ts';

const SEED_A = 0x243f6a88;
const SEED_B = 0x85a308d3;
const HIGH_WORD = 4_294_967_296;

/** Upper half of the one NaN that all NaNs count as; its lower half is 0. */
const NAN_HIGH = 0x7ff80000;

/** Sum over all rows as 16 lower-case hex digits. A batch without rows sums to sixteen zeros. */
export function sumRows(batch: RecordBatch): string {
  const { count, writer, kind, key } = batch;
  const strings = new StringHashes();
  const sum = new Sum(batch, strings);
  for (let start = 0; start < count;) {
    let end = start + 1;
    while (
      end < count &&
      key[end] === key[start] &&
      kind[end] === kind[start] &&
      writer[end] === writer[start]
    )
      end++;
    const [w, k, name] = [writer, kind, key].map((column) => strings.of(column[start] ?? '')) as [
      Hash,
      Hash,
      Hash,
    ];
    const a = mixA(mixA(mixA(SEED_A, w.a), k.a), name.a);
    const b = mixB(mixB(mixB(SEED_B, w.b), k.b), name.b);
    sum.addRows(start, end, a, b);
    start = end;
  }
  return hex(sum.high) + hex(sum.low);
}

/** `a + b` mod 2^64 of two sums: what the sum of a file that holds both files' rows must be. */
export function addSums(a: string, b: string): string {
  const total = BigInt.asUintN(64, BigInt(`0x${a}`) + BigInt(`0x${b}`));
  return total.toString(16).padStart(16, '0');
}

interface Hash {
  readonly a: number;
  readonly b: number;
}

class Sum {
  low = 0;
  high = 0;
  readonly #batch: RecordBatch;
  readonly #strings: StringHashes;
  readonly #step: Int32Array;
  readonly #value: Int32Array;

  constructor(batch: RecordBatch, strings: StringHashes) {
    this.#batch = batch;
    this.#strings = strings;
    this.#step = halvesOf(batch.step);
    this.#value = halvesOf(batch.value);
  }

  /** Adds rows `[start, end)`, whose lanes begin at `prefixA` and `prefixB`. Locals: the loop is the hot path. */
  addRows(start: number, end: number, prefixA: number, prefixB: number): void {
    const { seq, time, stepNull, value, valueNull, data } = this.#batch;
    const strings = this.#strings;
    const stepHalves = this.#step;
    const valueHalves = this.#value;
    let low = this.low;
    let high = this.high;
    for (let row = start; row < end; row++) {
      const text = data[row] ?? null;
      const noStep = stepNull[row] ?? 0;
      const noValue = valueNull[row] ?? 0;
      const s = seq[row] ?? 0;
      const t = time[row] ?? 0;
      const v = value[row] ?? 0;
      const isNumber = noValue === 0 && v === v;
      let word = noStep | (noValue << 1) | (text === null ? 4 : 0);
      let a = mixA(prefixA, word);
      let b = mixB(prefixB, word);
      word = s | 0;
      a = mixA(a, word);
      b = mixB(b, word);
      word = Math.floor(s / HIGH_WORD) | 0;
      a = mixA(a, word);
      b = mixB(b, word);
      word = noStep ? 0 : (stepHalves[row * 2] ?? 0);
      a = mixA(a, word);
      b = mixB(b, word);
      word = noStep ? 0 : (stepHalves[row * 2 + 1] ?? 0);
      a = mixA(a, word);
      b = mixB(b, word);
      word = t | 0;
      a = mixA(a, word);
      b = mixB(b, word);
      word = Math.floor(t / HIGH_WORD) | 0;
      a = mixA(a, word);
      b = mixB(b, word);
      word = isNumber ? (valueHalves[row * 2] ?? 0) : 0;
      a = mixA(a, word);
      b = mixB(b, word);
      word = isNumber ? (valueHalves[row * 2 + 1] ?? 0) : noValue ? 0 : NAN_HIGH;
      a = mixA(a, word);
      b = mixB(b, word);
      if (text !== null) {
        const hash = strings.of(text);
        a = mixA(a, hash.a);
        b = mixB(b, hash.b);
      }
      a = finish(a);
      low = (low + a) | 0;
      high = (high + finish(b) + (low >>> 0 < a >>> 0 ? 1 : 0)) | 0;
    }
    this.low = low;
    this.high = high;
  }
}

/** Hashes of strings, each computed once (up to a bound, so that a million different payloads are not kept). */
class StringHashes {
  readonly #known = new Map<string, Hash>();
  readonly #encoder = new TextEncoder();
  #bytes = new Uint8Array(4096);

  of(text: string): Hash {
    const known = this.#known.get(text);
    if (known) return known;
    const hash = this.#hash(text);
    if (this.#known.size < 65_536 && text.length <= 512) this.#known.set(text, hash);
    return hash;
  }

  /** Little-endian words of the UTF-8, the last one padded with zeros, then the length in bytes. */
  #hash(text: string): Hash {
    if (text.length * 3 + 4 > this.#bytes.length) this.#bytes = new Uint8Array(text.length * 3 + 4);
    const bytes = this.#bytes;
    const { written } = this.#encoder.encodeInto(text, bytes);
    bytes.fill(0, written, written + 3);
    const words = new DataView(bytes.buffer);
    let a = SEED_A;
    let b = SEED_B;
    for (let at = 0; at < written; at += 4) {
      const word = words.getInt32(at, true);
      a = mixA(a, word);
      b = mixB(b, word);
    }
    return { a: finish(mixA(a, written)), b: finish(mixB(b, written)) };
  }
}

function mixA(lane: number, word: number): number {
  return Math.imul(((lane << 13) | (lane >>> 19)) ^ word, 0x9e3779b1);
}

function mixB(lane: number, word: number): number {
  return Math.imul(((lane << 19) | (lane >>> 13)) ^ word, 0x85ebca77);
}

/** MurmurHash3's finaliser: every bit of the lane reaches every bit of the result. */
function finish(lane: number): number {
  let h = lane ^ (lane >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
