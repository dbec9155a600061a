/** A writer whose store works: when it flushes, what a flush holds, how it ends (SPEC.md W1 to W5, W8, W12). */
import { describe, expect, test } from 'vitest';
import { LamellaError } from '../../src/record/error.ts';
import { verifyShard } from '../../src/shard/verify.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { parseShardName } from '../../src/shard/name.ts';
import { callOf, seqsOf, setStage } from './stage.ts';

describe('when it flushes', () => {
  test('[W3] rank 0 shows its first records within half a second', async () => {
    const { clock, backend, writer } = setStage();
    void writer.run();
    writer.append(callOf(2));
    await clock.advance(500);
    expect(await backend.shards()).toHaveLength(1);
  });

  test('[W3] without a launcher the writers of the run are counted by one listing', async () => {
    const { clock, backend, writer } = setStage();
    const others = Array.from({ length: 200 }, (_, i) => setStage({ backend, clock }, i + 2).writer);
    for (const other of others) other.append(callOf(1));
    await Promise.all(others.map((other) => other.flush()));
    writer.append(callOf(1));
    await writer.flush();
    const late = setStage({ backend, clock, worldSize: undefined } as object, 1000).writer;
    void late.run();
    late.append(callOf(1));
    await late.flush();
    await clock.advance(0);
    const before = (await backend.shards()).length;
    for (let second = 0; second < 40; second++) {
      late.append(callOf(1));
      await clock.advance(1000);
    }
    // 202 writers flush every 10 s ± 20 %; the interval drawn before the count was known comes on top.
    expect((await backend.shards()).length - before).toBeLessThanOrEqual(6);
    expect((await backend.shards()).length - before).toBeGreaterThanOrEqual(3);
  });

  test('[W2] a steady trickle becomes one flush per interval', async () => {
    const { clock, backend, writer } = setStage();
    void writer.run();
    for (let i = 0; i < 1000; i++) {
      writer.append(callOf(1));
      await clock.advance(100);
    }
    // 50 s at 0.5 s, then 1 % of the age: about 100 + ln(2) × 100 flushes.
    expect((await backend.shards()).length).toBeGreaterThan(140);
    expect((await backend.shards()).length).toBeLessThan(200);
  });

  test('[W4] 8 MB are flushed before the interval is over, but not within writers/20 s of the last flush', async () => {
    const { clock, backend, writer } = setStage({ worldSize: 40, rank: 0 });
    void writer.run();
    writer.append(callOf(1));
    await clock.advance(500);
    const firstMs = backend.attempts[0]?.atMs ?? 0;
    for (let i = 0; i < 20; i++) writer.append(callOf(10_000));
    await clock.advance(0);
    expect(backend.attempts).toHaveLength(1);
    await clock.advance(10_000);
    const secondMs = backend.attempts[1]?.atMs ?? 0;
    expect(secondMs - firstMs).toBeGreaterThanOrEqual(1600);
    expect(secondMs - firstMs).toBeLessThanOrEqual(2000);
  });

  test('[W5] a writer with nothing to say says every minute that it is alive', async () => {
    const { clock, backend, writer, stored } = setStage();
    void writer.run();
    writer.append(callOf(1));
    await clock.advance(10 * 60_000);
    expect((await backend.shards()).length).toBe(10);
    const beats = (await stored()).filter(({ kind, key }) => kind === 'run' && key === 'alive');
    expect(beats).toHaveLength(9);
    expect(
      backend.attempts.every(
        ({ atMs }, i) => i === 0 || atMs - (backend.attempts[i - 1]?.atMs ?? 0) >= 60_000,
      ),
    ).toBe(true);
  });

  test('[W13] flush() does not wait for the interval', async () => {
    const { clock, backend, writer } = setStage({ worldSize: 1024, rank: 1023 });
    for (let i = 0; i < 5; i++) {
      writer.append(callOf(1));
      await writer.flush();
      expect(await backend.shards()).toHaveLength(i + 1);
      expect(writer.stats).toMatchObject({ publishedSeq: i + 1, bufferedRows: 0, flushes: i + 1 });
    }
    await writer.flush();
    expect(backend.attempts).toHaveLength(5);
    expect(clock.monotonic()).toBe(0);
  });

  test('[W13] flush() with nothing appended, or with an empty call, resolves', async () => {
    const { backend, writer } = setStage();
    await writer.flush();
    writer.append(callOf(0));
    await writer.flush();
    expect(backend.attempts).toEqual([]);
  });
});

describe('what a flush holds', () => {
  test('[W1] flushes are numbered from 0 without a gap, each in a shard of its own', async () => {
    const { writer, backend } = setStage();
    for (let i = 0; i < 20; i++) {
      writer.append(callOf(3));
      await writer.flush();
    }
    const names = (await backend.shards()).map((key) => parseShardName(key.slice(key.lastIndexOf('/') + 1)));
    expect(names.map((name) => [name?.first, name?.last])).toEqual(
      Array.from({ length: 20 }, (_, i) => [i, i]),
    );
  });

  test('[W8] calls keep their rows together, with seq, step, time and every value', async () => {
    const { writer, stored } = setStage();
    const values = Float64Array.of(Number.NaN, Number.POSITIVE_INFINITY, -0, 1);
    const isNull = Uint8Array.of(0, 0, 0, 1);
    const call = {
      kind: 'metric',
      timeUs: 5_000,
      step: 2n ** 62n,
      keys: ['a', 'b', 'c', 'd'],
      values,
      isNull,
    };
    expect(writer.append({ ...call, data: [null, null, '"x"', null] })).toBe(0);
    expect(writer.append({ ...call, step: null })).toBe(1);
    expect(writer.nextSeq).toBe(2);
    await writer.flush();
    const rows = await stored();
    expect(rows.map(({ seq, step, time }) => [seq, step, time])).toEqual([
      ...Array.from({ length: 4 }, () => [0, String(2n ** 62n), 5_000]),
      ...Array.from({ length: 4 }, () => [1, null, 5_000]),
    ]);
    expect(rows.slice(0, 4).map(({ value }) => value)).toEqual([
      '7ff8000000000000',
      '7ff0000000000000',
      '8000000000000000',
      null,
    ]);
    expect(rows.slice(0, 4).map(({ data }) => data)).toEqual([null, null, '"x"', null]);
  });

  test('[W8] a call that cannot be stored is refused whole', async () => {
    const { writer, stored } = setStage();
    expect(() => writer.append({ ...callOf(3), step: 1.5 })).toThrow(/step 1.5/);
    expect(() => writer.append({ ...callOf(3), timeUs: Number.NaN })).toThrow(/time/);
    writer.append(callOf(1));
    await writer.flush();
    expect(await stored()).toHaveLength(1);
  });

  test('[W16] a backlog leaves in several shards, each whole calls', async () => {
    const { clock, writer, backend, stored } = setStage();
    const large = `"${'x'.repeat(1_000_000)}"`;
    for (let i = 0; i < 60; i++) writer.append(callOf(1, 'metric', large));
    await clock.until(writer.finish({ state: 'finished' }));
    expect((await backend.shards()).length).toBe(2);
    expect(seqsOf(await stored())).toHaveLength(61);
  });

  test('an encoder of another thread is asked for bytes, one flush at a time', async () => {
    const { encodeShard } = await import('../../src/shard/encode.ts');
    let asked = 0;
    const { clock, writer, stored } = setStage({
      async encode(batch, meta) {
        asked += 1;
        if (asked === 1) throw new Error('the thread has died');
        return encodeShard(batch, meta, nodeCodec);
      },
    });
    writer.append(callOf(5));
    await clock.until(writer.flush());
    expect(asked).toBe(2);
    expect(await stored()).toHaveLength(5);
  });

  test('[W1] what is acknowledged is told with the seq up to which everything is published', async () => {
    const published: unknown[] = [];
    const { writer, backend } = setStage({ onPublished: (flush) => published.push(flush) });
    writer.append(callOf(2));
    writer.append(callOf(1));
    await writer.flush();
    expect(published).toEqual([{ flush: 0, seqEnd: 2, rows: 3, key: (await backend.shards())[0] }]);
  });
});

describe('how it ends', () => {
  test('[W12] the last flush holds the end and says so, then comes the marker', async () => {
    const { clock, writer, backend, stored } = setStage();
    writer.append(callOf(2));
    await writer.flush();
    writer.append(callOf(2));
    const result = await clock.until(writer.finish({ state: 'failed', reason: 'killed' }, 5000));
    expect(result).toEqual({ published: true, unpublishedRows: 0, dropped: 0 });
    const [first = '', last = ''] = await backend.shards();
    for (const [key, end] of [
      [first, false],
      [last, true],
    ] as const) {
      const footer = verifyShard(key.slice(key.lastIndexOf('/') + 1), await backend.read(key), nodeCodec);
      expect(footer.end).toBe(end);
    }
    expect((await stored()).at(-1)).toMatchObject({
      kind: 'run',
      key: 'end',
      data: '{"state":"failed","reason":"killed"}',
    });
    expect(backend.attempts.at(-1)?.key).toBe(`project=p/run=r/_${writer.id}.end.0000000001`);
  });

  test('[W12] a writer without records ends too, nothing follows the end, and a second finish joins the first', async () => {
    const { clock, writer, backend } = setStage();
    const first = writer.finish({ state: 'finished' });
    expect(() => writer.append(callOf(1))).toThrow(LamellaError);
    expect(await clock.until(writer.finish({ state: 'failed' }))).toEqual(await first);
    await writer.flush();
    await writer.run();
    expect(await backend.shards()).toHaveLength(1);
  });

  test('[W12] ranks beyond 64 lie in a directory of their group', async () => {
    const { clock, writer, backend } = setStage({ rank: 130, worldSize: 256 });
    await clock.until(writer.finish({ state: 'finished' }));
    expect((await backend.shards())[0]).toMatch(/^project=p\/run=r\/g02\//);
  });
});
