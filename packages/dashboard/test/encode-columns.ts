/** The binary form of a series answer, as a server writes it: the other half of src/data/columns.ts. */
import type { SeriesAnswer } from 'lamella/procedures';

export function encodeColumns(answer: SeriesAnswer): ArrayBuffer {
  const columns: Float64Array[] = [];
  let offset = 0;
  const entries = answer.entries.map((entry) =>
    Object.fromEntries(
      Object.entries(entry).map(([name, value]) => {
        if (!(value instanceof Float64Array)) return [name, value];
        columns.push(value);
        const place = [offset, value.length];
        offset += value.byteLength;
        return [name, place];
      }),
    ),
  );
  const json = JSON.stringify({ grids: answer.grids, cursor: answer.cursor, entries });
  const bytes = new TextEncoder().encode(json);
  const headerLength = Math.ceil((bytes.length + 4) / 8) * 8 - 4;
  const buffer = new ArrayBuffer(4 + headerLength + offset);
  new DataView(buffer).setUint32(0, headerLength, true);
  const header = new Uint8Array(buffer, 4, headerLength);
  header.fill(0x20);
  header.set(bytes);
  let at = 4 + headerLength;
  for (const column of columns) {
    new Float64Array(buffer, at, column.length).set(column);
    at += column.byteLength;
  }
  return buffer;
}
