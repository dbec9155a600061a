/**
 * Parquet's DELTA_BINARY_PACKED for INT64, for integers that a double holds with room for their differences
 * (|n| < 2^52): blocks of 128, four miniblocks of 32. Written here because hyparquet-writer packs everything
 * beyond 32 bits with BigInt, a tenfold cost for times in microseconds; its encoder remains for larger numbers.
 */
import type { ByteWriter } from 'hyparquet-writer';

const BLOCK = 128;
const MINIBLOCKS = 4;
const MINIBLOCK = BLOCK / MINIBLOCKS;
const CHUNK_BITS = 24;
const CHUNK = 2 ** CHUNK_BITS;

/** Integers of larger magnitude must not be given to packDeltas. */
export const DELTA_MAX: number = 2 ** 52;

/** Appends `values` to `out`. */
export function packDeltas(out: ByteWriter, values: Float64Array): void {
  out.appendVarInt(BLOCK);
  out.appendVarInt(MINIBLOCKS);
  out.appendVarInt(values.length);
  appendZigZag(out, values[0] ?? 0);
  const deltas = new Float64Array(BLOCK);
  const widths = new Uint8Array(MINIBLOCKS);
  const packed = new Uint8Array((MINIBLOCK * 56) / 8);
  for (let start = 1; start < values.length; start += BLOCK) {
    const size = Math.min(BLOCK, values.length - start);
    let least = Infinity;
    for (let i = 0; i < size; i++) {
      const delta = (values[start + i] ?? 0) - (values[start + i - 1] ?? 0);
      deltas[i] = delta;
      if (delta < least) least = delta;
    }
    deltas.fill(least, size); // unused values of the last block
    for (let m = 0; m < MINIBLOCKS; m++) {
      let most = 0;
      for (let i = m * MINIBLOCK; i < (m + 1) * MINIBLOCK; i++) {
        const above = (deltas[i] ?? 0) - least;
        deltas[i] = above;
        if (above > most) most = above;
      }
      widths[m] = bitWidth(most);
    }
    appendZigZag(out, least);
    out.appendBytes(widths);
    for (let m = 0; m < MINIBLOCKS; m++) {
      const length = packMiniblock(deltas, m * MINIBLOCK, widths[m] ?? 0, packed);
      if (length > 0) out.appendBytes(packed.subarray(0, length));
    }
  }
}

/** Packs 32 values of `width` bits each, least significant bit first; returns the bytes used, 4 × width. */
function packMiniblock(values: Float64Array, start: number, width: number, packed: Uint8Array): number {
  let at = 0;
  let buffer = 0;
  let held = 0;
  for (let i = start; width > 0 && i < start + MINIBLOCK; i++) {
    let rest = values[i] ?? 0;
    // 24 bits at a time: with up to 7 bits held they stay within 32-bit arithmetic.
    for (let left = width; left > 0; left -= CHUNK_BITS) {
      const low = left > CHUNK_BITS ? rest % CHUNK : rest;
      if (left > CHUNK_BITS) rest = (rest - low) / CHUNK;
      buffer |= low << held;
      held += left > CHUNK_BITS ? CHUNK_BITS : left;
      while (held >= 8) {
        packed[at++] = buffer & 0xff;
        buffer >>>= 8;
        held -= 8;
      }
    }
  }
  return at;
}

/** Bits needed for a non-negative integer below 2^53. */
function bitWidth(value: number): number {
  const high = Math.floor(value / 4_294_967_296);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(value);
}

function appendZigZag(out: ByteWriter, value: number): void {
  let rest = value < 0 ? -value * 2 - 1 : value * 2;
  while (rest >= 0x80) {
    const low = rest % 0x80;
    out.appendUint8(low + 0x80);
    rest = (rest - low) / 0x80;
  }
  out.appendUint8(rest);
}
