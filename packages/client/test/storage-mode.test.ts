/** Which mode is used, and what a flush becomes in Trackio's terms. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BatchBuilder, bytesSource } from '@lamella/store';
import { nodeCodec } from '@lamella/store/node';
import { formatTime } from '@lamella/trackio';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Hello } from '../src/pipe/frame.ts';
import { openSink } from '../src/publisher/open-sink.ts';
import { continuesDatabase, readStorageMode } from '../src/publisher/storage-mode.ts';
import { TrackioBatches } from '../src/publisher/trackio-batch.ts';
import { makeDirectory } from './trainer-process.ts';

let directory: ReturnType<typeof makeDirectory>;
let hello: Hello;

beforeEach(() => {
  directory = makeDirectory();
  hello = { dir: directory.path, project: 'My Proj', run: 'r-1', name: 'r', resume: 'never' } as Hello;
});

afterEach(() => directory.remove());

const TIME_US = 1_764_000_000_000_000;

describe('TRACKIO_STORAGE_MODE', () => {
  it.each([
    [undefined, 'parquet'],
    ['', 'parquet'],
    ['parquet', 'parquet'],
    ['sqlite', 'sqlite'],
    [' JSONL ', 'jsonl'],
    ['auto', 'auto'],
  ])('%j is %s, without a word', (value, mode) => {
    const warnings: string[] = [];
    expect(readStorageMode({ TRACKIO_STORAGE_MODE: value }, (text) => warnings.push(text))).toBe(mode);
    expect(warnings).toEqual([]);
  });

  it('of another value is parquet, and one warning names variable, value, what is allowed and what is used', () => {
    const warnings: string[] = [];
    expect(readStorageMode({ TRACKIO_STORAGE_MODE: 'postgres' }, (text) => warnings.push(text))).toBe(
      'parquet',
    );
    expect(warnings).toEqual([
      'TRACKIO_STORAGE_MODE="postgres" is not allowed (allowed: parquet, sqlite, jsonl, auto); parquet is used',
    ]);
  });

  it.each([
    ['local', 'MyProj.db', true],
    ['local', 'Other.db', false],
    ['network', 'MyProj.db', false],
    ['parallel', 'MyProj.db', false],
    ['unknown', 'MyProj.db', false],
  ])('auto on a %s disk with %s: goes on with the database: %s', async (of, file, expected) => {
    writeFileSync(join(directory.path, file), '');
    const env = { LAMELLA_FILESYSTEM_CLASS: of };
    expect(await continuesDatabase({ hello, env, tell: () => undefined })).toBe(expected);
  });

  it('auto in a directory that is not there begins with shards', async () => {
    const env = { LAMELLA_FILESYSTEM_CLASS: 'local' };
    const dir = join(directory.path, 'later');
    expect(await continuesDatabase({ hello: { ...hello, dir }, env, tell: () => undefined })).toBe(false);
  });

  it.each(['sqlite', 'jsonl'])('%s holds a flush back until it is known which run goes on', async (mode) => {
    const env = { TRACKIO_STORAGE_MODE: mode, LAMELLA_FILESYSTEM_CLASS: 'local' };
    const options = { env, tell: () => undefined };
    const store = async (run: string, isResumed: boolean): Promise<void> => {
      const sink = openSink({ hello: { ...hello, run }, ...options });
      const past = isResumed ? sink.past() : null;
      const builder = new BatchBuilder('a'.repeat(26));
      builder.add(0, 'metric', 'a', 1, TIME_US, 1, null);
      const meta = { writer: 'a'.repeat(26), first: 0, last: 0, end: true };
      const { name, bytes } = await sink.encode(builder.take(), meta);
      await sink.backend.publish(`project=p/run=r/${name}`, bytesSource(bytes, nodeCodec));
      if (past !== null) expect(await past).toEqual({ exists: true, nextStep: 2n });
      sink.close();
    };
    await store('first', false);
    await store('second', true);
    const files = readdirSync(directory.path, { recursive: true, encoding: 'utf8' });
    const texts = files
      .filter((file) => /\.(?:db|jsonl)$/.test(file))
      .map((file) => readFileSync(join(directory.path, file), 'latin1'));
    expect(texts.join('')).toContain('first');
    expect(texts.join('')).not.toContain('second');
  });

  it.each(['parquet', 'sqlite', 'jsonl', 'auto'])('%s touches nothing before the first flush', (mode) => {
    const sink = openSink({ hello, env: { TRACKIO_STORAGE_MODE: mode }, tell: () => undefined });
    sink.close();
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it('parquet imports no line of the trackio package, and no SQLite', () => {
    const script = join(directory.path, 'publish.mjs');
    const session = join(import.meta.dirname, '..', 'src', 'publisher', 'session.ts');
    writeFileSync(
      script,
      `import { registerHooks } from 'node:module';
      const seen = [];
      registerHooks({ resolve: (name, context, next) => (seen.push(name), next(name, context)) });
      const { Session } = await import(${JSON.stringify(session)});
      await new Promise((onDone) => {
        const session = new Session({ answers: { send: () => undefined }, onDeadline: () => undefined, onDone });
        session.message(1, ${JSON.stringify({ ...hello, pipe: 1, dir: join(directory.path, 'store'), config: {}, systemSeconds: 0, flushSecondsMax: null, deadlineMs: 9000, lost: null, rank: 0, worldSize: 1 })});
        session.message(7, { state: 'finished', reason: null });
      });
      console.log(JSON.stringify(seen.filter((name) => /trackio|sqlite/.test(name) && !name.startsWith('.'))));`,
    );
    const run = (mode: string): string[] => {
      const env = {
        PATH: process.env['PATH'],
        TRACKIO_STORAGE_MODE: mode,
        LAMELLA_FILESYSTEM_CLASS: 'local',
      };
      const output = execFileSync(process.execPath, ['--conditions=source', script], {
        encoding: 'utf8',
        env,
      });
      return JSON.parse(output) as string[];
    };
    expect(run('parquet')).toEqual([]);
    expect(run('auto')).toEqual([]);
    expect(run('sqlite')).toContain('@lamella/trackio');
  });
});

describe('a flush in Trackio’s terms', () => {
  function flushOf(
    ...rows: readonly [seq: number, kind: string, key: string, value: number | null, data: string | null][]
  ) {
    const builder = new BatchBuilder('a'.repeat(26));
    for (const [seq, kind, key, value, data] of rows) {
      builder.add(seq, kind, key, kind === 'metric' ? seq : null, TIME_US + seq, value, data);
    }
    return builder.take();
  }

  it('has one call for the rows of one log(), with an id of 32 hex digits that is the same at every attempt', () => {
    const flush = flushOf(
      [0, 'metric', 'a', 1, null],
      [0, 'metric', 'b', null, '"x"'],
      [1, 'system', 'cpu', 2, null],
    );
    const batches = new TrackioBatches({ formatTime }, hello);
    const first = batches.convert(flush, false);
    expect(first.calls.map(({ kind, keys, step }) => ({ kind, keys, step }))).toEqual([
      { kind: 'metric', keys: ['a', 'b'], step: 0n },
      { kind: 'system', keys: ['cpu'], step: null },
    ]);
    const ids = first.calls.map(({ logId }) => logId);
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
    expect(batches.convert(flush, false).calls.map(({ logId }) => logId)).toEqual(ids);
    expect(first.config).toBe(null);
  });

  it('has the whole config whenever it has changed, with Trackio’s own names and those of tags and notes', () => {
    const batches = new TrackioBatches({ formatTime }, hello);
    const start = JSON.stringify({ group: 'g', tags: ['t'], notes: 'n' });
    const first = batches.convert(
      flushOf([0, 'run', 'start', null, start], [1, 'config', 'lr', null, '0.1']),
      false,
    );
    const expected = {
      _Username: null,
      _Created: '2025-11-24T16:00:00+00:00',
      _Group: 'g',
      _Tags: ['t'],
      _Notes: 'n',
      lr: 0.1,
    };
    expect(JSON.parse(first.config ?? '')).toEqual(expected);
    expect(batches.convert(flushOf([2, 'metric', 'a', 1, null]), false).config).toBe(null);
    const later = batches.convert(flushOf([3, 'config', 'lr', null, '9007199254740993']), true);
    expect(later.config).toContain('"lr":9007199254740993');
    expect(later.isLast).toBe(true);
  });

  it('keeps id, name, creation and config of a run that it goes on with', () => {
    const batches = new TrackioBatches({ formatTime }, hello);
    batches.goOnWith(
      { id: '0123', name: 'before' },
      '{"_Created":"2024-01-01T00:00:00+00:00","_Group":"old","depth":3,"seed":9007199254740993,"lr":1}',
    );
    const flush = flushOf([0, 'run', 'start', null, '{"group":null}'], [1, 'config', 'lr', null, '2']);
    const { run, config } = batches.convert(flush, false);
    expect(run).toEqual({ id: '0123', name: 'before' });
    expect(config).toContain('"seed":9007199254740993');
    expect(JSON.parse(config ?? '')).toMatchObject({
      _Created: '2024-01-01T00:00:00+00:00',
      _Group: 'old',
      depth: 3,
      lr: 2,
    });
  });

  it('has an alert for calls that were not kept and for a run that failed, none for a heartbeat or a good end', () => {
    const batches = new TrackioBatches({ formatTime }, hello);
    const gap = '{"calls":3,"rows":9,"reason":"the store could not take them in time"}';
    const { alerts } = batches.convert(
      flushOf(
        [0, 'run', 'gap', null, gap],
        [1, 'run', 'alive', null, '{}'],
        [2, 'run', 'end', null, '{"state":"failed","reason":"killed"}'],
      ),
      true,
    );
    expect(alerts).toMatchObject([
      { title: 'Calls were not kept', text: '3 calls: the store could not take them in time', level: 'warn' },
      { title: 'The run failed', text: 'killed', level: 'error' },
    ]);
    expect(batches.convert(flushOf([3, 'run', 'end', null, '{"state":"finished"}']), true).alerts).toEqual(
      [],
    );
  });
});
