import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeColumns, toJson } from '../src/procedures/columns.ts';
import type { SeriesAnswer, SeriesHeader } from '../src/procedures/types.ts';
import { decodeColumns } from './decode-columns.ts';

const column = fc.array(fc.double(), { maxLength: 5 }).map((values) => Float64Array.from(values));

describe('binary columns', () => {
  it('carry every answer exactly, NaN, infinities and names included', () => {
    const entry = fc.record({
      metric: fc.string({ unit: 'binary' }),
      run: fc.string(),
      mode: fc.constant('points' as const),
      x: column,
      value: column,
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 4 }), fc.nat(), (entries, cursor) => {
        const answer: SeriesAnswer = { grids: [], entries, cursor };
        expect(decodeColumns(encodeColumns(answer))).toEqual(answer);
      }),
    );
  });

  it('start at a multiple of 8 behind the header', () => {
    for (const metric of ['', 'a', 'ab', 'abc', 'abcdefg', 'é']) {
      const x = Float64Array.of(1.5);
      const bytes = encodeColumns({
        grids: [],
        cursor: 0,
        entries: [{ metric, run: 'r', mode: 'points', x, value: x }],
      });
      const length = new DataView(bytes.buffer).getUint32(0, true);
      expect((4 + length) % 8).toBe(0);
      const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as SeriesHeader;
      expect(header.entries[0]).toMatchObject({ x: [0, 1], value: [8, 1] });
    }
  });
});

describe('the JSON form', () => {
  it('spells what JSON cannot say as strings', () => {
    const text = toJson({
      x: Float64Array.of(1, Number.NaN, Number.POSITIVE_INFINITY),
      y: Number.NEGATIVE_INFINITY,
    });
    expect(JSON.parse(text)).toEqual({ x: [1, 'NaN', 'Infinity'], y: '-Infinity' });
  });
});
