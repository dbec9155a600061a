import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSums, sumRows } from '../../src/record/sum.ts';
import { anyRow, anyRows } from './arbitrary.ts';
import type { Row } from './row.ts';
import { batchOf, rowsOf } from './row.ts';

interface Vector {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly sum: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/sum.json', import.meta.url), 'utf8'),
) as readonly Vector[];

describe('sumRows', () => {
  for (const { name, rows, sum } of vectors) {
    it(`[R5] gives the vector for ${name}`, () => {
      expect(sumRows(batchOf(rows))).toBe(sum);
    });
  }

  it('[R5] does not depend on the order of rows, and adds up over any division of them', () => {
    fc.assert(
      fc.property(anyRows, fc.nat(), (rows, cut) => {
        const at = cut % (rows.length + 1);
        const whole = sumRows(batchOf(rows));
        expect(sumRows(batchOf(rows.toReversed()))).toBe(whole);
        expect(addSums(sumRows(batchOf(rows.slice(0, at))), sumRows(batchOf(rows.slice(at))))).toBe(whole);
      }),
    );
  });

  it('[R5] changes with any field of any row', () => {
    fc.assert(
      fc.property(
        anyRows,
        anyRow,
        fc.nat(),
        fc.constantFrom('seq', 'kind', 'key', 'step', 'time', 'value', 'data', 'writer'),
        (rows, other, at, field) => {
          const row = rows[at % rows.length] as Row;
          fc.pre(row[field as keyof Row] !== other[field as keyof Row]);
          const changed = rows.with(at % rows.length, { ...row, [field]: other[field as keyof Row] });
          expect(sumRows(batchOf(changed))).not.toBe(sumRows(batchOf(rows)));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('[R5] notices values that two rows have exchanged', () => {
    fc.assert(
      fc.property(anyRow, anyRow, (a, b) => {
        fc.pre(a.value !== b.value && (a.key !== b.key || a.seq !== b.seq));
        const exchanged = [
          { ...a, value: b.value },
          { ...b, value: a.value },
        ];
        expect(sumRows(batchOf(exchanged))).not.toBe(sumRows(batchOf([a, b])));
      }),
    );
  });

  it('[R5] tells −0 from 0, null from 0 and from "", and takes all NaNs for one', () => {
    const row: Row = {
      writer: 'w',
      seq: 0,
      kind: 'metric',
      key: 'k',
      step: '0',
      time: 0,
      value: '0000000000000000',
      data: null,
    };
    const variants: Row[] = [
      row,
      { ...row, value: '8000000000000000' },
      { ...row, value: null },
      { ...row, step: null },
      { ...row, data: '' },
    ];
    expect(new Set(variants.map((variant) => sumRows(batchOf([variant])))).size).toBe(variants.length);
    const nans = ['7ff8000000000000', 'fff8000000000000', '7ff8000000000001'];
    expect(new Set(nans.map((value) => sumRows(batchOf([{ ...row, value }])))).size).toBe(1);
    expect(rowsOf(batchOf([{ ...row, value: 'fff8000000000000' }]))[0]?.value).toBe('7ff8000000000000');
  });
});
