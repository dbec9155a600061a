/** The publisher's priority, as the kernel has it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readRun, stepsOf } from './stored.ts';
import { makeDirectory, publishersOf, startTrainer, until } from './trainer-process.ts';

let directory: ReturnType<typeof makeDirectory>;

beforeEach(() => {
  directory = makeDirectory();
});

afterEach(() => directory.remove());

/** Nice of every thread: field 19 of its stat, the 17th after the name in parentheses. */
function niceOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

it('the publisher stands back behind the training with all its threads, and within its session', async () => {
  const dir = join(directory.path, 'store');
  const trainer = startTrainer('steady', [dir, '3']);
  await trainer.printed('started');
  const [publisher = 0] = publishersOf(trainer.child.pid ?? 0);
  // Once something is published all threads are there, those for files, too.
  await until('something is published', async () => {
    try {
      return stepsOf((await readRun(dir, 'p', 'r')).rows, 'loss').length > 0;
    } catch {
      return false; // the store is not there yet
    }
  });
  const nice = niceOf(publisher);
  expect(nice.length).toBeGreaterThan(5);
  expect(new Set(nice)).toStrictEqual(new Set([getPriority() + 5]));
  expect(new Set(niceOf(trainer.child.pid ?? 0))).toStrictEqual(new Set([getPriority()]));
  if (existsSync(`/proc/${publisher}/autogroup`)) {
    expect(readFileSync(`/proc/${publisher}/autogroup`, 'utf8')).toMatch(/nice 5\n$/);
  }
  expect((await trainer.ended).code).toBe(0);
});
