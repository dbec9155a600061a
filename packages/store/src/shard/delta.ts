/**
 * Parquet's DELTA_BINARY_PACKED for INT64, for integers that a double holds with room for their differences:
 * blocks of 128, four miniblocks of 32. Written here for two reasons. hyparquet-writer packs what
 * exceeds 32 bits with BigInt, a tenfold cost for times in microseconds; its encoder remains for larger numbers.
 * And widths are rounded up to whole bytes: zstd sees repeated differences only where they are aligned, and a
 * time in whole milliseconds costs 0.6 to 1.0 bytes instead of 1.1 to 1.6 (docs/decisions/0003-row-groups.md).
 */
import type { ByteWriter } from 'hyparquet-writer';

const BLOCK = 128;
const MINIBLOCKS = 4;
const MINIBLOCK = BLOCK / MINIBLOCKS;

/**
 * packDeltas takes integers below this magnitude whose least and greatest differ by less: then a zigzag coded
 * difference, and a difference above the least one, stay below 2^53.
 */
export const DELTA_MAX: number = 2 ** 52;

/** Appends `values` to `out`. */
export function packDeltas(out: ByteWriter, values: Float64Array): void {
  out.appendVarInt(BLOCK);
  out.appendVarInt(MINIBLOCKS);
  out.appendVarInt(values.length);
  appendZigZag(out, values[0] ?? 0);
  const deltas = new Float64Array(BLOCK);
  const packed = new Uint8Array(MINIBLOCK * 7); // 53 bits at most
  for (let start = 1; start < values.length; start += BLOCK) {
    const least = takeDeltas(values, start, deltas);
    appendZigZag(out, least);
    const widths = out.index;
    out.appendUint32(0);
    for (let m = 0; m < MINIBLOCKS; m++) {
      const length = packMiniblock(deltas, m * MINIBLOCK, least, packed);
      out.view.setUint8(widths + m, (length / MINIBLOCK) * 8);
      if (length > 0) out.appendBytes(packed.subarray(0, length));
    }
  }
}

/** Differences of the block that begins at `start`, the last ones repeated to fill it; returns the least. */
function takeDeltas(values: Float64Array, start: number, deltas: Float64Array): number {
  const size = Math.min(BLOCK, values.length - start);
  let least = Infinity;
  for (let i = 0; i < size; i++) {
    const delta = (values[start + i] ?? 0) - (values[start + i - 1] ?? 0);
    deltas[i] = delta;
    if (delta < least) least = delta;
  }
  deltas.fill(least, size);
  return least;
}

/** Packs 32 differences above `least`, little-endian, in as few whole bytes each as do; returns the bytes used. */
function packMiniblock(deltas: Float64Array, start: number, least: number, packed: Uint8Array): number {
  let most = 0;
  for (let i = start; i < start + MINIBLOCK; i++) {
    const above = (deltas[i] ?? 0) - least;
    if (above > most) most = above;
  }
  const width = byteWidth(most);
  let at = 0;
  for (let i = start; width > 0 && i < start + MINIBLOCK; i++) {
    let rest = (deltas[i] ?? 0) - least;
    for (let b = 0; b < width; b++) {
      packed[at++] = rest; // stores it mod 256
      rest = Math.floor(rest / 256);
    }
  }
  return at;
}

/** Bytes needed for a non-negative integer below 2^53. */
function byteWidth(value: number): number {
  let width = 0;
  for (let limit = 1; value >= limit; limit *= 256) width++;
  return width;
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
