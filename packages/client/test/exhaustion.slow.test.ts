/** A process that has nothing left to give: descriptors, a reader of its stderr, patience, a working directory. */
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRun, runEvent, stepsOf } from './stored.ts';
import { makeDirectory, startTrainer, until } from './trainer-process.ts';

let directory: ReturnType<typeof makeDirectory>;
let dir: string;

beforeEach(() => {
  directory = makeDirectory();
  dir = join(directory.path, 'store');
});

afterEach(() => directory.remove());

describe('a training process without a free descriptor', () => {
  it.each(['0', '1', '2', '3', '5'])(
    '(but %s) goes on without a publisher, and says once what to do',
    async (free) => {
      const { code, stdout, stderr } = await startTrainer('exhausted', [dir, free], {
        TMPDIR: directory.path,
      }).ended;
      expect(readdirSync(directory.path)).toStrictEqual([]);
      expect({ code, result: JSON.parse(stdout) as unknown }).toMatchObject({
        code: 0,
        result: { published: false, calls: 1, dropped: 1 },
      });
      expect(stderr.match(/no publisher could be started: [^\n]+/g)).toHaveLength(1);
    },
  );
});

describe('a training process whose stderr nobody reads any more', () => {
  it('is not ended by a warning', async () => {
    const trainer = startTrainer('values', [dir]);
    trainer.child.stderr?.destroy();
    const { code, stdout } = await trainer.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty('calls');
  });
});

describe('LAMELLA_FINISH_SECONDS=0', () => {
  it('lets the process end at once, and its publisher publish all the same', async () => {
    const { code, stderr } = await startTrainer('exit', [dir, '0'], { LAMELLA_FINISH_SECONDS: '0' }).ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^lamella: finish: 5000 of 5000 calls of run r are not published after 0 s[^\n]*\n$/,
    );
    await until('the run has an end', async () => {
      try {
        return (await readRun(dir, 'p', 'r')).view.writers.some((writer) => writer.ended);
      } catch {
        return false; // the store is not there yet
      }
    });
    const { rows } = await readRun(dir, 'p', 'r');
    expect(stepsOf(rows, 'loss')).toHaveLength(5000);
    expect(runEvent(rows, 'end')).toMatchObject({ state: 'finished' });
  });
});

describe('a training process whose working directory was deleted', () => {
  it('logs into an absolute directory', async () => {
    const gone = join(directory.path, 'gone');
    mkdirSync(gone);
    const trainer = startTrainer('removed', [dir, gone]);
    await trainer.printed('removed');
    expect((await trainer.ended).code).toBe(0);
    expect(stepsOf((await readRun(dir, 'p', 'r')).rows, 'x')).toStrictEqual([0]);
    expect(() => rmdirSync(gone)).toThrow('ENOENT');
  });

  it('is told that a relative directory is nowhere', async () => {
    const gone = join(directory.path, 'gone');
    mkdirSync(gone);
    const { code, stderr } = await startTrainer('removed', ['store', gone]).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /LamellaError: the store "store" is relative to a working directory that was deleted/,
    );
  });
});
