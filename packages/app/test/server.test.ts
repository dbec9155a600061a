/** A real server over real stores, through real HTTP. */
import { request as httpRequest } from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openStore } from '@lamella/store/node';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { LiveChange, Procedures, SeriesAnswer } from '../src/procedures/types.ts';
import { startServer } from '../src/server/start.ts';
import type { RunningServer } from '../src/server/start.ts';
import { decodeColumns } from './decode-columns.ts';
import { batchOf, emptyStore, endRow, putShard, startRow, T0_US, writerId } from './stores.ts';

async function serve(dir: string, dashboard?: string): Promise<RunningServer> {
  const troubles: string[] = [];
  const server = await startServer({
    dir,
    port: 0,
    onTrouble: (message) => troubles.push(message),
    ...(dashboard ? { dashboard } : {}),
  });
  onTestFinished(async () => {
    await server.close();
    expect(troubles).toEqual([]);
  });
  return server;
}

async function call<Name extends keyof Procedures>(
  server: RunningServer,
  name: Name,
  body: Procedures[Name]['request'],
): Promise<Procedures[Name]['answer']> {
  const response = await post(server, name, JSON.stringify(body));
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as Procedures[Name]['answer'];
}

function post(
  server: RunningServer,
  name: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${server.url}/api/${name}`, { method: 'POST', body, headers });
}

/** Two ranks of a finished run. */
async function putDigits(dir: string): Promise<void> {
  for (const rank of [0, 1]) {
    const writer = writerId(rank);
    const rows = [
      startRow({ name: 'quiet-otter', group: 'sweep', rank, world_size: 2 }),
      { kind: 'config', key: 'lr', step: null, value: rank, data: String(rank === 0 ? 0.1 : 0.9) },
      ...[0, 1, 2, 3].map((step) => ({
        key: 'train/loss',
        step,
        value: step === 2 ? Number.NaN : 4 - step,
        timeUs: T0_US + step * 1_000_000,
      })),
      { key: 'confusion', step: 3, data: '{"_type":"trackio.table","_value":[{"a":1}]}' },
      { kind: 'system', key: 'cpu/utilization', step: null, value: 50 },
      endRow('finished', null, T0_US + 4_000_000),
    ];
    await putShard(dir, { project: 'digits', run: 'run-1', writer, end: true }, batchOf(writer, rows));
  }
}

/** One server over the digits for all tests that only read: each start costs a DuckDB and a thread. */
let shared: { readonly server: RunningServer; readonly dir: string } | undefined;
async function digits(): Promise<RunningServer> {
  if (shared === undefined) {
    const dir = await mkdtemp(join(tmpdir(), 'lamella-test-'));
    await openStore(dir, { create: true });
    await putDigits(dir);
    shared = { server: await startServer({ dir, port: 0 }), dir };
  }
  return shared.server;
}
afterAll(async () => {
  if (shared === undefined) return;
  await shared.server.close();
  await rm(shared.dir, { recursive: true, force: true });
});

describe('procedures over HTTP', () => {
  it('list an empty store', async () => {
    const server = await serve(await emptyStore());
    expect(await call(server, 'list_projects', {})).toEqual({ projects: [] });
  });

  it('list projects, runs and metrics', async () => {
    const server = await digits();
    const lastActivity = T0_US / 1000 + 4000;
    expect(await call(server, 'list_projects', {})).toEqual({
      projects: [{ name: 'digits', runs: 1, lastActivity }],
    });
    const { runs } = await call(server, 'list_runs', { project: 'digits' });
    expect(runs).toEqual([
      {
        id: 'run-1',
        name: 'quiet-otter',
        group: 'sweep',
        state: 'ended',
        stateReason: 'every writer published its end',
        startedAt: T0_US / 1000,
        lastActivity,
        lastStep: 3,
        writers: 2,
        records: 18,
        config: { lr: 0.1 },
        problems: [],
      },
    ]);
    expect(await call(server, 'list_projects', {})).toEqual({
      projects: [{ name: 'digits', runs: 1, lastActivity }],
    });
    expect((await call(server, 'list_metrics', { project: 'digits' })).metrics).toEqual([
      { name: 'confusion', kind: 'metric', type: 'data', points: 2, runs: 1 },
      { name: 'train/loss', kind: 'metric', type: 'number', points: 8, runs: 1 },
      { name: 'cpu/utilization', kind: 'system', type: 'number', points: 2, runs: 1 },
    ]);
  });

  it('answer series as JSON and as binary columns alike', async () => {
    const server = await digits();
    const asked = {
      project: 'digits',
      runs: ['run-1'],
      metrics: ['train/loss'],
      x: 'step',
      buckets: 3,
    } as const;
    const json = await call(server, 'series', asked);
    const accept = { accept: 'application/x-lamella-columns' };
    const response = await post(server, 'series', JSON.stringify(asked), accept);
    expect(response.headers.get('content-type')).toBe('application/x-lamella-columns');
    const binary: SeriesAnswer = decodeColumns(new Uint8Array(await response.arrayBuffer()));
    expect(binary.grids).toEqual([{ metric: 'train/loss', from: 0, to: 3, buckets: 3, log: false }]);
    expect(binary.entries[0]).toMatchObject({
      mode: 'buckets',
      x: Float64Array.of(0, 1, 3),
      first: Float64Array.of(4, 3, Number.NaN),
      last: Float64Array.of(4, 3, 1),
      mean: Float64Array.of(4, 3, 1),
      count: Float64Array.of(2, 2, 4),
      nan: Float64Array.of(0, 0, 2),
    });
    const { cursor, ...plain } = JSON.parse(JSON.stringify(json)) as Record<string, unknown> & {
      cursor: number;
    };
    expect(cursor).toBe(binary.cursor);
    expect(plain).toMatchObject({ entries: [{ first: [4, 3, 'NaN'], count: [2, 2, 4] }] });
  });

  it('answer relative time in seconds since the first record of the run', async () => {
    const server = await digits();
    const asked = {
      project: 'digits',
      runs: ['run-1'],
      metrics: ['train/loss'],
      x: 'relative',
      range: [1, 1.5],
      buckets: 100,
    } as const;
    const { entries } = await call(server, 'series', asked);
    expect(entries).toMatchObject([{ mode: 'points', x: [1, 1], value: [3, 3] }]);
  });

  it('answer the latest values of a key, oldest first', async () => {
    const dir = await emptyStore();
    const rows = Array.from({ length: 5 }, (_, i) => ({
      key: 'note',
      step: i,
      data: JSON.stringify(`n${i}`),
    }));
    await putShard(dir, { project: 'p', run: 'r', writer: writerId(1) }, batchOf(writerId(1), rows));
    const server = await serve(dir);
    const { values } = await call(server, 'values', { project: 'p', run: 'r', metric: 'note', limit: 2 });
    expect(values).toEqual([
      { step: 3, time: T0_US / 1000 + 3, data: 'n3' },
      { step: 4, time: T0_US / 1000 + 4, data: 'n4' },
    ]);
  });

  it('keep the digits of integers that a double cannot hold', async () => {
    const dir = await emptyStore();
    const seed = '14695981039346656037';
    const rows = [
      startRow(),
      { kind: 'config', key: 'seed', step: null, value: Number(seed), data: seed },
      { key: 'ids', step: 1, data: `[${seed},-9007199254740993,3,1.25,"12345678901234567890",1e30]` },
    ];
    await putShard(dir, { project: 'p', run: 'r', writer: writerId(1) }, batchOf(writerId(1), rows));
    const server = await serve(dir);
    const { runs } = await call(server, 'list_runs', { project: 'p' });
    expect(runs[0]?.config).toEqual({ seed });
    const { values } = await call(server, 'values', { project: 'p', run: 'r', metric: 'ids' });
    expect(values[0]?.data).toEqual([seed, '-9007199254740993', 3, 1.25, '12345678901234567890', 1e30]);
  });

  it.each([
    ['nope', '{}', 404, 'not-found', 'list_projects, list_runs'],
    ['list_runs', '{}', 400, 'invalid', 'field "project"'],
    ['list_runs', '{"project":1}', 400, 'invalid', 'field "project"'],
    ['list_runs', '{', 400, 'invalid', 'not JSON'],
    ['list_runs', '[]', 400, 'invalid', 'the body'],
    ['list_runs', '{"project":"digit"}', 404, 'not-found', 'near: "digits"'],
    ['list_metrics', '{"project":"digits","runs":["run-2"]}', 404, 'not-found', 'near: "run-1"'],
    ['values', '{"project":"digits","run":"x","metric":"m"}', 404, 'not-found', 'run-1'],
    [
      'series',
      '{"project":"digits","runs":[],"metrics":["m"],"x":"step","buckets":0}',
      400,
      'invalid',
      'buckets',
    ],
    [
      'series',
      '{"project":"digits","runs":[],"metrics":["m"],"x":"step","buckets":9,"range":[2,1]}',
      400,
      'invalid',
      'range',
    ],
    [
      'series',
      '{"project":"digits","runs":["run-1"],"metrics":["m"],"x":"step","buckets":9,"kind":"system"}',
      400,
      'invalid',
      'no step',
    ],
  ])('%s %s is answered with %i', async (name, body, status, kind, part) => {
    const server = await digits();
    const response = await post(server, name, body);
    const answer = (await response.json()) as { error: string; kind: string };
    expect({ status: response.status, kind: answer.kind }).toEqual({ status, kind });
    expect(answer.error).toContain(part);
  });

  it('refuse a body beyond the limit', async () => {
    const server = await serve(await emptyStore());
    const response = await post(server, 'list_runs', JSON.stringify({ project: 'x'.repeat(2_000_000) }));
    expect(response.status).toBe(400);
  });
});

describe('hostile names', () => {
  it('are data, in SQL, in answers and in paths', async () => {
    const dir = await emptyStore();
    const names = [
      `'; DROP TABLE p0.points; --`,
      '../../etc',
      '<script>alert(1)</script>',
      '😀 ü',
      '"quoted"',
      '%27',
      '__proto__',
    ];
    for (const [i, name] of names.entries()) {
      const writer = writerId(i);
      await putShard(
        dir,
        { project: names[0]!, run: name, writer },
        batchOf(writer, [startRow({ name }), { key: name, value: i }]),
      );
    }
    const server = await serve(dir);
    const project = names[0]!;
    const { runs } = await call(server, 'list_runs', { project });
    expect(new Set(runs.map(({ id }) => id))).toEqual(new Set(names));
    expect(new Set(runs.map(({ name }) => name))).toEqual(new Set(names));
    const { metrics } = await call(server, 'list_metrics', { project });
    expect(new Set(metrics.map(({ name }) => name))).toEqual(new Set(names));
    const { entries } = await call(server, 'series', {
      project,
      runs: names,
      metrics: names,
      x: 'step',
      buckets: 10,
    });
    expect(entries).toHaveLength(names.length);
  });
});

describe('a damaged or foreign file among the shards', () => {
  it('is reported with its run, and the rest is shown', async () => {
    const dir = await emptyStore();
    const good = await putShard(
      dir,
      { project: 'p', run: 'r', writer: writerId(1) },
      batchOf(writerId(1), [{ key: 'm', value: 1 }]),
    );
    const { name } = { name: good.slice(good.lastIndexOf('/') + 1) };
    await writeFile(join(dirname(good), name.replace(writerId(1), writerId(2))), 'not parquet');
    await writeFile(join(dirname(good), 'notes.txt'), 'hello');
    await mkdir(join(dir, 'lost+found'));
    await mkdir(join(dir, 'project=empty', 'run=nothing'), { recursive: true });
    const server = await serve(dir);
    const { runs } = await call(server, 'list_runs', { project: 'p' });
    expect(runs).toHaveLength(1);
    expect(runs[0]!.records).toBe(1);
    expect(runs[0]!.problems).toHaveLength(1);
    expect(runs[0]!.problems[0]).toContain(writerId(2));
    const empty = await call(server, 'list_runs', { project: 'empty' });
    expect(empty.runs.every(({ state, records }) => state === 'silent' && records === 0)).toBe(true);
  });
});

describe('live changes', () => {
  it('tell which run and metric got points, and what was missed', async () => {
    const dir = await emptyStore();
    const writer = writerId(1);
    const place = { project: 'p', run: 'r', writer };
    await putShard(dir, place, batchOf(writer, [startRow({ name: 'n' }), { key: 'loss', value: 1 }]));
    const server = await serve(dir);
    const asked = { project: 'p', runs: ['r'], metrics: ['loss'], x: 'step', buckets: 10 } as const;
    const { cursor } = await call(server, 'series', asked);
    const live = await listen(`${server.url}/api/live?project=p&cursor=${cursor}`);
    await putShard(
      dir,
      { ...place, first: 1 },
      batchOf(writer, [{ key: 'loss', seq: 2, step: 2, value: 2 }]),
    );
    const change = await live.next();
    expect(change).toEqual({ cursor: cursor + 1, runs: [{ run: 'r', metrics: ['loss'] }], all: false });
    const { entries } = await call(server, 'series', asked);
    expect(entries).toMatchObject([{ value: [1, 2] }]);
    const missed = await listen(`${server.url}/api/live?project=p`, { 'last-event-id': String(cursor) });
    expect(await missed.next()).toEqual(change);
    const foreign = await listen(`${server.url}/api/live?project=p&cursor=7`);
    expect(await foreign.next()).toMatchObject({ all: true });
  });

  it('end when the server closes', async () => {
    const dir = await emptyStore();
    await putDigits(dir);
    const server = await startServer({ dir, port: 0 });
    const live = await listen(`${server.url}/api/live?project=digits`);
    await server.close();
    expect(await live.next()).toBeNull();
  });

  it.each([
    ['', 400],
    ['project=nope', 404],
    ['project=digits&cursor=soon', 400],
  ])('refuse ?%s', async (query, status) => {
    const server = await digits();
    expect((await fetch(`${server.url}/api/live?${query}`)).status).toBe(status);
  });
});

interface Live {
  /** The next change; null when the stream has ended. */
  next(): Promise<LiveChange | null>;
}

async function listen(url: string, headers: Record<string, string> = {}): Promise<Live> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const response = await fetch(url, { headers, signal: stop.signal });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  return {
    async next() {
      for (;;) {
        const end = buffer.indexOf('\n\n');
        if (end >= 0) {
          const event = buffer.slice(0, end);
          buffer = buffer.slice(end + 2);
          const data = event.split('\n').find((line) => line.startsWith('data: '));
          if (data && event.includes('event: change')) {
            return JSON.parse(data.slice(6)) as LiveChange;
          }
          continue;
        }
        const { value, done } = await reader.read();
        if (done) {
          return null;
        }
        buffer += value;
      }
    },
  };
}

describe('the page', () => {
  it('is served with its files, a fallback, and headers that forbid what is not ours', async () => {
    const folder = join(await emptyStore(), 'dashboard');
    await mkdir(join(folder, 'assets'), { recursive: true });
    await writeFile(join(folder, 'index.html'), '<!doctype html><title>Lamella</title>');
    await writeFile(join(folder, 'assets', 'index-abcd1234.js'), 'export {};');
    const server = await serve(await emptyStore(), folder);
    // Hidden runs are named in the address: two thousand of them are a long one.
    const long = `/?hide=${'quiet-otter-3f2a%2C'.repeat(2000)}`;
    for (const path of ['/', '/project/x?run=1', long]) {
      const page = await fetch(server.url + path);
      expect(await page.text()).toContain('<title>Lamella</title>');
      expect(page.headers.get('cache-control')).toBe('no-cache');
      const policy = page.headers.get('content-security-policy');
      expect(policy).toContain("default-src 'self'");
      expect(policy).not.toContain('unsafe');
      expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    }
    const asset = await fetch(`${server.url}/assets/index-abcd1234.js`);
    expect(asset.headers.get('content-type')).toContain('text/javascript');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect((await fetch(`${server.url}/assets/gone-abcd1234.js`)).status).toBe(404);
    expect((await fetch(`${server.url}/..%2f_lamella.v1`)).status).toBe(404);
    expect((await fetch(`${server.url}/assets%2f..%2f..%2f_lamella.v1`)).status).toBe(404);
  });

  it('refuses names that were rebound to loopback, and calls from other sites', async () => {
    const server = await serve(await emptyStore());
    expect(await statusFor(server, { host: 'evil.example' })).toBe(400);
    expect(await statusFor(server, { host: 'localhost:1' })).toBe(200);
    expect(await statusFor(server, { 'sec-fetch-site': 'cross-site' })).toBe(400);
    expect(await statusFor(server, { 'sec-fetch-site': 'same-origin' })).toBe(200);
  });
});

function statusFor(server: RunningServer, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${server.url}/api/list_projects`,
      { method: 'POST', headers },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('error', reject);
    request.end('{}');
  });
}

describe('starting', () => {
  it('says which port is in use and what to do', async () => {
    const dir = await emptyStore();
    const server = await serve(dir);
    const port = Number(new URL(server.url).port);
    await expect(startServer({ dir, port })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining(`port ${port}`) as string,
    });
  });

  it('takes the next free port when none is asked for', async () => {
    const dir = await emptyStore();
    const ports: number[] = [];
    for (let i = 0; i < 2; i++) {
      const server = await startServer({ dir });
      onTestFinished(() => server.close());
      ports.push(Number(new URL(server.url).port));
    }
    expect(ports[1]).toBeGreaterThan(ports[0]!);
    expect(ports.every((port) => port >= 7860 && port < 7960)).toBe(true);
  });

  it('refuses a directory that does not exist, and one of a newer format', async () => {
    const dir = await emptyStore();
    await expect(startServer({ dir: join(dir, 'nope'), port: 0 })).rejects.toMatchObject({
      kind: 'not-found',
    });
    await writeFile(join(dir, '_lamella.v2'), '');
    await expect(startServer({ dir, port: 0 })).rejects.toMatchObject({ kind: 'unsupported' });
  });

  it('forgets callers that go away, and says nothing of it', async () => {
    const dir = await emptyStore();
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ key: `m${i % 10}`, seq: i, value: i }));
    await putShard(dir, { project: 'p', run: 'r', writer: writerId(1) }, batchOf(writerId(1), rows));
    const server = await serve(dir);
    await call(server, 'list_runs', { project: 'p' });
    const metrics = Array.from({ length: 10 }, (_, i) => `m${i}`);
    const asked = { project: 'p', runs: ['r'], metrics, x: 'step', buckets: 1000, logX: true } as const;
    const gone = Array.from({ length: 12 }, async (_, i) => {
      const leave = AbortSignal.timeout(5 + i * 5);
      const body = JSON.stringify(asked);
      await fetch(`${server.url}/api/series`, { method: 'POST', body, signal: leave });
    });
    await Promise.allSettled(gone);
    expect((await call(server, 'series', asked)).entries).toHaveLength(10);
  });

  it('answers many callers at once', async () => {
    const dir = await emptyStore();
    await putDigits(dir);
    const server = await serve(dir);
    const asked = {
      project: 'digits',
      runs: ['run-1'],
      metrics: ['train/loss'],
      x: 'step',
      buckets: 2,
    } as const;
    const answers = await Promise.all(Array.from({ length: 40 }, () => call(server, 'series', asked)));
    expect(answers.every(({ entries }) => entries.length === 1)).toBe(true);
  });
});
