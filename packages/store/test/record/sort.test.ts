import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortBatch } from '../../src/record/sort.ts';
import { anyRows } from './arbitrary.ts';
import type { Row } from './row.ts';
import { batchOf, rowsOf } from './row.ts';

const encoder = new TextEncoder();

/** The order as SPEC.md says it, slowly. */
function compareRows(a: Row, b: Row): number {
  const text = (x: string, y: string): number => Buffer.compare(encoder.encode(x), encoder.encode(y));
  const steps = (): number => {
    if (a.step === null || b.step === null) return Number(b.step === null) - Number(a.step === null);
    return Number(BigInt(a.step) - BigInt(b.step));
  };
  return text(a.kind, b.kind) || text(a.key, b.key) || steps() || a.seq - b.seq || text(a.writer, b.writer);
}

describe('sortBatch', () => {
  it('[R4] orders rows as the slow comparison does, keeping equal ones in order', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        expect(rowsOf(sortBatch(batchOf(rows)))).toEqual(rows.toSorted(compareRows));
      }),
      { numRuns: 500 },
    );
  });

  it('[R4] sorts call after call with the same keys into series', () => {
    const rows: Row[] = [];
    for (let call = 0; call < 50; call++) {
      for (const key of ['z', 'a', 'm']) {
        rows.push({
          writer: 'w',
          seq: call,
          kind: 'metric',
          key,
          step: String(49 - call),
          time: call,
          value: null,
          data: null,
        });
      }
    }
    const sorted = rowsOf(sortBatch(batchOf(rows)));
    expect(sorted.map(({ key }) => key).join('')).toBe('a'.repeat(50) + 'm'.repeat(50) + 'z'.repeat(50));
    expect(sorted.slice(0, 50).map(({ step }) => Number(step))).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
  });

  it('returns a sorted batch as it is', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const sorted = sortBatch(batchOf(rows));
        expect(sortBatch(sorted)).toBe(sorted);
      }),
    );
  });
});
