/** What `init` refuses, and how it chooses what is left open. Nothing is started here. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { planRun } from '../src/run/options.ts';
import type { InitOptions } from '../src/run/options.ts';

let stderr: string[] = [];

beforeEach(() => {
  stderr = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr.push(String(text));
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const HOME = { HOME: '/home/ada' };

function refused(options: unknown): { name: string; kind: string; message: string } {
  try {
    planRun(options as InitOptions, HOME);
  } catch (error) {
    return error as { name: string; kind: string; message: string };
  }
  throw new Error('it was accepted');
}

const circular: Record<string, unknown> = {};
circular['self'] = circular;

describe('init', () => {
  it.each([
    ['nothing', undefined, /give an object such as \{project: "digits"\}, not nothing/],
    ['no project', {}, /`project` must be a string, not nothing/],
    ['an empty project', { project: ' ' }, /`project` is empty/],
    [
      'a project that is too long',
      { project: 'x'.repeat(201) },
      /`project` is too long: 200 bytes are allowed.*it has 201/,
    ],
    ['half a character', { project: '\uD800' }, /`project` holds half a character/],
    ['an id that is no string', { project: 'p', id: 7 }, /`id` must be a string, not a value of type number/],
    ['a name that is no string', { project: 'p', name: {} }, /`name` must be a string/],
    [
      'a resume that does not exist',
      { project: 'p', resume: 'yes' },
      /`resume` is "yes"; allowed: "never", "allow", "must"/,
    ],
    ['must without a run', { project: 'p', resume: 'must' }, /needs the `id` or the `name`/],
    ['a config that is a list', { project: 'p', config: [1] }, /`config` must be an object, not a list/],
    [
      'a circular config',
      { project: 'p', config: { circular } },
      /value of "circular" cannot be kept.*contains itself/,
    ],
    [
      'a config that no call can hold',
      { project: 'p', config: { a: 'x'.repeat(5 * 2 ** 20), b: 'x'.repeat(5 * 2 ** 20) } },
      /`config`, `notes`, `tags` and names have 1048\d{4} bytes together; 8388608 are allowed/,
    ],
    [
      'a config value that no call can hold',
      { project: 'p', config: { a: 'ü'.repeat(5 * 2 ** 20) } },
      /value of "a" cannot be kept: it has 10485762 bytes, 8388608 are allowed/,
    ],
    ['a reserved config name', { project: 'p', config: { _x: 1 } }, /"_x" begins with "_"/],
    ['negative seconds', { project: 'p', systemSeconds: -1 }, /`systemSeconds` must be a number/],
    ['tags that are no list', { project: 'p', tags: 'a' }, /`tags` must be a list/],
  ])('refuses %s', (_what, options, message) => {
    const error = refused(options);
    expect(error).toMatchObject({ name: 'LamellaError', kind: 'invalid' });
    expect(error.message).toMatch(message);
  });

  it('counts the bytes of an id as they stand in a name', () => {
    expect(planRun({ project: 'Ä'.repeat(33) }, HOME).hello.project).toHaveLength(33);
    expect(refused({ project: 'Ä'.repeat(34) }).message).toContain('it has 204');
    expect(refused({ project: 'A'.repeat(67) }).message).toContain('it has 201');
  });

  it('ignores an unknown option and says so once, with the known ones', () => {
    const options = { project: 'p', entity: 'me' } as InitOptions;
    planRun(options, HOME);
    planRun(options, HOME);
    expect(stderr).toHaveLength(1);
    expect(stderr[0]).toMatch(
      /^lamella: init: the option "entity" is unknown and ignored; known: project, name/,
    );
  });

  it('makes ids that begin with a letter, differ, and show the name', () => {
    const ids = new Set(Array.from({ length: 100 }, () => planRun({ project: 'p' }, HOME).hello.run));
    expect(ids.size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[a-z]+-[a-z]+-[0-9a-f]{8}$/);
    expect(planRun({ project: 'p', name: '3: LR = 0.1' }, HOME).hello).toMatchObject({
      run: expect.stringMatching(/^run-3-lr-0\.1-[0-9a-f]{8}$/),
      name: '3: LR = 0.1',
    });
  });

  it('finds a run to go on with by its name', () => {
    const first = planRun({ project: 'p', name: 'Base line', resume: 'allow' }, HOME).hello.run;
    expect(first).toBe('base-line');
    expect(planRun({ project: 'p', name: 'Base line', resume: 'must' }, HOME).hello.run).toBe(first);
  });

  it('gives the second run of every rank of a launch the same id again, another than the first', () => {
    const env = { ...HOME, RANK: '0', WORLD_SIZE: '2', TORCHELASTIC_RUN_ID: 'twice' };
    expect(planRun({ project: 'p' }, env).hello.run).toBe('torchrun-twice');
    expect(planRun({ project: 'p' }, env).hello.run).toBe('torchrun-twice-2');
    expect(planRun({ project: 'q' }, env).hello.run).toBe('torchrun-twice');
  });

  it('warns when ranks cannot agree on a run', () => {
    planRun({ project: 'p' }, { ...HOME, RANK: '0', WORLD_SIZE: '2' });
    expect(stderr.join('')).toMatch(/gives no job id that they share.*give all ranks the same `id`/);
  });

  it('has one process of a host sample its system metrics', () => {
    const env = { ...HOME, RANK: '1', WORLD_SIZE: '2', TORCHELASTIC_RUN_ID: 'x' };
    expect(planRun({ project: 'p' }, { ...env, LOCAL_RANK: '1' }).hello.systemSeconds).toBe(0);
    expect(planRun({ project: 'p' }, { ...env, LOCAL_RANK: '0' }).hello.systemSeconds).toBe(10);
    expect(planRun({ project: 'p', systemSeconds: false }, HOME).hello.systemSeconds).toBe(0);
    expect(planRun({ project: 'p' }, { ...HOME, LAMELLA_SYSTEM_SECONDS: '3' }).hello.systemSeconds).toBe(3);
  });
});
