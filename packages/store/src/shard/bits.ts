/**
 * Parquet's packed integers, read with bounds: the RLE/bit-packing hybrid (dictionary indexes, null levels) and
 * DELTA_BINARY_PACKED for INT64. Whatever a page claims, no more is written than the caller's array holds and no
 * more is read than the page has. 64-bit integers are pairs of 32-bit halves, low first: exact, and quicker than
 * BigInt.
 */
import { LamellaError } from '../record/error.ts';

const VARINT_BYTES_MAX = 10;
const MINIBLOCKS_MAX = 512;

/** Fills `out` with integers of `width` bits (at most 32) from `bytes`, from `at` on. Errors: corrupt. */
export function readHybrid(
  bytes: Uint8Array,
  at: number,
  width: number,
  out: Uint8Array | Uint32Array,
): void {
  const reader = new BitReader(bytes, at);
  const runBytes = (width + 7) >> 3;
  let filled = 0;
  while (filled < out.length) {
    const header = reader.varint();
    if (header % 2 === 0) {
      const value = reader.littleEndian(runBytes);
      const end = Math.min(out.length, filled + header / 2);
      out.fill(value, filled, end);
      filled = end;
    } else {
      const packed = ((header - 1) / 2) * 8;
      const end = Math.min(out.length, filled + packed);
      reader.need((end - filled) * width);
      for (let bit = reader.at * 8; filled < end; filled++, bit += width)
        out[filled] = reader.bits(bit, width);
      reader.at += (packed * width) / 8;
    }
  }
}

/** Fills `halves` (two for each value) with the deltas' running sum mod 2^64. Errors: corrupt. */
export function readDeltas(bytes: Uint8Array, halves: Int32Array): void {
  const reader = new BitReader(bytes, 0);
  const count = halves.length / 2;
  const block = reader.varint();
  const miniblocks = reader.varint();
  const announced = reader.varint();
  const size = block / miniblocks;
  const isSound = miniblocks >= 1 && miniblocks <= MINIBLOCKS_MAX && size % 32 === 0 && size <= 65_536;
  if (!isSound || announced < count) refuse('delta header');
  if (count === 0) return;
  let [low, high] = reader.zigzag();
  halves[0] = low;
  halves[1] = high;
  let at = 1;
  while (at < count) {
    const [leastLow, leastHigh] = reader.zigzag();
    const widths = reader.take(miniblocks);
    for (let m = 0; m < miniblocks && at < count; m++) {
      const width = widths[m] ?? 0;
      if (width > 64) refuse(`width ${width}`);
      const end = Math.min(count, at + size);
      reader.need((end - at) * width);
      for (let bit = reader.at * 8; at < end; at++, bit += width) {
        // value += least + delta, as 64-bit integers in two halves with carries
        const deltaLow = width === 0 ? 0 : reader.bits(bit, Math.min(32, width));
        const deltaHigh = width > 32 ? reader.bits(bit + 32, width - 32) : 0;
        const sum = (low >>> 0) + (leastLow >>> 0) + (deltaLow >>> 0);
        low = sum | 0;
        high = (high + leastHigh + deltaHigh + Math.floor(sum / 4_294_967_296)) | 0;
        halves[at * 2] = low;
        halves[at * 2 + 1] = high;
      }
      reader.at += (size * width) / 8;
    }
  }
}

class BitReader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** An unsigned LEB128 below 2^53. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < 7; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    return refuse('a number beyond 2^49');
  }

  /** A zigzag-coded int64 as halves. */
  zigzag(): [low: number, high: number] {
    let low = 0;
    let high = 0;
    for (let i = 0; ; i++) {
      if (i === VARINT_BYTES_MAX) refuse('a number of more than ten bytes');
      const byte = this.#byte();
      const bits = byte & 0x7f;
      const shift = 7 * i;
      if (shift < 32) low |= bits << shift;
      if (shift + 7 > 32) high |= shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32);
      if (byte < 0x80) break;
    }
    const sign = -(low & 1);
    return [((low >>> 1) | (high << 31)) ^ sign, (high >>> 1) ^ sign];
  }

  littleEndian(length: number): number {
    let value = 0;
    for (let i = 0; i < length; i++) value |= this.#byte() << (8 * i);
    return value >>> 0;
  }

  /** Up to 32 bits at a bit offset; `need` has seen that they are there. */
  bits(offset: number, width: number): number {
    const bytes = this.#bytes;
    let at = offset >>> 3;
    const shift = offset & 7;
    let value = (bytes[at] ?? 0) >>> shift;
    for (let held = 8 - shift; held < width; held += 8) {
      at++;
      value |= (bytes[at] ?? 0) << held;
    }
    return width === 32 ? value >>> 0 : value & ((1 << width) - 1);
  }

  take(length: number): Uint8Array {
    this.need(length * 8);
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** Refuses to go on unless so many bits are left. The padding of a last run may be missing. */
  need(bits: number): void {
    if (this.at + bits / 8 > this.#bytes.length) refuse('early end');
  }

  #byte(): number {
    return this.#bytes[this.at++] ?? refuse('early end');
  }
}

function refuse(what: string): never {
  throw new LamellaError('corrupt', `a page is damaged: ${what}`);
}
