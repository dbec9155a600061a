/**
 * Decodes the binary form of a series answer: a length, a JSON header, then Float64 columns (see `SeriesHeader`
 * in the procedures). The columns are views into the received buffer; nothing is copied.
 */
import type { SeriesAnswer, SeriesEntry, SeriesHeader } from 'lamella/procedures';

/** The media type that the page asks for and the server answers with. */
export const COLUMNS_TYPE = 'application/x-lamella-columns';

const POINT_COLUMNS = ['x', 'value'] as const;
const BUCKET_COLUMNS = [
  'x',
  'first',
  'last',
  'min',
  'max',
  'mean',
  'count',
  'nan',
  'posInf',
  'negInf',
] as const;

/**
 * Throws a plain Error naming the column when the bytes do not hold what the header promises, so that a
 * truncated answer never becomes a wrong chart.
 */
export function decodeColumns(buffer: ArrayBuffer): SeriesAnswer {
  if (buffer.byteLength < 4) throw new Error(`series answer of ${buffer.byteLength} bytes has no header`);
  const headerLength = new DataView(buffer).getUint32(0, true);
  const start = 4 + headerLength;
  if (start > buffer.byteLength || start % 8 !== 0) {
    throw new Error(`series answer has a header of ${headerLength} bytes in ${buffer.byteLength} bytes`);
  }
  const text = new TextDecoder().decode(new Uint8Array(buffer, 4, headerLength));
  const header = JSON.parse(text) as SeriesHeader;
  return {
    grids: header.grids,
    cursor: header.cursor,
    entries: header.entries.map((entry) => decodeEntry(buffer, start, entry)),
  };
}

function decodeEntry(
  buffer: ArrayBuffer,
  start: number,
  entry: SeriesHeader['entries'][number],
): SeriesEntry {
  const names: readonly string[] = entry.mode === 'points' ? POINT_COLUMNS : BUCKET_COLUMNS;
  const columns: Record<string, Float64Array> = {};
  let rows: number | null = null;
  for (const name of names) {
    const column = viewColumn(buffer, start, `${entry.metric} of ${entry.run}, column ${name}`, entry[name]);
    rows ??= column.length;
    if (column.length !== rows) {
      throw new Error(
        `series answer: ${entry.metric} of ${entry.run}, column ${name} has ${column.length} rows, not ${rows}`,
      );
    }
    columns[name] = column;
  }
  return { metric: entry.metric, run: entry.run, mode: entry.mode, ...columns } as unknown as SeriesEntry;
}

function viewColumn(buffer: ArrayBuffer, start: number, name: string, place: unknown): Float64Array {
  if (!Array.isArray(place) || place.length !== 2) throw new Error(`series answer: ${name} is missing`);
  const [offset, length] = place as [number, number];
  const inside = offset >= 0 && length >= 0 && start + offset + length * 8 <= buffer.byteLength;
  if (!inside || offset % 8 !== 0) {
    throw new Error(`series answer: ${name} lies at ${offset} with ${length} rows, outside of the answer`);
  }
  return new Float64Array(buffer, start + offset, length);
}
