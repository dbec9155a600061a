import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchBuilder } from '../../src/record/builder.ts';
import { concatBatches, emptyBatch, selectRows } from '../../src/record/select.ts';
import { anyRow, anyRows, WRITER } from './arbitrary.ts';
import { batchOf, doubleOf, rowsOf } from './row.ts';

describe('BatchBuilder', () => {
  it('[R1] keeps every row as it was added, in order', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 40 }), (rows) => {
        const builder = new BatchBuilder(WRITER);
        for (const row of rows) {
          const step = row.step === null ? null : BigInt(row.step);
          const value = row.value === null ? null : doubleOf(row.value);
          builder.add(row.seq, row.kind, row.key, step, row.time, value, row.data);
        }
        expect(builder.count).toBe(rows.length);
        expect(rowsOf(builder.take())).toEqual(rows.map((row) => ({ ...row, writer: WRITER })));
        expect(builder.count).toBe(0);
        expect(builder.bytes).toBe(0);
      }),
    );
  });

  it('[R3] takes a step as a number or as a bigint alike', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (step) => {
        const builder = new BatchBuilder(WRITER);
        builder.add(0, 'metric', 'a', step, 0, 1, null);
        builder.add(0, 'metric', 'b', BigInt(step), 0, 1, null);
        const { step: steps } = builder.take();
        expect(steps[0]).toBe(steps[1]);
      }),
    );
  });

  it('[R3] refuses what a column cannot hold, and adds nothing then', () => {
    const builder = new BatchBuilder(WRITER);
    const bad: [number, bigint | number | null, number][] = [
      [-1, 0, 0],
      [0.5, 0, 0],
      [0, 1.5, 0],
      [0, Number.NaN, 0],
      [0, 2 ** 53, 0],
      [0, 2n ** 63n, 0],
      [0, -(2n ** 63n) - 1n, 0],
      [0, 0, 0.1],
      [0, 0, Number.POSITIVE_INFINITY],
    ];
    for (const [seq, step, time] of bad) {
      expect(() => builder.add(seq, 'metric', 'k', step, time, 1, null)).toThrow(
        expect.objectContaining({ kind: 'invalid' }),
      );
    }
    builder.add(3, 'metric', 'k', null, 0, null, null);
    expect(rowsOf(builder.take())).toMatchObject([{ seq: 3, step: null, value: null }]);
  });

  it('[R2] makes strings well-formed: half a character becomes U+FFFD', () => {
    const builder = new BatchBuilder(WRITER);
    builder.add(0, 'metric', 'a\uD800', 0, 0, null, '"\uDC00"');
    expect(rowsOf(builder.take())).toMatchObject([{ key: 'a\uFFFD', data: '"\uFFFD"' }]);
  });

  it('grows beyond its first allocation, and takes nothing back after take', () => {
    const builder = new BatchBuilder(WRITER);
    for (let i = 0; i < 5000; i++)
      builder.add(i, 'metric', 'k', i - 2500, i, i / 7, i % 3 === 0 ? String(i) : null);
    const batch = builder.take();
    builder.add(9, 'metric', 'other', 0, 0, 0, null);
    expect(batch.count).toBe(5000);
    expect(rowsOf(batch).every((row, i) => row.step === String(i - 2500) && row.seq === i)).toBe(true);
  });
});

describe('batches of batches', () => {
  it('concatenates and selects rows without changing them', () => {
    fc.assert(
      fc.property(anyRows, anyRows, (a, b) => {
        const all = concatBatches([batchOf(a), emptyBatch(), batchOf(b)]);
        expect(rowsOf(all)).toEqual([...a, ...b]);
        const odd = Uint32Array.from({ length: Math.floor(all.count / 2) }, (_, i) => all.count - 1 - i * 2);
        expect(rowsOf(selectRows(all, odd))).toEqual([...odd].map((i) => [...a, ...b][i]));
      }),
    );
  });
});
