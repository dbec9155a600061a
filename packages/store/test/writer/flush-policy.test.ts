import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  backoffMs,
  firstFlushMs,
  flushIntervalMs,
  heartbeatMs,
  shortestIntervalMs,
} from '../../src/writer/flush-policy.ts';
import { seededRandom } from '../virtual-clock.ts';

/** Jitter out of the way: the middle of the range. */
const middle = { unit: (): number => 0.5 };
const anyUnit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('flush interval', () => {
  test.each([
    [0, 1, 500],
    [10_000, 1, 500],
    [120_000, 1, 1200],
    [10 * 60_000, 1, 5000],
    [86_400_000, 1, 5000],
    [0, 20, 1000],
    [0, 1024, 51_200],
    [86_400_000, 1024, 51_200],
  ])('[W2] at age %d ms with %d writers it is %d ms', (ageMs, writers, expected) => {
    expect(flushIntervalMs({ ageMs, writers, random: middle })).toBe(expected);
  });

  test.each([
    [0, 30, 500],
    [86_400_000, 30, 30_000],
    [86_400_000, 0.1, 100],
    [0, 0.1, 100],
  ])('[W2] at age %d ms with a cap of %d s it is %d ms', (ageMs, capSeconds, expected) => {
    expect(flushIntervalMs({ ageMs, writers: 1, random: middle, capSeconds })).toBe(expected);
  });

  test('[W2] the cap does not shorten the share of a run with many writers', () => {
    expect(flushIntervalMs({ ageMs: 0, writers: 1024, random: middle, capSeconds: 1 })).toBe(51_200);
  });

  test('[W2] it is jittered by a fifth, so that its mean stays', () => {
    fc.assert(
      fc.property(fc.nat(10 ** 8), fc.integer({ min: 1, max: 2000 }), anyUnit, (ageMs, writers, unit) => {
        const mean = flushIntervalMs({ ageMs, writers, random: middle });
        const drawn = flushIntervalMs({ ageMs, writers, random: { unit: () => unit } });
        expect(drawn / mean).toBeGreaterThanOrEqual(0.8 - 1e-9);
        expect(drawn / mean).toBeLessThanOrEqual(1.2 + 1e-9);
      }),
    );
  });

  test('[W2] 1,024 writers publish about 20 files a second together, whatever their age', () => {
    const random = seededRandom(7);
    let flushes = 0;
    for (let writer = 0; writer < 1024; writer++) {
      let atMs = firstFlushMs(writer, 1024, random);
      for (; atMs < 600_000; atMs += flushIntervalMs({ ageMs: atMs, writers: 1024, random })) flushes += 1;
    }
    expect(flushes / 600).toBeGreaterThan(18);
    expect(flushes / 600).toBeLessThan(22);
  });

  test('[W3] the first flush of rank 0 comes within half a second, the others spread over writers/20 s', () => {
    fc.assert(
      fc.property(anyUnit, fc.integer({ min: 1, max: 1023 }), (unit, rank) => {
        expect(firstFlushMs(0, 1024, { unit: () => unit })).toBeLessThanOrEqual(500);
        expect(firstFlushMs(rank, 1024, { unit: () => unit })).toBeCloseTo(unit * 51_200, 6);
      }),
    );
  });

  test('[W5] a heartbeat comes after 60 s, or after the flush interval where that is longer', () => {
    expect(heartbeatMs(1)).toBe(60_000);
    expect(heartbeatMs(1, 300)).toBe(300_000);
    expect(heartbeatMs(2048)).toBe(shortestIntervalMs(2048));
  });

  test('[W9] the back-off doubles up to 15 s, and is jittered downwards', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), anyUnit, (failures, unit) => {
        const waitMs = backoffMs(failures, { unit: () => unit });
        const bound = Math.min(15_000, 500 * 2 ** (failures - 1));
        expect(waitMs).toBeGreaterThanOrEqual(bound / 2);
        expect(waitMs).toBeLessThanOrEqual(bound);
      }),
    );
  });
});
