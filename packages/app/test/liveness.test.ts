import { describe, expect, it } from 'vitest';
import { foldFacts } from '../src/query/facts.ts';
import type { FactRow } from '../src/query/facts.ts';
import { labelRun, notePulse, SILENT_AFTER_MS } from '../src/query/liveness.ts';
import type { WriterPulse } from '../src/query/liveness.ts';

function fact(writer: string, key: string, data: unknown, time = 0): FactRow {
  return { writer, seq: time, kind: 'run', key, time, data: JSON.stringify(data) };
}

function pulsesOf(...writers: [id: string, highest: number, ended: boolean][]): Map<string, WriterPulse> {
  const pulses = new Map<string, WriterPulse>();
  for (const [id, highest, ended] of writers) {
    notePulse(pulses, { id, highest, ended }, 1_000_000, 0);
  }
  return pulses;
}

const LATER = 1_000_000 + SILENT_AFTER_MS;

describe('the state of a run', () => {
  it('is running while a writer moves, by the reader clock only', () => {
    const pulses = pulsesOf(['a', 3, false]);
    expect(labelRun(pulses, foldFacts([]), LATER - 1).state).toBe('running');
    expect(labelRun(pulses, foldFacts([]), LATER).state).toBe('silent');
    notePulse(pulses, { id: 'a', highest: 4, ended: false }, LATER, 0);
    expect(labelRun(pulses, foldFacts([]), LATER + 1).state).toBe('running');
  });

  it('says how long it has been silent', () => {
    const pulses = pulsesOf(['a', 3, false]);
    expect(labelRun(pulses, foldFacts([]), 1_000_000 + 140_000).reason).toBe('no flush for 140 s');
    expect(labelRun(pulses, foldFacts([]), 1_000_000 + 3 * 86_400_000).reason).toBe('no flush for 3 d');
  });

  it('takes the age of the newest record as a hint at first sight, and corrects it at the next flush', () => {
    const pulses = new Map<string, WriterPulse>();
    notePulse(pulses, { id: 'a', highest: 3, ended: false }, 1_000_000, 600_000);
    expect(labelRun(pulses, foldFacts([]), 1_000_000).state).toBe('silent');
    notePulse(pulses, { id: 'a', highest: 4, ended: false }, 1_000_250, 600_000);
    expect(labelRun(pulses, foldFacts([]), 1_000_250).state).toBe('running');
  });

  it('treats a record from the future as new', () => {
    const pulses = new Map<string, WriterPulse>();
    notePulse(pulses, { id: 'a', highest: 0, ended: false }, 1_000_000, -3_600_000);
    expect(labelRun(pulses, foldFacts([]), 1_000_000).state).toBe('running');
    expect(labelRun(pulses, foldFacts([]), LATER).state).toBe('silent');
  });

  it('is ended when every writer is, and running while one is not', () => {
    const facts = foldFacts([
      fact('a', 'start', { rank: 0 }),
      fact('b', 'start', { rank: 1 }),
      fact('a', 'end', { state: 'finished' }, 5),
    ]);
    expect(labelRun(pulsesOf(['a', 3, true], ['b', 3, false]), facts, 1_000_000).state).toBe('running');
    expect(labelRun(pulsesOf(['a', 3, true], ['b', 3, true]), facts, LATER).state).toBe('ended');
  });

  it('is failed with its reason when a writer says so, even if others stay silent', () => {
    const facts = foldFacts([
      fact('a', 'start', { rank: 0 }),
      fact('b', 'start', { rank: 1 }),
      fact('a', 'end', { state: 'failed', reason: 'killed by SIGKILL' }, 5),
    ]);
    const label = labelRun(pulsesOf(['a', 3, true], ['b', 3, false]), facts, LATER);
    expect(label).toEqual({ state: 'failed', reason: 'killed by SIGKILL' });
  });

  it('is judged by the resumption of a rank, not by what failed before it', () => {
    const facts = foldFacts([
      fact('a', 'start', { rank: 0 }, 1),
      fact('a', 'end', { state: 'failed', reason: 'out of memory' }, 5),
      fact('b', 'start', { rank: 0 }, 9),
      fact('b', 'end', { state: 'finished' }, 20),
    ]);
    expect(labelRun(pulsesOf(['a', 3, true], ['b', 2, true]), facts, LATER).state).toBe('ended');
  });
});

describe('the facts of a run', () => {
  const config = (writer: string, key: string, data: unknown, time: number): FactRow => ({
    writer,
    seq: time,
    kind: 'config',
    key,
    time,
    data: JSON.stringify(data),
  });

  it('take config per key from the lowest rank, then the latest', () => {
    const facts = foldFacts([
      fact('b', 'start', { rank: 1, name: 'second' }, 0),
      fact('a', 'start', { rank: 0, name: 'first', group: 'g' }, 1),
      config('b', 'lr', 9, 50),
      config('a', 'lr', 1, 10),
      config('a', 'lr', 2, 20),
      config('b', 'only', [1, { x: null }], 5),
    ]);
    expect(facts).toMatchObject({ name: 'first', group: 'g', config: { lr: 2, only: [1, { x: null }] } });
  });

  it('do not depend on the order of the rows', () => {
    const rows = [
      fact('a', 'start', { rank: 0, name: 'old' }, 1),
      fact('b', 'start', { rank: 0, name: 'new' }, 2),
      config('a', 'lr', 1, 3),
      config('b', 'lr', 2, 3),
    ];
    expect(foldFacts(rows.toReversed())).toEqual(foldFacts(rows));
    expect(foldFacts(rows).name).toBe('new');
  });

  it('keep a config key that is special in JavaScript', () => {
    const facts = foldFacts([config('a', '__proto__', 1, 0), config('a', 'constructor', 2, 0)]);
    expect(Object.entries(facts.config)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
  });

  it('survive damaged data', () => {
    const rows = [
      { ...fact('a', 'start', null), data: '{"rank":' },
      { ...config('a', 'x', 0, 0), data: 'plain' },
      fact('a', 'gap', { calls: 3 }),
    ];
    expect(foldFacts(rows)).toMatchObject({ name: null, config: { x: 'plain' }, droppedCalls: 3 });
  });
});
