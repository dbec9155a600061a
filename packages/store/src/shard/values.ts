/**
 * Turns a range of a column into the bytes of one data page, before compression: dictionary or plain strings,
 * delta packed integers, byte stream split doubles. Typed arrays in, bytes out; nulls are left out here and
 * recorded by the page's definition levels (column.ts).
 */
import type { Encoding, Statistics } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { deltaBinaryPack } from 'hyparquet-writer/src/delta.js';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import { compareUtf8 } from '../record/utf8.ts';
import { DELTA_MAX, packDeltas } from './delta.ts';

/** One column's values of one row group, encoded. */
export interface EncodedValues {
  readonly encoding: Encoding;
  readonly bytes: Uint8Array;
  /** A hint for the codec; absent where its default does. */
  readonly windowLog?: number;
  /** The dictionary in PLAIN encoding; null where `encoding` needs none. */
  readonly dictionary: { readonly bytes: Uint8Array; readonly count: number } | null;
  /** Bounds of the values; absent where a reader must not rely on them. */
  readonly bounds: Pick<Statistics, 'min_value' | 'max_value'>;
}

/** 1 KB and 8 KB: shorter blocks cost more in tables, longer ones mix planes. */
const WINDOW_LOG_MIN = 10;
const WINDOW_LOG_MAX = 13;

const encoder = new TextEncoder();

/** Strings that repeat (writer, kind, key): always a dictionary, with bounds. */
export function encodeNames(strings: readonly string[]): EncodedValues {
  const { distinct, indexes } = deduplicate(strings, strings.length);
  let min = distinct[0] ?? '';
  let max = min;
  for (const text of distinct) {
    if (compareUtf8(text, min) < 0) min = text;
    if (compareUtf8(text, max) > 0) max = text;
  }
  return { ...withDictionary(distinct, indexes), bounds: { min_value: min, max_value: max } };
}

/** Payloads: a dictionary where at least half of them repeat, else plain; no bounds, nobody prunes by JSON. */
export function encodePayloads(strings: readonly string[]): EncodedValues {
  const { distinct, indexes } = deduplicate(strings, strings.length >> 1);
  if (indexes.length === strings.length && strings.length > 0) {
    return { ...withDictionary(distinct, indexes), bounds: {} };
  }
  return { encoding: 'PLAIN', bytes: plain(strings), dictionary: null, bounds: {} };
}

/** Integers below 2^53, as doubles. */
export function encodeIntegers(values: Float64Array): EncodedValues {
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const isWide = min <= -DELTA_MAX || max >= DELTA_MAX || max - min >= DELTA_MAX;
  if (isWide) return encodeInt64(BigInt64Array.from(values, BigInt));
  const out = new ByteWriter(values.length * 2 + 64);
  packDeltas(out, values);
  const bounds = values.length === 0 ? {} : { min_value: BigInt(min), max_value: BigInt(max) };
  return { encoding: 'DELTA_BINARY_PACKED', bytes: out.getBytes(), dictionary: null, bounds };
}

/** Any int64. Slower than encodeIntegers: BigInt arithmetic. */
export function encodeInt64(values: BigInt64Array): EncodedValues {
  let min = values[0] ?? 0n;
  let max = min;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const out = new ByteWriter(values.length * 8 + 64);
  deltaBinaryPack(out, values, 'INT64');
  const bounds = { min_value: min, max_value: max };
  return { encoding: 'DELTA_BINARY_PACKED', bytes: out.getBytes(), dictionary: null, bounds };
}

/**
 * Doubles, bits exact, as eight planes of bytes. Most planes are noise; sign and exponent are not, but zstd's
 * blocks of 128 KB would code them with one table. So the page asks for blocks about as long as a plane: 0.3 to
 * 0.6 bytes a value less (docs/decisions/0003-row-groups.md).
 *
 * Bounds are left out where there is a NaN: Parquet's bounds do not count it, while DuckDB orders NaN above
 * every number, so `value > x` would be pruned wrongly.
 */
export function encodeDoubles(values: Float64Array): EncodedValues {
  const { length } = values;
  const from = new Uint8Array(values.buffer, values.byteOffset, length * 8);
  const bytes = new Uint8Array(length * 8);
  for (let b = 0; b < 8; b++) {
    const plane = b * length;
    for (let i = 0; i < length; i++) bytes[plane + i] = from[i * 8 + b] ?? 0;
  }
  let min = Infinity;
  let max = -Infinity;
  let hasNan = length === 0;
  for (let i = 0; i < length; i++) {
    const value = values[i] ?? 0;
    if (value < min) min = value;
    if (value > max) max = value;
    if (value !== value) hasNan = true;
  }
  // Parquet: a zero as lower bound is −0, as upper bound +0, so that either zero lies between.
  const bounds = hasNan ? {} : { min_value: min === 0 ? -0 : min, max_value: max === 0 ? 0 : max };
  const windowLog = Math.min(WINDOW_LOG_MAX, Math.max(WINDOW_LOG_MIN, Math.ceil(Math.log2(length))));
  return { encoding: 'BYTE_STREAM_SPLIT', bytes, windowLog, dictionary: null, bounds };
}

/** Distinct strings in order of appearance, and each row's index; gives up beyond `most` distinct ones. */
function deduplicate(strings: readonly string[], most: number): { distinct: string[]; indexes: Uint32Array } {
  const distinct: string[] = [];
  const indexes = new Uint32Array(strings.length);
  const known = new Map<string, number>();
  let last: string | undefined;
  let index = 0;
  for (let i = 0; i < strings.length; i++) {
    const text = strings[i] ?? '';
    if (text !== last) {
      last = text;
      index = known.get(text) ?? distinct.length;
      if (index === distinct.length) {
        if (index >= most) return { distinct, indexes: indexes.subarray(0, 0) };
        known.set(text, index);
        distinct.push(text);
      }
    }
    indexes[i] = index;
  }
  return { distinct, indexes };
}

function withDictionary(distinct: readonly string[], indexes: Uint32Array): Omit<EncodedValues, 'bounds'> {
  const width = 32 - Math.clz32(Math.max(0, distinct.length - 1));
  const out = new ByteWriter(1024);
  out.appendUint8(width);
  writeRleBitPackedHybrid(out, indexes, width);
  const dictionary = { bytes: plain(distinct), count: distinct.length };
  return { encoding: 'RLE_DICTIONARY', bytes: out.getBytes(), dictionary };
}

/** Parquet's PLAIN for BYTE_ARRAY: four bytes of length before each string. */
function plain(strings: readonly string[]): Uint8Array {
  const out = new ByteWriter(1024);
  for (const text of strings) {
    const bytes = encoder.encode(text);
    out.appendUint32(bytes.length);
    out.appendBytes(bytes);
  }
  return out.getBytes();
}
