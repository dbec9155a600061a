/** The commands in this process: output, exit codes, and what is said about wrong input. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../src/commands/command-line.ts';
import { batchOf, emptyStore, endRow, putShard, startRow, T0_US, writerId } from './stores.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function lamella(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  signal = new AbortController().signal,
): Promise<Ran> {
  let out = '';
  let err = '';
  const output = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
  };
  const code = await runCommandLine(args, { output, env, signal });
  return { code, out, err };
}

async function storeWithRuns(): Promise<string> {
  const dir = await emptyStore();
  const runs: [string, string, string][] = [
    ['digits', 'run-a', 'otter'],
    ['digits', 'run-b', 'otter'],
    ['digits', 'run-c', 'lynx'],
    ['other', 'run-d', 'lynx'],
  ];
  for (const [i, [project, run, name]] of runs.entries()) {
    const writer = writerId(i);
    const timeUs = T0_US + i * 1_000_000;
    const rows = [
      startRow({ name }, timeUs),
      { key: `metric-${run}`, step: 7, value: 1, timeUs },
      { key: 'loss', step: 7, value: 1, timeUs },
      { key: 'cpu/utilization', kind: 'system', step: null, value: 1, timeUs },
      endRow('finished', null, timeUs),
    ];
    await putShard(dir, { project, run, writer, end: true }, batchOf(writer, rows));
  }
  return dir;
}

describe('lamella list', () => {
  it('prints projects, runs and metrics as Trackio does, with more beside them', async () => {
    const dir = await storeWithRuns();
    const projects = await lamella(['list', 'projects', '--dir', dir, '--json']);
    expect(JSON.parse(projects.out)).toEqual({ projects: ['digits', 'other'] });
    const runs = JSON.parse(
      (await lamella(['list', 'runs', '--dir', dir, '--project', 'digits', '--json'])).out,
    ) as { details: unknown[] };
    expect(runs).toMatchObject({ project: 'digits', runs: ['otter', 'otter', 'lynx'] });
    expect(runs.details[2]).toMatchObject({ id: 'run-c', state: 'ended', lastStep: 7, records: 5 });
    const metrics = await lamella([
      'list',
      'metrics',
      '--dir',
      dir,
      '--project',
      'digits',
      '--run',
      'lynx',
      '--json',
    ]);
    expect(JSON.parse(metrics.out)).toMatchObject({
      project: 'digits',
      run: 'lynx',
      run_id: 'run-c',
      metrics: ['loss', 'metric-run-c'],
      system_metrics: ['cpu/utilization'],
    });
    expect(metrics).toMatchObject({ code: 0, err: '' });
  });

  it('prints tables for people', async () => {
    const dir = await storeWithRuns();
    expect((await lamella(['list', 'projects', '--dir', dir])).out).toBe('digits\nother\n');
    const { out } = await lamella(['list', 'runs', '--project', 'digits', '--dir', dir]);
    expect(out.split('\n')[0]).toMatch(/^NAME +STATE +LAST STEP/);
    expect(out).toMatch(/^otter +ended +7 +5 +1 +2026-01-01T00:00:01\.000Z +run-b$/m);
    const metrics = await lamella(['list', 'metrics', '--project', 'digits', '--dir', dir]);
    expect(metrics.out).toMatch(/^loss +number +3 +3$/m);
  });

  it('takes the latest of several runs with one name, and says so', async () => {
    const dir = await storeWithRuns();
    const ran = await lamella([
      'list',
      'metrics',
      '--dir',
      dir,
      '--project',
      'digits',
      '--run',
      'otter',
      '--json',
    ]);
    expect(JSON.parse(ran.out)).toMatchObject({ run_id: 'run-b' });
    expect(ran.err).toContain('2 runs are named "otter"');
  });

  it('takes the store from the environment', async () => {
    const dir = await storeWithRuns();
    expect((await lamella(['list', 'projects'], { TRACKIO_DIR: dir })).out).toBe('digits\nother\n');
  });

  it('says that an empty store is empty, on stderr', async () => {
    const dir = await emptyStore();
    expect(await lamella(['list', 'projects', '--dir', dir])).toEqual({
      code: 0,
      out: '',
      err: 'no projects here yet\n',
    });
    expect(JSON.parse((await lamella(['list', 'projects', '--dir', dir, '--json'])).out)).toEqual({
      projects: [],
    });
  });

  it('warns of a damaged file and shows the rest', async () => {
    const dir = await storeWithRuns();
    const path = await putShard(
      dir,
      { project: 'digits', run: 'run-c', writer: writerId(9) },
      batchOf(writerId(9), [{ key: 'x' }]),
    );
    await writeFile(path, 'damaged');
    const ran = await lamella([
      'list',
      'metrics',
      '--dir',
      dir,
      '--project',
      'digits',
      '--run',
      'run-c',
      '--json',
    ]);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject({ metrics: ['loss', 'metric-run-c'] });
    expect(ran.err).toMatch(/^Warning: run run-c: .*damaged/);
  });

  it('keeps control characters of names away from the terminal', async () => {
    const dir = await emptyStore();
    const writer = writerId(1);
    await putShard(
      dir,
      { project: 'p', run: 'r', writer },
      batchOf(writer, [startRow({ name: 'a\u001b[31mb\nc' })]),
    );
    const { out } = await lamella(['list', 'runs', '--project', 'p', '--dir', dir]);
    expect(out).toContain('a\uFFFD[31mb\uFFFDc');
    expect(out).not.toContain('\u001b');
  });
});

describe('wrong input', () => {
  it.each([
    [['list', 'runs', '--project', 'digit'], 4, 'near: "digits"'],
    [['list', 'metrics', '--project', 'digits', '--run', 'oter'], 4, 'near: "otter"'],
    [['list', 'runs'], 2, '--project is missing; projects here: "digits", "other"'],
    [['list', 'run'], 2, 'projects, runs, metrics'],
    [['list'], 2, 'projects, runs, metrics'],
    [['list', 'runs', '--project'], 2, 'lamella list --help'],
    [['list', 'runs', '--project', ''], 2, '--project is empty'],
    [['list', 'runs', '--porject', 'x'], 2, '--porject'],
    [['show', '--port', '70000'], 2, '0 (any free one) to 65535'],
    [['show', 'digits'], 2, '--project NAME'],
    [['shwo'], 2, 'show, list'],
  ])('%j ends with %i', async (args, code, part) => {
    const dir = await storeWithRuns();
    const ran = await lamella(args, { TRACKIO_DIR: dir });
    expect({ code: ran.code, out: ran.out }).toEqual({ code, out: '' });
    expect(ran.err).toMatch(/^Error: /);
    expect(ran.err).toContain(part);
    expect(ran.err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('is one JSON object on stderr with --json', async () => {
    const dir = await storeWithRuns();
    const ran = await lamella(['list', 'runs', '--project', 'nope', '--json', '--dir', dir]);
    expect(ran).toMatchObject({ code: 4, out: '' });
    expect(JSON.parse(ran.err)).toMatchObject({ kind: 'not-found' });
  });

  it('names a directory that does not exist and one of a newer format', async () => {
    const dir = await emptyStore();
    const nope = await lamella(['list', 'projects', '--dir', join(dir, 'nope')]);
    expect(nope.code).toBe(4);
    expect(nope.err).toContain(join(dir, 'nope'));
    await writeFile(join(dir, '_lamella.v9'), '');
    expect((await lamella(['list', 'projects', '--dir', dir])).code).toBe(8);
  });
});

describe('help', () => {
  it.each([
    [['--help'], 'Commands'],
    [[], 'Commands'],
    [['show', '--help'], '--port PORT'],
    [['list', '-h'], 'Examples'],
    [['help', 'list'], 'Examples'],
  ])('%j prints', async (args, part) => {
    const ran = await lamella(args);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toContain(part);
  });

  it('prints the version of the package', async () => {
    expect((await lamella(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('lamella show', () => {
  it('prints its address as JSON, serves, and stops at a signal', async () => {
    const dir = await storeWithRuns();
    const stop = new AbortController();
    const printed = Promise.withResolvers<string>();
    const ended = runCommandLine(['show', '--dir', dir, '--port', '0', '--project', 'digits', '--json'], {
      output: { out: printed.resolve, err: () => undefined },
      env: {},
      signal: stop.signal,
    });
    const { url, project } = JSON.parse(await printed.promise) as { url: string; project: string };
    expect(project).toBe('digits');
    const answer = await fetch(new URL('/api/list_projects', url), { method: 'POST' });
    expect(await answer.json()).toMatchObject({ projects: [{ name: 'digits' }, { name: 'other' }] });
    stop.abort();
    expect(await ended).toBe(0);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it('names a port that is in use', async () => {
    const dir = await emptyStore();
    const blocker = createServer();
    await new Promise<void>((resolve) => {
      blocker.listen(0, '127.0.0.1', resolve);
    });
    const { port } = blocker.address() as AddressInfo;
    const ran = await lamella(['show', '--dir', dir, '--port', String(port)]);
    blocker.close();
    expect(ran.code).toBe(6);
    expect(ran.err).toContain(`port ${port} on 127.0.0.1 is in use`);
  });
});
