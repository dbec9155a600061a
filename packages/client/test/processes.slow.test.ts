/** Several runs, ranks and processes: every one of them is a writer of its own. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listRuns, readRun, runEvent, stepsOf } from './stored.ts';
import { makeDirectory, startTrainer, until } from './trainer-process.ts';

let directory: ReturnType<typeof makeDirectory>;
let dir: string;

beforeEach(() => {
  directory = makeDirectory();
  dir = join(directory.path, 'store');
});

afterEach(() => directory.remove());

async function rank(args: readonly string[], env: Readonly<Record<string, string>>): Promise<{ id: string }> {
  const { stdout, stderr, code } = await startTrainer('rank', [dir, ...args], env).ended;
  expect({ stderr, code }).toStrictEqual({ stderr: '', code: 0 });
  return JSON.parse(stdout) as { id: string };
}

describe('ranks', () => {
  it('that share an id are one run with a writer each', async () => {
    const env = { WORLD_SIZE: '2' };
    await Promise.all([rank(['shared'], { ...env, RANK: '0' }), rank(['shared'], { ...env, RANK: '1' })]);
    expect(await listRuns(dir, 'p')).toStrictEqual(['shared']);
    const { rows, view } = await readRun(dir, 'p', 'shared');
    expect(view.writers.map((writer) => writer.ended)).toStrictEqual([true, true]);
    for (const { id } of view.writers) {
      const mine = rows.filter((row) => row.writer === id);
      const start = runEvent(mine, 'start');
      expect(start).toMatchObject({ world_size: 2, launcher: 'torchrun', name: 'shared' });
      expect(stepsOf(mine, 'loss')).toStrictEqual(Array.from({ length: 100 }, (_, step) => step));
      expect(new Set(mine.filter((row) => row.key === 'loss').map((row) => row.value))).toStrictEqual(
        new Set([start['rank']]),
      );
    }
  });

  it.each([
    ['torchrun', { TORCHELASTIC_RUN_ID: 'Job-17', WORLD_SIZE: '2' }, 'RANK', 'torchrun-job-17'],
    [
      'SLURM',
      { SLURM_JOB_ID: '4711', SLURM_STEP_ID: '0', SLURM_NTASKS: '2' },
      'SLURM_PROCID',
      'slurm-4711.0',
    ],
    [
      'MPI',
      { PMIX_NAMESPACE: 'prterun-host-12@1', OMPI_COMM_WORLD_SIZE: '2' },
      'OMPI_COMM_WORLD_RANK',
      'mpi-prterun-host-12-1',
    ],
  ])('of one launch by %s agree on an id that nobody gave', async (_launcher, env, variable, id) => {
    const ids = await Promise.all([
      rank([], { ...env, [variable]: '0' }),
      rank([], { ...env, [variable]: '1' }),
    ]);
    expect(ids.map((one) => one.id)).toStrictEqual([id, id]);
    expect((await readRun(dir, 'p', id)).view.writers).toHaveLength(2);
  });
});

describe('a resumed run', () => {
  it('goes on after its last step, as a writer of its own; given steps are as they are given', async () => {
    for (const resume of ['must', 'allow', 'never']) {
      const { code, stderr } = await startTrainer('resumed', [dir, resume]).ended;
      expect(code).toBe(0);
      expect(stderr).toMatch(
        resume === 'must' ? /there is no run once of project p in .*; a new one is begun/ : /^$/,
      );
    }
    const { rows, view } = await readRun(dir, 'p', 'once');
    expect(view.writers).toHaveLength(3);
    const steps = view.writers.map(({ id }) =>
      stepsOf(
        rows.filter((row) => row.writer === id),
        'x',
      ),
    );
    expect(steps.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[3] ?? 0) - (b[3] ?? 0))).toStrictEqual([
      [0, 1, 10, 11],
      [0, 1, 10, 11],
      [12, 13, 10, 14],
    ]);
  });
});

describe('child processes and threads', () => {
  it('of fork, cluster and worker_threads are writers of their own', async () => {
    const { stderr, code } = await startTrainer('family', [dir]).ended;
    expect({ stderr, code }).toStrictEqual({ stderr: '', code: 0 });
    await until('all four writers have ended', async () => {
      const { view } = await readRun(dir, 'p', 'family');
      return view.writers.length === 4 && view.writers.every((writer) => writer.ended);
    });
    const { rows } = await readRun(dir, 'p', 'family');
    const logged = rows.filter((row) => row.kind === 'metric');
    expect(logged.map((row) => row.key).toSorted()).toStrictEqual([
      'cluster',
      'fork',
      'parent',
      'parent',
      'thread',
    ]);
    expect(new Set(logged.map((row) => row.writer)).size).toBe(4);
  });
});

describe('the functions of the module', () => {
  it('mean the run that was begun last; a second init finishes the first', async () => {
    const { stdout, stderr, code } = await startTrainer('module', [dir]).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ published: true, calls: 2, dropped: 0, lost: 0 });
    expect(stderr.trim().split('\n')).toStrictEqual([
      'lamella: log: no run was begun, so nothing is kept; call init first',
    ]);
    const first = await readRun(dir, 'p', 'first');
    expect(runEvent(first.rows, 'end')).toMatchObject({ state: 'finished' });
    expect(first.rows.filter((row) => row.kind === 'config').map((row) => [row.key, row.data])).toStrictEqual(
      [
        ['lr', '0.1'],
        ['lr', '0.2'],
      ],
    );
    const second = await readRun(dir, 'p', 'second');
    expect(stepsOf(second.rows, 'b')).toStrictEqual([7, 8]);
    expect(
      second.rows.filter((row) => row.kind === 'config').map((row) => [row.key, row.data]),
    ).toStrictEqual([
      ['batch', '32'],
      ['nested', '{"x":[1]}'],
    ]);
  });
});
