/** What is logged is stored, however the training process ends. Real processes throughout. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRun, runEvent, stepsOf } from './stored.ts';
import { isAlive, makeDirectory, publishersOf, startTrainer, until } from './trainer-process.ts';

const CALLS = 5000;

/** What is not as it was logged: `missing 17`, `twice 3`. */
function wrong(steps: readonly number[], calls: number): string[] {
  const counts = new Map<number, number>();
  for (const step of steps) counts.set(step, (counts.get(step) ?? 0) + 1);
  const all = Array.from({ length: calls }, (_, step) => step);
  return [
    ...all.filter((step) => !counts.has(step)).map((step) => `missing ${step}`),
    ...[...counts].filter(([, count]) => count > 1).map(([step]) => `twice ${step}`),
  ].slice(0, 5);
}

let directory: ReturnType<typeof makeDirectory>;
let dir: string;

beforeEach(() => {
  directory = makeDirectory();
  dir = join(directory.path, 'store');
});

afterEach(() => directory.remove());

async function stored(): Promise<Awaited<ReturnType<typeof readRun>>> {
  return await readRun(dir, 'p', 'r');
}

/** A publisher works on after its trainer: waits for the run's end. */
async function untilEnded(): Promise<void> {
  await until('the run has an end', async () => {
    try {
      const { writers } = (await stored()).view;
      return writers.length > 0 && writers.every((writer) => writer.ended);
    } catch {
      return false; // the store is not there yet
    }
  });
}

describe('a training process that is killed', () => {
  it('loses no call whose log() had returned, in a loop of 8 s that never yields', async () => {
    const countFile = join(directory.path, 'count');
    const { signal } = await startTrainer('endless', [dir, countFile, '8']).ended;
    expect(signal).toBe('SIGKILL');
    const returned = Number(readFileSync(countFile).readBigInt64LE());
    expect(returned).toBeGreaterThan(1000);
    await sleep(3000);
    const { rows } = await stored();
    const steps = new Set(stepsOf(rows, 'loss'));
    expect(
      Array.from({ length: returned }, (_, step) => step).filter((step) => !steps.has(step)),
    ).toStrictEqual([]);
    expect(rows.filter((row) => row.kind === 'metric')).toHaveLength(steps.size * 3);
    expect(runEvent(rows, 'end')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('without finish'),
    });
  });

  it('by SIGTERM loses nothing, dies by the signal, and leaves no publisher behind', async () => {
    const trainer = startTrainer('terminated', [dir]);
    await trainer.printed('logged');
    const [publisher = 0] = publishersOf(trainer.child.pid ?? 0);
    trainer.child.kill('SIGTERM');
    expect(await trainer.ended).toMatchObject({ code: null, signal: 'SIGTERM', stderr: '' });
    await untilEnded();
    const { rows } = await stored();
    expect(wrong(stepsOf(rows, 'loss'), CALLS)).toStrictEqual([]);
    expect(runEvent(rows, 'end')).toMatchObject({ state: 'failed' });
    await until('the publisher is gone', () => !isAlive(publisher));
  });
});

describe('a training process that ends by itself', () => {
  it.each([
    ['process.exit(0) right after the last log', 'exit', ['0'], 0, 'finished', null],
    [
      'process.exit(7) right after the last log',
      'exit',
      ['7'],
      7,
      'failed',
      'the process ended with exit code 7',
    ],
    ['a natural end without finish', 'end', [], 0, 'finished', null],
    ['an uncaught error', 'uncaught', [], 1, 'failed', 'TypeError: the loss is gone'],
    ['a rejected promise', 'rejected', [], 1, 'failed', 'RangeError: no such batch'],
  ] as const)(
    'by %s loses nothing and keeps its exit code',
    async (_how, scenario, args, code, state, reason) => {
      const ended = await startTrainer(scenario, [dir, ...args]).ended;
      expect(ended.code).toBe(code);
      expect(ended.stderr).not.toContain('lamella:');
      // No waiting here: the process has waited for the acknowledgement.
      const { rows, view } = await stored();
      expect(wrong(stepsOf(rows, 'loss'), CALLS)).toStrictEqual([]);
      expect(view.writers.map((writer) => writer.ended)).toStrictEqual([true]);
      const end = runEvent(rows, 'end');
      expect(end['state']).toBe(state);
      if (reason !== null) expect(end['reason']).toBe(reason);
    },
  );
});

describe('a machine without mkfifo', () => {
  it('uses socket pairs: nothing is lost at exit, and flush and finish are answered', async () => {
    const env = { PATH: '/nowhere' };
    expect((await startTrainer('exit', [dir, '3'], env).ended).code).toBe(3);
    expect(wrong(stepsOf((await stored()).rows, 'loss'), CALLS)).toStrictEqual([]);
    const { code, stdout, stderr } = await startTrainer('steady', [dir, '1', 'flush'], env).ended;
    expect({ code, stderr }).toStrictEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout.split('\n')[1] ?? '')).toMatchObject({
      flushed: { published: true },
      result: { published: true },
    });
  });
});

describe('a publisher that is killed', () => {
  it('is replaced once; the trainer goes on, warns once, and says what was lost', async () => {
    const trainer = startTrainer('steady', [dir, '4', 'flush']);
    await trainer.printed('started');
    await until('something is published', async () => {
      try {
        return stepsOf((await stored()).rows, 'loss').length > 0;
      } catch {
        return false;
      }
    });
    const [publisher = 0] = publishersOf(trainer.child.pid ?? 0);
    process.kill(publisher, 'SIGKILL');
    const { code, stderr, stdout } = await trainer.ended;
    expect(code).toBe(0);
    const warnings = stderr.trim().split('\n');
    expect(warnings[0]).toMatch(
      /^lamella: the publisher of run r died.*(?:up to \d+ calls|no call).*another one was started/,
    );
    expect(warnings.filter((line) => line.includes('died'))).toHaveLength(1);
    const { calls, result } = JSON.parse(stdout.split('\n')[1] ?? '') as {
      calls: number;
      result: { lost: number; published: boolean };
    };
    expect(result.published).toBe(result.lost === 0);
    const { rows, view } = await stored();
    const steps = new Set(stepsOf(rows, 'loss'));
    expect(view.writers).toHaveLength(2);
    // No more is missing than was told, and what is missing lies in one piece before the second publisher.
    expect(calls - steps.size).toBeLessThanOrEqual(result.lost);
    expect(steps.has(calls - 1)).toBe(true);
    if (result.lost > 0) expect(runEvent(rows, 'gap')).toMatchObject({ calls: result.lost });
  });

  it('twice ends the logging, not the training', async () => {
    const trainer = startTrainer('steady', [dir, '4']);
    await trainer.printed('started');
    const pid = trainer.child.pid ?? 0;
    for (let i = 0; i < 2; i++) {
      const before = publishersOf(pid);
      process.kill(before[0] ?? 0, 'SIGKILL');
      if (i === 0)
        await until('another publisher runs', () => publishersOf(pid).some((one) => !before.includes(one)));
    }
    const { code, stderr, stdout } = await trainer.ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^lamella: [^\n]*died[^\n]*\nlamella: [^\n]*died again[^\n]*\n/);
    const { result } = JSON.parse(stdout.split('\n')[1] ?? '') as {
      result: { published: boolean; dropped: number };
    };
    expect(result.published).toBe(false);
    expect(result.dropped).toBeGreaterThan(0);
  });
});
