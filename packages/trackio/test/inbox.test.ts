import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createFragmentWriter,
  databasePath,
  Inbox,
  type InboxBatch,
  type LogBatch,
  type LogChunk,
  mediaFilesOf,
  openDatabaseWriter,
  openTrackioDatabase,
  withoutImported,
} from '../src/index.ts';
import { describeSeries, valueOf } from './describe-database.ts';
import { expected, INBOX_VERSION, type Scratch, scratch, unpack } from './directories.ts';

let work: Scratch;
let directory = '';
let count = 0;
beforeAll(() => {
  work = scratch();
});
beforeEach(() => {
  count += 1;
  directory = join(work.path, String(count));
  mkdirSync(directory);
});
afterAll(() => work.dispose());

interface ExpectedRun {
  readonly project: string;
  readonly name: string;
}

/** Says of an inbox what expected.json says of it. */
function describeInbox(inbox: Inbox): unknown[] {
  const runs = inbox.runs;
  const batches = inbox.batches();
  return runs.map((run, ordinal) => {
    const cells = batches.flatMap(({ metrics }) => cellsOf(inbox, metrics, ordinal));
    const system = batches.flatMap((batch) => cellsOf(inbox, batch.system, ordinal));
    const mine = <T extends { readonly run: { readonly id: string | null } }>(items: readonly T[]): T[] =>
      items.filter((item) => item.run.id === run.id);
    const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
    const keys = [...new Set(cells.map(({ key }) => key))];
    return {
      project: batches.find(({ metrics }) => metrics.run.includes(ordinal))?.originalName,
      name: run.name,
      run_id: run.id,
      rows: batches.reduce(
        (rows, { metrics }) => rows + metrics.run.filter((other) => other === ordinal).length,
        0,
      ),
      config: JSON.parse(mine(batches.flatMap(({ configs }) => configs)).at(-1)?.config ?? 'null'),
      metrics: Object.fromEntries(
        keys
          .filter((key) => cells.some((cell) => cell.key === key && !isObject(cell.value)))
          .map((key) => {
            const {
              count: points,
              first,
              last,
              non_finite,
            } = describeSeries(cells.filter((cell) => cell.key === key)) as {
              count: number;
              first: [number, unknown];
              last: [number, unknown];
              non_finite: unknown;
            };
            const text = ([step, value]: [number, unknown]): unknown[] => [
              step,
              Number.isNaN(value) ? 'NaN' : value,
            ];
            return [key, { count: points, first: text(first), last: text(last), non_finite }];
          }),
      ),
      objects: Object.fromEntries(
        keys
          .filter((key) => cells.some((cell) => cell.key === key && isObject(cell.value)))
          .map((key) => [
            key,
            cells
              .filter((cell) => cell.key === key)
              .map(({ step, value }) => ({
                step,
                type: (value as Record<string, unknown>)['_type'],
                file_path: mediaFilesOf(value)[0],
              })),
          ]),
      ),
      traces: mine(batches.flatMap(({ traces }) => traces)).length,
      system_metrics: Object.fromEntries(
        [...new Set(system.map(({ key }) => key))].map((key) => {
          const values = system.filter((cell) => cell.key === key).map(({ value }) => value);
          return [key, { count: values.length, first: values[0], last: values.at(-1) }];
        }),
      ),
      alerts: mine(batches.flatMap(({ alerts }) => alerts)).map(({ title, text, level, step }) => ({
        title,
        text,
        level,
        step,
      })),
    };
  });
}

interface Cell {
  readonly step: number;
  readonly key: string;
  readonly value: unknown;
}

function cellsOf(inbox: Inbox, chunk: LogChunk, run: number): Cell[] {
  return Array.from({ length: chunk.cells.count }, (_, cell) => cell)
    .filter((cell) => chunk.run[chunk.cells.row[cell] ?? 0] === run)
    .map((cell) => {
      const row = chunk.cells.row[cell] ?? 0;
      return {
        step: Number(chunk.step[row]),
        key: inbox.keys[chunk.cells.key[cell] ?? 0] ?? '',
        value: valueOf(chunk, cell),
      };
    });
}

describe('an inbox of Trackio', () => {
  it('shows exactly what was logged, and is not touched', async () => {
    const known = expected(INBOX_VERSION) as {
      runs: readonly ExpectedRun[];
      fragments: readonly string[];
      files: readonly string[];
      records: number;
    };
    const path = unpack(INBOX_VERSION, directory);
    const inbox = new Inbox(path);
    const change = await inbox.refresh();
    expect(change).toMatchObject({ vanished: [], badLines: 0 });
    const byName = (a: ExpectedRun, b: ExpectedRun): number => (a.name < b.name ? -1 : 1);
    expect((describeInbox(inbox) as ExpectedRun[]).sort(byName)).toEqual([...known.runs].sort(byName));
    expect([...new Set(change.added.map(({ fragment }) => `inbox/${fragment}`))].sort()).toEqual(
      [...known.fragments].sort(),
    );
    const records = change.added.reduce(
      (sum, batch) => sum + batch.metrics.rows + batch.system.rows + batch.alerts.length,
      0,
    );
    expect(records).toBe(known.records);
    const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.map((entry) => relative(path, join(entry.parentPath, entry.name))).sort()).toEqual(
      [...known.files].sort(),
    );
    expect(await inbox.refresh()).toEqual({ added: [], vanished: [], badLines: 0 });
  });

  it('that is not there is empty', async () => {
    expect(await new Inbox(directory).refresh()).toEqual({ added: [], vanished: [], badLines: 0 });
  });
});

function putFragment(name: string, lines: readonly string[]): string {
  const path = join(directory, 'inbox', name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(`${path}.tmp`, lines.map((line) => `${line}\n`).join(''));
  renameSync(`${path}.tmp`, path);
  return path;
}

const metric = (id: string, step: number, more = ''): string =>
  `{"v":1,"kind":"metric","project":"p","run":"r","run_id":"i","metrics":{"x":${step}${more}},"step":${step},"timestamp":"2026-11-24T05:23:50+00:00","config":null,"log_id":"${id}"}`;

function steps(batches: readonly InboxBatch[]): number[] {
  return batches.flatMap(({ metrics }) => [...metrics.step].map(Number));
}

describe('fragments', () => {
  it('that come later are added, and each record counts once, whatever fragment repeats it', async () => {
    const inbox = new Inbox(directory);
    putFragment('aa/00000000.jsonl', [metric('1', 0), metric('2', 1)]);
    expect(steps((await inbox.refresh()).added)).toEqual([0, 1]);
    putFragment('bb/00000000.jsonl', [metric('2', 1), metric('3', 2)]);
    expect(steps((await inbox.refresh()).added)).toEqual([2]);
    expect(steps(inbox.batches('p'))).toEqual([0, 1, 2]);
  });

  it('skip lines that are none, and count them', async () => {
    putFragment('aa/00000000.jsonl', [
      '{"v":1',
      metric('1', 0),
      '[]',
      'null',
      '{"kind":"other","project":"p","run":"r"}',
      '{"kind":"metric","project":"","run":"r"}',
      '',
    ]);
    const change = await new Inbox(directory).refresh();
    expect(steps(change.added)).toEqual([0]);
    expect(change.badLines).toBe(5);
  });

  it('that were cut off are read again when they have grown', async () => {
    const inbox = new Inbox(directory);
    const path = putFragment('aa/00000000.jsonl', []);
    expect(steps((await inbox.refresh()).added)).toEqual([]);
    writeFileSync(path, `${metric('1', 0)}\n${metric('2', 1).slice(0, 30)}`);
    expect(steps((await inbox.refresh()).added)).toEqual([0]);
    writeFileSync(path, `${metric('1', 0)}\n${metric('2', 1)}\n`);
    await inbox.refresh();
    expect(steps(inbox.batches())).toEqual([0, 1]);
    expect((await inbox.refresh()).added).toEqual([]);
  });

  it('keep long integers, and steps and times that are missing', async () => {
    putFragment('aa/00000000.jsonl', [
      metric('1', 0, ',"big":9007199254740993'),
      '{"v":1,"kind":"metric","project":"p","run":"r","run_id":null,"metrics":{"x":1},"step":null,"timestamp":null,"log_id":null}',
    ]);
    const inbox = new Inbox(directory, () => 1_700_000_000_000);
    const [batch] = (await inbox.refresh()).added;
    expect([...(batch?.metrics.cells.data ?? [])]).toEqual([[1, '9007199254740993']]);
    expect([...(batch?.metrics.stepNull ?? [])]).toEqual([0, 1]);
    expect(batch?.metrics.timeUs[1]).toBe(1_700_000_000_000_000);
    expect(inbox.runs).toEqual([
      { project: null, id: 'i', name: 'r' },
      { project: null, id: 'r', name: 'r' },
    ]);
  });

  it('that vanish stay until the database was read anew, and are known there by their ids', async () => {
    let nowMs = 1000;
    const inbox = new Inbox(directory, () => nowMs);
    const path = putFragment('aa/00000000.jsonl', [metric('1', 0), metric('2', 1)]);
    await inbox.refresh();
    const writer = openDatabaseWriter({ path: databasePath(directory, 'p'), filesystem: 'local', env: {} });
    writer.write({
      project: 'p',
      run: { id: 'i', name: 'r' },
      config: null,
      calls: [{ kind: 'metric', step: 0, timeUs: 0, logId: '1', keys: ['x'], values: Float64Array.of(0) }],
    });
    const database = openTrackioDatabase(databasePath(directory, 'p'));
    const left = (): number[] =>
      steps(
        inbox
          .batches('p')
          .map((batch) => withoutImported(batch, database))
          .filter((batch) => batch !== null),
      );
    expect(left()).toEqual([1]);
    rmSync(path);
    nowMs = 2000;
    expect((await inbox.refresh()).vanished).toEqual(['aa/00000000.jsonl']);
    expect((await inbox.refresh()).vanished).toEqual([]);
    inbox.forget('p', 1999);
    expect(left()).toEqual([1]);
    writer.write({
      project: 'p',
      run: { id: 'i', name: 'r' },
      config: null,
      calls: [{ kind: 'metric', step: 1, timeUs: 0, logId: '2', keys: ['x'], values: Float64Array.of(1) }],
    });
    expect(left()).toEqual([]);
    inbox.forget('other', 5000);
    expect(inbox.batches()).toHaveLength(1);
    inbox.forget('p', 2000);
    expect(inbox.batches()).toEqual([]);
    database.close();
    writer.close();
  });
});

describe('a fragment writer', () => {
  it('writes what Trackio wrote, byte for byte', async () => {
    const original = unpack(INBOX_VERSION, directory);
    const texts = new Map<string, string>();
    for (const writer of readdirSync(join(original, 'inbox'))) {
      const names = readdirSync(join(original, 'inbox', writer)).sort();
      texts.set(
        writer,
        names.map((name) => readFileSync(join(original, 'inbox', writer, name), 'utf8')).join(''),
      );
    }
    for (const [id, text] of texts) {
      const target = join(directory, `again-${id}`);
      const writer = createFragmentWriter(target, id);
      const records = text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      await writer.write(toBatch(records));
      const written = readdirSync(join(target, 'inbox', id)).sort();
      const lines = written.flatMap((name) =>
        readFileSync(join(target, 'inbox', id, name), 'utf8')
          .trim()
          .split('\n'),
      );
      const kinds = ['metric', 'system_metric', 'alert'];
      // JavaScript has one kind of number: 1.0 is written as 1.
      const wanted = kinds.flatMap((kind) =>
        text
          .trim()
          .split('\n')
          .filter((line) => line.includes(`"kind":"${kind}"`)),
      );
      expect(lines).toEqual(wanted.map((line) => line.replaceAll(/(?<=[:,[])(-?\d+)\.0(?=[,}\]])/g, '$1')));
      expect(written).toEqual(['00000000.jsonl', '00000001.jsonl', '00000002.jsonl']);
    }
  });

  it('goes on when its folder was taken away, as Trackio does after an import', async () => {
    const writer = createFragmentWriter(directory);
    const batch: LogBatch = {
      project: 'p',
      run: { id: 'i', name: 'r' },
      config: null,
      calls: [
        {
          kind: 'system',
          step: null,
          timeUs: 1,
          logId: 'a',
          keys: ['cpu'],
          values: Float64Array.of(Number.NaN),
        },
      ],
    };
    expect(await writer.write(batch)).toHaveLength(1);
    rmSync(join(directory, 'inbox'), { recursive: true });
    const [path] = await writer.write(batch);
    expect(path).toBe(join(directory, 'inbox', writer.id, '00000001.jsonl'));
    expect(JSON.parse(readFileSync(path ?? '', 'utf8'))).toMatchObject({
      metrics: { cpu: 'NaN' },
      timestamp: '1970-01-01T00:00:00.000001+00:00',
    });
    cpSync(path ?? '', join(directory, 'copy'));
  });
});

/** The batch that would become those records. */
function toBatch(records: readonly Record<string, unknown>[]): LogBatch {
  const [first] = records;
  const us = (text: unknown): number => {
    const [seconds = '', fraction = '0'] = String(text).replace('+00:00', '').split('.');
    return Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, '0'));
  };
  return {
    project: String(first?.['project']),
    run: { id: String(first?.['run_id']), name: String(first?.['run']) },
    config: JSON.stringify(
      records.find(({ config }) => config !== null && config !== undefined)?.['config'] ?? null,
    ),
    calls: records
      .filter(({ kind }) => kind !== 'alert')
      .map((record) => {
        const values = Object.entries(record['metrics'] as object) as [string, unknown][];
        return {
          kind: record['kind'] === 'metric' ? 'metric' : 'system',
          step: (record['step'] as number | undefined) ?? null,
          timeUs: us(record['timestamp']),
          logId: String(record['log_id']),
          keys: values.map(([key]) => key),
          values: Float64Array.from(values, ([, value]) => Number(value)),
          data: values.map(([, value]) => (typeof value === 'object' ? JSON.stringify(value) : null)),
          isNull: Uint8Array.from(values, ([, value]) => (typeof value === 'object' ? 1 : 0)),
        };
      }),
    alerts: records
      .filter(({ kind }) => kind === 'alert')
      .map((record) => ({
        title: String(record['title']),
        text: record['text'] as string | null,
        level: record['level'] as 'error',
        step: record['step'] as number,
        timeUs: us(record['timestamp']),
        alertId: String(record['alert_id']),
      })),
  };
}
