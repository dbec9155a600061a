import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PublishedCalls } from '../src/publisher/published-calls.ts';

describe('PublishedCalls', () => {
  it('counts the calls below a seq, whatever stands between them', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 50 });
    fc.assert(
      fc.property(gaps, fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 10 }), (between, ends) => {
        const calls = new PublishedCalls();
        const seqs: number[] = [];
        let seq = 0;
        for (const others of between) {
          seq += others;
          seqs.push(seq);
          calls.add(seq++);
        }
        for (const end of ends.toSorted((a, b) => a - b)) {
          expect(calls.settle(end)).toBe(seqs.filter((one) => one < end).length);
        }
      }),
    );
  });
});
