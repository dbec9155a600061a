/** A writer whose store fails, loses answers or hangs (SPEC.md W6, W7, W9 to W11, W13 to W15). */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fate } from '../faulty-backend.ts';
import { ANSWER_LOST, FINE, HANGS, REFUSED } from '../faulty-backend.ts';
import { encodeShard } from '../../src/shard/encode.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { kindOf } from '../backend/conformance.ts';
import type { Stage } from './stage.ts';
import { callOf, seqsOf, setStage } from './stage.ts';

const MB = 1024 * 1024;

describe('retries', () => {
  test('[W7] the same bytes go out until they are acknowledged, whatever is appended meanwhile', async () => {
    const { clock, backend, writer, stored } = setStage();
    backend.fates.push(REFUSED, ANSWER_LOST, REFUSED);
    void writer.run();
    writer.append(callOf(1));
    for (let second = 0; second < 30; second++) {
      await clock.advance(1000);
      writer.append(callOf(1));
    }
    await clock.until(writer.flush());
    const first = backend.attempts.slice(0, 4);
    expect(new Set(first.map(({ key, sha256 }) => `${key} ${sha256}`)).size).toBe(1);
    expect(seqsOf(await stored())).toHaveLength(31);
  });

  test('[W9] attempts are spaced by the back-off, and flush() and finish() end a wait', async () => {
    const { clock, backend, writer } = setStage();
    backend.otherwise = REFUSED;
    void writer.run();
    writer.append(callOf(1));
    await clock.advance(600_000);
    const attempts = backend.attempts.length;
    expect(attempts).toBeGreaterThan(600 / 15);
    expect(attempts).toBeLessThan(600 / 7.5 + 10);
    const waiting = writer.flush();
    await clock.advance(0);
    expect(backend.attempts).toHaveLength(attempts + 1);
    backend.otherwise = FINE;
    await clock.until(writer.finish({ state: 'finished' }), 0);
    await waiting;
  });

  test('[W15] trouble is told once, and its end once', async () => {
    const { clock, backend, writer, told } = setStage();
    backend.otherwise = REFUSED;
    void writer.run();
    writer.append(callOf(1));
    await clock.advance(300_000);
    expect(told).toEqual([expect.stringMatching(/^publishing fails: cannot write .* faulty/)]);
    backend.otherwise = FINE;
    await clock.advance(30_000);
    expect(told).toHaveLength(2);
    expect(told[1]).toMatch(/works again/);
    backend.fates.push(REFUSED);
    writer.append(callOf(1));
    await clock.advance(30_000);
    expect(told).toHaveLength(2);
  });

  test('[W15] a store that does not answer is told too', async () => {
    const { clock, backend, writer, told } = setStage();
    backend.fates.push({ isStored: true, isTold: true, delayMs: 100_000 });
    void writer.run();
    writer.append(callOf(1));
    await clock.advance(60_000);
    expect(told).toEqual(['faulty has not answered for 30 s; records are kept in memory']);
    await clock.advance(60_000);
    expect(told).toHaveLength(2);
  });
});

describe('giving up', () => {
  test('[W14] finish() answers at its deadline when the store hangs, and says what is unpublished', async () => {
    const { clock, backend, writer } = setStage();
    backend.otherwise = HANGS;
    void writer.run();
    writer.append(callOf(3));
    await clock.advance(1000);
    writer.append(callOf(2));
    const result = await clock.until(writer.finish({ state: 'finished' }, 5000));
    expect(result).toEqual({ published: false, unpublishedRows: 6, dropped: 0 });
    expect(clock.monotonic()).toBe(6000);
  });

  test('[W14] and when it fails; the loop then ends, and flush() rejects', async () => {
    const { clock, backend, writer } = setStage();
    backend.otherwise = REFUSED;
    writer.append(callOf(3));
    const waiting = kindOf(writer.flush());
    const result = await clock.until(writer.finish({ state: 'finished' }, 5000));
    expect(result).toMatchObject({ published: false, unpublishedRows: 4 });
    expect(await waiting).toBe('unavailable');
    await expect(writer.flush()).rejects.toMatchObject({ kind: 'unavailable' });
    await clock.until(writer.run());
    const { length } = backend.attempts;
    await clock.advance(60_000);
    expect(backend.attempts).toHaveLength(length);
  });

  test('[W14] nor does an attempt begin when encoding ends after the deadline', async () => {
    let encoded = (): void => undefined;
    const { clock, backend, writer } = setStage({
      encode: async (batch, meta) => {
        await new Promise<void>((resolve) => (encoded = resolve));
        return encodeShard(batch, meta, nodeCodec);
      },
    });
    writer.append(callOf(3));
    const result = await clock.until(writer.finish({ state: 'finished' }, 5000));
    expect(result).toMatchObject({ published: false, unpublishedRows: 4 });
    encoded();
    await clock.until(writer.run());
    expect(backend.attempts).toEqual([]);
  });
});

describe('what is not kept', () => {
  test('[W10] a call above the limits is refused, told once, and leaves a gap row', async () => {
    const { writer, stored, told } = setStage();
    const tooLarge = callOf(20, 'metric', `"${'é'.repeat(450_000)}"`);
    writer.append(callOf(1));
    expect(writer.append(callOf(65_537, 'metric'))).toBe(1);
    expect(writer.append(tooLarge)).toBe(2);
    writer.append(callOf(65_536));
    await writer.flush();
    const rows = await stored();
    expect(seqsOf(rows)).toEqual([0, 3, 4]);
    expect(rows.at(-1)).toMatchObject({ kind: 'run', key: 'gap' });
    expect(JSON.parse(rows.at(-1)?.data ?? '')).toEqual({
      calls: 2,
      rows: 65_557,
      reason: 'the call is larger than allowed',
      kinds: { metric: 2 },
      seq: [1, 2],
      time: [1000, 1000],
    });
    expect(told).toEqual([
      'a call of 65537 values was not kept: 65536 are allowed in one call; log fewer at a time',
    ]);
    expect(writer.stats.dropped).toBe(2);
  });

  test('[W10] gaps alone make a flush', async () => {
    const { writer, stored } = setStage();
    writer.append(callOf(65_537));
    await writer.flush();
    expect((await stored()).map(({ key }) => key)).toEqual(['gap']);
  });

  test('[W11] memory stays bounded: the oldest system metrics go first, then the oldest calls, and a gap tells', async () => {
    const { clock, backend, writer, stored, told } = setStage({ bufferBytesMax: 4 * MB });
    backend.otherwise = REFUSED;
    void writer.run();
    writer.append(callOf(1, 'config'));
    await clock.advance(1000);
    const data = `"${'x'.repeat(10_000)}"`;
    const kinds: string[] = [];
    for (let i = 0; i < 1000; i++) {
      const kind = i % 10 === 0 ? 'system' : 'metric';
      kinds[writer.append(callOf(1, kind, data))] = kind;
    }
    writer.append(callOf(1, 'run'));
    expect(writer.stats.bufferedRows).toBeLessThan(450);
    expect(told.filter((message) => message.includes('dropped'))).toHaveLength(1);
    backend.otherwise = FINE;
    await expect(clock.until(writer.flush())).rejects.toMatchObject({ kind: 'unavailable' });
    await clock.until(writer.finish({ state: 'finished' }));
    const rows = await stored();
    const kept = new Set(seqsOf(rows));
    const gap = JSON.parse(rows.find(({ key }) => key === 'gap')?.data ?? '') as {
      calls: number;
      rows: number;
      kinds: Record<string, number>;
    };
    expect(gap.calls).toBe(kinds.filter((_, seq) => !kept.has(seq)).length);
    expect(gap.calls).toBe(writer.stats.dropped);
    expect(gap).toMatchObject({
      reason: 'the store could not take them in time',
      kinds: { system: expect.any(Number) as number },
    });
    // What is kept of each kind is its newest end; the first flush was numbered and is whole.
    for (const kind of ['system', 'metric']) {
      const seqs = kinds.flatMap((other, seq) => (other === kind ? [seq] : []));
      const firstKept = seqs.findIndex((seq) => kept.has(seq));
      expect(seqs.slice(firstKept).every((seq) => kept.has(seq))).toBe(true);
    }
    expect(rows.filter(({ kind, key }) => kind === 'config' || key === 'key0').length).toBeGreaterThan(2);
    expect(rows.some(({ kind }) => kind === 'config')).toBe(true);
  });
});

const anyFate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(FINE) },
  fc.constant(REFUSED),
  fc.constant(ANSWER_LOST),
  fc.record({ isStored: fc.boolean(), isTold: fc.constant(false), delayMs: fc.nat(90_000) }),
  fc.record({ isStored: fc.constant(true), isTold: fc.constant(true), delayMs: fc.nat(90_000) }),
);

const anyStep = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('append' as const), rows: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(20_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
);

/** Seqs appended before a flush that no reader finds at the moment when it resolves: there must be none. */
async function missingAfterFlush({ writer, stored }: Stage): Promise<number[]> {
  const seqEnd = writer.nextSeq;
  await writer.flush();
  const found = new Set(seqsOf(await stored()));
  return Array.from({ length: seqEnd }, (_, seq) => seq).filter((seq) => !found.has(seq));
}

describe('any faults, then recovery', () => {
  test('[W6][W7] everything is in the store exactly once, in order, one attempt at a time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFate, { maxLength: 30, size: 'max' }),
        fc.array(anyStep, { maxLength: 60, size: 'max' }),
        fc.nat(),
        async (fates, steps, seed) => {
          const stage = setStage({}, seed);
          const { clock, backend, writer, stored } = stage;
          backend.fates.push(...fates);
          void writer.run();
          let rows = 0;
          const flushes: Promise<number[]>[] = [];
          for (const step of steps) {
            if (step.do === 'append') {
              writer.append(callOf(step.rows));
              rows += step.rows;
            } else if (step.do === 'wait') await clock.advance(step.ms);
            else flushes.push(missingAfterFlush(stage));
          }
          const result = await clock.until(writer.finish({ state: 'finished' }));
          expect((await Promise.all(flushes)).flat()).toEqual([]);
          expect(result.published).toBe(true);
          const found = (await stored()).filter(({ kind }) => kind === 'metric');
          expect(found).toHaveLength(rows);
          expect(new Set(found.map(({ seq, key }) => `${seq} ${key}`)).size).toBe(rows);
          expect(backend.mostAtOnce).toBe(1);
          // A flush is tried only once those before it are acknowledged, and always with the same bytes.
          const shards = backend.attempts.filter(({ key }) => key.endsWith('.parquet'));
          const order = [...new Set(shards.map(({ key }) => key))];
          expect(order).toEqual(order.toSorted());
          for (const key of order) {
            const tries = shards.filter((attempt) => attempt.key === key);
            expect(new Set(tries.map(({ sha256 }) => sha256)).size).toBe(1);
            expect(tries.map(({ isAcknowledged }) => isAcknowledged).indexOf(true)).toBe(tries.length - 1);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
