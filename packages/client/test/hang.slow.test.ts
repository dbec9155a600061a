/** A store that never answers, cannot be written or is not there: training goes on as if nothing were. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive, makeDirectory, publishersOf, startTrainer, until } from './trainer-process.ts';
import type { Ended } from './trainer-process.ts';

interface Told {
  readonly calls: number;
  readonly flushed?: { readonly published: boolean; readonly reason?: string };
  readonly result: { readonly published: boolean; readonly reason?: string; readonly calls: number };
  readonly finishMs: number;
  readonly median: number;
}

function told({ stdout }: Ended): Told {
  return JSON.parse(stdout.split('\n')[1] ?? '') as Told;
}

let directory: ReturnType<typeof makeDirectory>;
const undo: (() => void)[] = [];

beforeEach(() => {
  directory = makeDirectory();
});

afterEach(() => {
  for (const step of undo.splice(0).toReversed()) step();
  directory.remove();
});

/**
 * A mount on which every call waits for ever: FUSE, whose server (we) opened the device and never reads it. Closing
 * the device ends it.
 */
function mountSilence(at: string): void {
  const fd = openSync('/dev/fuse', 'r+');
  undo.push(() => closeSync(fd));
  const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other';
  const { status, stderr } = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'silence', at], {
    stdio: ['ignore', 'ignore', 'pipe', fd],
  });
  if (status !== 0) throw new Error(`mount: ${stderr.toString()}`);
  undo.push(() => execFileSync('umount', ['-l', at]));
}

const canMount = process.getuid?.() === 0 && existsSync('/dev/fuse');

async function trainOn(dir: string): Promise<{ ended: Ended; publisher: number }> {
  const trainer = startTrainer('steady', [dir, '2', 'flush'], { LAMELLA_FINISH_SECONDS: '1' });
  await trainer.printed('started');
  const [publisher = 0] = publishersOf(trainer.child.pid ?? 0);
  expect(publisher).toBeGreaterThan(0);
  return { ended: await trainer.ended, publisher };
}

/** One line per trouble, the trouble named. */
function expectGraceful(ended: Ended): void {
  expect(ended.code).toBe(0);
  const { result, flushed, calls } = told(ended);
  expect(result).toMatchObject({ published: false, calls });
  expect(flushed?.published).toBe(false);
  const lines = ended.stderr.trim().split('\n');
  expect(new Set(lines).size).toBe(lines.length);
}

describe('a store directory on which every call hangs', () => {
  it.skipIf(!canMount)(
    '(a FUSE mount; skipped without root or /dev/fuse) holds neither log nor finish nor exit',
    async () => {
      const dir = join(directory.path, 'mount');
      mkdirSync(dir);
      mountSilence(dir);
      const { ended, publisher } = await trainOn(dir);
      expectGraceful(ended);
      const { finishMs, median, result } = told(ended);
      expect(finishMs).toBeGreaterThan(900);
      expect(finishMs).toBeLessThan(5000);
      expect(median).toBeLessThan(1);
      expect(result.reason).toContain(dir);
      // It has four times as long as the trainer, and cannot exit: it kills itself.
      await until('the publisher is gone', () => !isAlive(publisher));
    },
  );

  it('(a FIFO where the store should be) is one warning, and training goes on', async () => {
    const dir = join(directory.path, 'store');
    execFileSync('mkfifo', [dir]);
    const { ended, publisher } = await trainOn(dir);
    expectGraceful(ended);
    await until('the publisher is gone', () => !isAlive(publisher));
  });

  it('(a FIFO where the project should be) is one warning, and training goes on', async () => {
    const dir = join(directory.path, 'store');
    mkdirSync(dir);
    execFileSync('mkfifo', [join(dir, 'project=p')]);
    const { ended, publisher } = await trainOn(dir);
    expectGraceful(ended);
    await until('the publisher is gone', () => !isAlive(publisher));
  });
});

describe('a store of a newer format', () => {
  beforeEach(() => {
    writeFileSync(join(directory.path, '_lamella.v2'), '');
  });

  it('is refused at once: one line says so, and no publisher stays', async () => {
    const trainer = startTrainer('terminated', [directory.path]);
    const pid = trainer.child.pid ?? 0;
    await until('the trainer says so', () => trainer.errors().includes('upgrade Lamella'));
    await until('the publisher is gone', () => publishersOf(pid).length === 0);
    expect(trainer.child.exitCode).toBe(null);
    trainer.child.kill('SIGKILL');
    const { stderr } = await trainer.ended;
    expect(stderr).toMatch(/^lamella: [^\n]*store of layout 2[^\n]*training goes on[^\n]*\n$/);
  });

  it('lets neither flush nor finish wait', async () => {
    const ended = await startTrainer('steady', [directory.path, '2', 'flush']).ended;
    const { calls, flushed, result } = told(ended);
    expect(ended.code).toBe(0);
    expect(ended.seconds).toBeLessThan(15); // the deadline is 30 s
    expect(flushed).toMatchObject({ published: false, reason: expect.stringContaining('upgrade Lamella') });
    expect(result).toMatchObject({ published: false, calls, dropped: calls });
    expect(ended.stderr).toMatch(
      /^lamella: [^\n]*store of layout 2[^\n]*upgrade Lamella[^\n]*\nlamella: finish: (\d+) of \1 calls [^\n]*\n$/,
    );
    expect(ended.stderr).toContain(directory.path);
  });

  it('is refused at once at the end of a process that did not live until its first flush', async () => {
    const ended = await startTrainer('exit', [directory.path, '3']).ended;
    expect(ended.code).toBe(3);
    expect(ended.seconds).toBeLessThan(15);
    expect(ended.stderr).toMatch(/^lamella: finish: [^\n]*store of layout 2[^\n]*\n$/);
  });
});

describe('a store directory that cannot be made', () => {
  it('(a file in the way) is one warning that names it', async () => {
    const dir = join(directory.path, 'file', 'store');
    writeFileSync(join(directory.path, 'file'), '');
    const { ended } = await trainOn(dir);
    expectGraceful(ended);
    expect(ended.stderr.split('\n').filter((line) => line.includes(dir)).length).toBeGreaterThan(0);
  });

  it('is published into as soon as it can be', async () => {
    const blocker = join(directory.path, 'store');
    writeFileSync(blocker, '');
    const trainer = startTrainer('steady', [blocker, '4', 'flush']);
    await trainer.printed('started');
    execFileSync('rm', [blocker]);
    const ended = await trainer.ended;
    expect(told(ended)).toMatchObject({
      flushed: { published: true },
      result: { published: true, calls: told(ended).calls },
    });
  });
});

describe('a store directory that is deleted in the middle of a run', () => {
  it('is not made again; one line names it, and what follows is published once somebody makes it', async () => {
    const dir = join(directory.path, 'store');
    const trainer = startTrainer('steady', [dir, '5', 'flush']);
    await trainer.printed('started');
    await until('something is published', () => existsSync(join(dir, 'project=p')));
    rmSync(dir, { recursive: true });
    await until('the publisher says so', () => trainer.errors().includes('the directory is gone'));
    expect(existsSync(dir)).toBe(false);
    mkdirSync(dir);
    const ended = await trainer.ended;
    expect(told(ended)).toMatchObject({ flushed: { published: true }, result: { published: true } });
    const lines = ended.stderr.trim().split('\n');
    expect(lines.filter((line) => line.includes('the directory is gone'))).toHaveLength(1);
  });
});
