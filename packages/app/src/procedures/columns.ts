/**
 * The binary form of a series answer (`SeriesHeader` in types.ts): length, JSON header, Float64 columns. And
 * the JSON form, where numbers that JSON cannot say are strings.
 */
import type { SeriesAnswer, SeriesEntry, SeriesHeader } from './types.ts';

/** Media type of the binary form. */
export const COLUMNS_TYPE = 'application/x-lamella-columns';

/** Encodes `answer`. Columns are little-endian whatever the machine. */
export function encodeColumns(answer: SeriesAnswer): Uint8Array<ArrayBuffer> {
  let offset = 0;
  const columns: Float64Array[] = [];
  const entries = answer.entries.map((entry) => {
    const placed = Object.entries(entry).map(([name, value]: [string, SeriesEntry[keyof SeriesEntry]]) => {
      if (!(value instanceof Float64Array)) {
        return [name, value];
      }
      columns.push(value);
      const place = [offset, value.length] as const;
      offset += value.byteLength;
      return [name, place];
    });
    return Object.fromEntries(placed) as SeriesHeader['entries'][number];
  });
  const header = encodeHeader({ grids: answer.grids, cursor: answer.cursor, entries });
  const bytes = new Uint8Array(header.length + offset);
  bytes.set(header);
  let at = header.length;
  for (const column of columns) {
    writeColumn(bytes, at, column);
    at += column.byteLength;
  }
  return bytes;
}

/** Length and header, padded with spaces so that the columns start at a multiple of 8. */
function encodeHeader(header: SeriesHeader): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil((4 + json.length) / 8) * 8;
  const bytes = new Uint8Array(padded).fill(0x20);
  new DataView(bytes.buffer).setUint32(0, padded - 4, true);
  bytes.set(json, 4);
  return bytes;
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function writeColumn(bytes: Uint8Array, at: number, column: Float64Array): void {
  if (LITTLE_ENDIAN) {
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at);
    return;
  }
  const view = new DataView(bytes.buffer);
  column.forEach((value, i) => view.setFloat64(at + i * 8, value, true));
}

/** An answer as JSON text: Float64 columns as arrays, NaN and ±Infinity as strings, −0 as 0. */
export function toJson(answer: unknown): string {
  return JSON.stringify(answer, (_key, value: unknown) => {
    if (value instanceof Float64Array) {
      return Array.from(value, jsonNumber);
    }
    return typeof value === 'number' ? jsonNumber(value) : value;
  });
}

function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
