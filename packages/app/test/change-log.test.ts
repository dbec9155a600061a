import { describe, expect, it } from 'vitest';
import { ChangeLog } from '../src/query/change-log.ts';

const change = (...runs: [string, string[]][]): Map<string, Set<string>> =>
  new Map(runs.map(([run, metrics]) => [run, new Set(metrics)]));

describe('the change log', () => {
  it('joins what happened since a cursor', () => {
    const log = new ChangeLog(1000);
    const start = log.cursor;
    log.push(change(['a', ['loss']]));
    log.push(change(['a', ['acc']], ['b', []]));
    expect(log.since(start)).toEqual({
      cursor: start + 2,
      all: false,
      runs: [
        { run: 'a', metrics: ['acc', 'loss'] },
        { run: 'b', metrics: [] },
      ],
    });
    expect(log.since(start + 1)?.runs).toEqual([
      { run: 'a', metrics: ['acc'] },
      { run: 'b', metrics: [] },
    ]);
    expect(log.since(log.cursor)).toBeNull();
  });

  it('answers all for a cursor of another process, of the future, or one it forgot', () => {
    const log = new ChangeLog(1000);
    for (let i = 0; i < 1100; i++) {
      log.push(change(['a', []]));
    }
    for (const cursor of [3, 999, 1000, 1099, 5_000_000]) {
      expect(log.since(cursor)).toEqual({ cursor: 2100, runs: [], all: true });
    }
    expect(log.since(1100)?.all).toBe(false);
  });

  it('wakes those who wait at a change and at an abort', async () => {
    const log = new ChangeLog(0);
    const stop = new AbortController();
    const first = log.next(stop.signal);
    log.push(change(['a', []]));
    await first;
    const second = log.next(stop.signal);
    stop.abort();
    await second;
    await expect(log.next(stop.signal)).resolves.toBeUndefined();
  });
});
