/** Reads a binary series answer back, as the dashboard does. */
import type { SeriesAnswer, SeriesHeader } from '../src/procedures/types.ts';

export function decodeColumns(bytes: Uint8Array): SeriesAnswer {
  const copy = bytes.slice();
  const length = new DataView(copy.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + length))) as SeriesHeader;
  const entries = header.entries.map((entry) =>
    Object.fromEntries(
      Object.entries(entry).map(([name, value]) =>
        typeof value === 'string'
          ? [name, value]
          : [name, new Float64Array(copy.buffer, 4 + length + value[0], value[1])],
      ),
    ),
  );
  return { grids: header.grids, cursor: header.cursor, entries };
}
