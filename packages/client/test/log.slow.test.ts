/** What `log` was given is what the store holds; what it cannot hold is told once. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { valueToJson } from '@lamella/store';
import { readRun, runEvent } from './stored.ts';
import type { Row } from './stored.ts';
import { makeDirectory, publishersOf, startTrainer, until } from './trainer-process.ts';

let directory: ReturnType<typeof makeDirectory>;
let dir: string;

beforeEach(() => {
  directory = makeDirectory();
  dir = join(directory.path, 'store');
});

afterEach(() => directory.remove());

describe('log', () => {
  it('keeps every value that can be kept, and steps in any order', async () => {
    const { stderr, code, stdout } = await startTrainer('values', [dir]).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ published: false, calls: 12, dropped: 1, lost: 0 });
    const { rows } = await readRun(dir, 'p', 'r');
    const metrics = rows.filter((row) => row.kind === 'metric');
    const one = (key: string): Row => {
      const found = metrics.filter((row) => row.key === key);
      expect(found.map((row) => row.key)).toStrictEqual([key]);
      return found[0]!;
    };
    expect(one('nan').value).toBeNaN();
    expect([one('inf').value, one('-inf').value, one('-0').value]).toStrictEqual([Infinity, -Infinity, -0]);
    expect([one('tiny').value, one('max').value]).toStrictEqual([Number.MIN_VALUE, Number.MAX_VALUE]);
    expect([one('long').value, one('long').data]).toStrictEqual([2 ** 63, '9223372036854775807']);
    expect([one('short').value, one('short').data]).toStrictEqual([7, null]);
    expect([one('yes').value, one('yes').data]).toStrictEqual([1, 'true']);
    expect([one('text').value, one('text').data]).toStrictEqual([null, JSON.stringify('line\n"quoted" 🌊')]);
    expect([one('nothing').value, one('nothing').data]).toStrictEqual([null, 'null']);
    const json = (key: string): unknown => valueToJson(one(key).value, one(key).data);
    expect(json('nested')).toStrictEqual({ a: [1, 'NaN', { b: null }], big: '1152921504606846976' });
    expect(json('table')).toStrictEqual({ _type: 'trackio.table', _value: [{ label: 'cat', share: 0.5 }] });
    expect(json('typed')).toStrictEqual([0.5, 1.5]);
    expect(json('date')).toBe('2026-01-02T03:04:05.000Z');
    const steps = metrics.filter((row) => row.key === 'at').map((row) => [row.step, row.data]);
    expect(steps).toStrictEqual([
      [1n, null],
      [100n, null],
      [101n, null],
      [-5n, null],
      [102n, null],
      [2n, '{"_step":2.5}'],
      [9_223_372_036_854_775_807n, null],
    ]);
    // A name of 10 KB keeps its beginning, and gets the hash of the rest.
    const long = metrics.find((row) => row.key.startsWith('nnnn'));
    expect(long?.key).toMatch(/^n{480}~[a-z2-7]{26}$/);
    expect(metrics.some((row) => ['f', 'circle', 'huge'].includes(row.key))).toBe(false);
    expect(
      rows.filter((row) => row.kind === 'system').map((row) => [row.key, row.step, row.value]),
    ).toContainEqual(['gpu/0/temp', null, 41]);
    expect(runEvent(rows, 'gap')).toMatchObject({ calls: 1, reason: 'its step is not an integer of 64 bit' });
    const lines = stderr.trim().split('\n');
    expect(new Set(lines).size).toBe(lines.length);
    for (const topic of ['"f"', '"circle"', '"huge"', 'step NaN', 'not a list', '512']) {
      expect(
        lines.filter((line) => line.includes(topic)),
        topic,
      ).toHaveLength(1);
    }
  });

  it('samples the machine beside the training', async () => {
    const { code } = await startTrainer('steady', [dir, '2'], { LAMELLA_SYSTEM_SECONDS: '1' }).ended;
    expect(code).toBe(0);
    const { rows } = await readRun(dir, 'p', 'r');
    const system = rows.filter((row) => row.kind === 'system');
    expect(new Set(system.map((row) => row.key))).toContain('memory/used');
    expect(system.every((row) => row.step === null && row.value !== null)).toBe(true);
  });
});

describe('a publisher that stands still', () => {
  it('fills the buffer; whole calls are dropped, counted and told, and what was kept is stored', async () => {
    const trainer = startTrainer('flood', [dir], { LAMELLA_BUFFER_MB: '1' });
    await trainer.printed('first');
    const [publisher = 0] = publishersOf(trainer.child.pid ?? 0);
    process.kill(publisher, 'SIGSTOP');
    trainer.child.kill('SIGUSR2');
    await trainer.printed('flooded');
    process.kill(publisher, 'SIGCONT');
    const { code, stdout, stderr } = await trainer.ended;
    expect(code).toBe(0);
    const { calls, dropped, published } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
      calls: number;
      dropped: number;
      published: boolean;
    };
    expect(calls).toBe(50_002);
    expect(dropped).toBeGreaterThan(0);
    expect(published).toBe(false);
    expect(stderr.split('\n').filter((line) => line.includes('does not keep up'))).toHaveLength(1);
    const { rows } = await readRun(dir, 'p', 'r');
    const logged = rows.filter((row) => row.kind === 'metric');
    expect(new Set(logged.map((row) => row.seq)).size).toBe(calls - dropped);
    const gaps = rows
      .filter((row) => row.key === 'gap')
      .map((row) => JSON.parse(row.data ?? '') as { calls: number });
    expect(gaps.reduce((sum, gap) => sum + gap.calls, 0)).toBe(dropped);
    await until('the last call is there', () => logged.some((row) => row.key === 'last'));
  });
});
