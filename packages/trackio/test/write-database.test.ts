import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LogBatch, type LogCall, openDatabaseWriter, openTrackioDatabase } from '../src/index.ts';
import { rowsByRun } from './describe-database.ts';
import { type Scratch, scratch, unpack } from './directories.ts';

let work: Scratch;
let path = '';
let count = 0;
beforeAll(() => {
  work = scratch();
});
beforeEach(() => {
  count += 1;
  path = join(work.path, `${count}.db`);
});
afterAll(() => work.dispose());

function schemaOf(file: string): unknown[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare(`SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL`).all();
    const normal = (sql: unknown): string =>
      String(sql)
        .replaceAll('IF NOT EXISTS ', '')
        .replaceAll(/\s+/g, ' ')
        .replaceAll(/ ?([(),]) ?/g, '$1')
        .trim()
        .toLowerCase();
    return rows.map((row) => [row['type'], row['name'], normal(row['sql'])]);
  } finally {
    database.close();
  }
}

const run = { id: '0123456789abcdef0123456789abcdef', name: 'läufer 🚀' };
const call = (
  logId: string,
  step: LogCall['step'],
  values: Readonly<Record<string, number | string | null>>,
): LogCall => ({
  kind: 'metric',
  step,
  timeUs: 1_732_420_743_410_750,
  logId,
  keys: Object.keys(values),
  values: Float64Array.from(Object.values(values), (value) => (typeof value === 'number' ? value : 0)),
  isNull: Uint8Array.from(Object.values(values), (value) => (typeof value === 'number' ? 0 : 1)),
  data: Object.values(values).map((value) => (typeof value === 'string' ? value : null)),
});
const batch = (calls: readonly LogCall[], more: Partial<LogBatch> = {}): LogBatch => ({
  project: 'p',
  run,
  config: null,
  calls,
  ...more,
});

function write(...batches: readonly LogBatch[]): void {
  const writer = openDatabaseWriter({ path, filesystem: 'local', env: {} });
  try {
    expect(writer.applied.differences).toEqual([]);
    for (const one of batches) writer.write(one);
  } finally {
    writer.close();
  }
}

function reading<T>(read: (database: ReturnType<typeof openTrackioDatabase>) => T): T {
  const database = openTrackioDatabase(path);
  try {
    return read(database);
  } finally {
    database.close();
  }
}

describe('a database that Lamella makes', () => {
  it('has every table and index of Trackio 0.43, with the same definitions', () => {
    write();
    const theirs = schemaOf(join(unpack('0.43.0', work.path), 'sample-one.db'));
    const byName = (a: unknown, b: unknown): number => ((a as string[])[1]! < (b as string[])[1]! ? -1 : 1);
    expect(schemaOf(path).sort(byName)).toEqual(theirs.sort(byName));
    expect(reading(({ schema, journalMode }) => [schema.userVersion, journalMode])).toEqual([2, 'wal']);
  });

  it('gives back every value, as bytes of JSON', () => {
    write(
      batch([
        call('a', 0, {
          loss: 0.1 + 0.2,
          zero: -0,
          far: Number.POSITIVE_INFINITY,
          nan: Number.NaN,
          nothing: null,
          text: '"wörter"',
        }),
        call('b', 2n ** 62n, {
          big: '9007199254740993',
          table: '{"_type":"trackio.table","_value":[{"a":1}]}',
        }),
        call('c', 1.5, { x: 1 }),
      ]),
    );
    reading(({ logs }) => {
      const [rows] = rowsByRun(logs, 'metrics');
      expect(rows?.run).toEqual({ project: null, ...run });
      expect(rows?.steps).toEqual([0, Number(2n ** 62n), 1.5]);
      expect(rows?.times[0]).toBe('2024-11-24T03:59:03.410750+00:00');
      expect(rows?.cells.map(({ key, value }) => [key, value])).toEqual([
        ['loss', 0.1 + 0.2],
        ['zero', -0],
        ['far', Number.POSITIVE_INFINITY],
        ['nan', Number.NaN],
        ['nothing', null],
        ['text', 'wörter'],
        ['big', 9_007_199_254_740_992],
        ['table', { _type: 'trackio.table', _value: [{ a: 1 }] }],
        ['x', 1],
      ]);
    });
    const database = new DatabaseSync(path, { readOnly: true });
    const row = database
      .prepare(`SELECT typeof(metrics) AS t, CAST(metrics AS TEXT) AS j FROM metrics WHERE id = 2`)
      .get();
    expect([row?.['t'], row?.['j']]).toEqual([
      'blob',
      '{"big":9007199254740993,"table":{"_type":"trackio.table","_value":[{"a":1}]}}',
    ]);
    database.close();
  });

  it('reads a floored step with its exact one as the exact one', () => {
    write(batch([call('a', 1n, { x: 3, y: 4 })].map((one) => ({ ...one, data: ['{"_step":1.5}', null] }))));
    reading(({ logs }) =>
      expect(rowsByRun(logs, 'metrics')[0]?.cells).toEqual([
        { step: 1.5, key: 'x', value: 3 },
        { step: 1.5, key: 'y', value: 4 },
      ]),
    );
  });

  it('stores a repeated call or alert once, and numbers calls without a step after the last one', () => {
    const alert = { title: 'Alarm', text: null, level: 'warn', step: 5, timeUs: 0, alertId: 'z' } as const;
    const first = batch([call('a', 41, { x: 1 }), call('b', null, { x: 2 }), call('c', null, { x: 3 })], {
      alerts: [alert],
      config: '{"lr":0.1}',
    });
    write(first, first, batch([call('d', null, { x: 4 })], { config: '{"lr":0.2}' }));
    reading(({ logs, alerts, configs }) => {
      expect(rowsByRun(logs, 'metrics')[0]?.steps).toEqual([41, 42, 43, 44]);
      expect(alerts().map(({ title, level, step }) => [title, level, step])).toEqual([['Alarm', 'warn', 5]]);
      expect(configs().map(({ config }) => config)).toEqual(['{"lr":0.2}']);
    });
  });

  it('keeps traces in their own table, and the rest of the row', () => {
    const trace = (content: string): object => ({
      _type: 'trackio.trace',
      messages: [{ role: 'user', content }],
      metadata: { n: 12345678901234567890n.toString() },
    });
    write(
      batch([
        call('log', 11, {
          loss: 1,
          chat: JSON.stringify(trace('Frage Ü')),
          mixed: JSON.stringify([trace('a'), 7, trace('b')]),
        }),
      ]),
    );
    reading(({ logs, traces }) => {
      expect(rowsByRun(logs, 'metrics')[0]?.cells.map(({ key, value }) => [key, value])).toEqual([
        ['loss', 1],
        ['mixed', [7]],
      ]);
      expect(traces().map(({ id, key, index, step, spans }) => [id, key, index, step, spans])).toEqual([
        [`${run.id}:log:chat`, 'chat', null, 11, '[]'],
        [`${run.id}:log:mixed:0`, 'mixed', 0, 11, '[]'],
        [`${run.id}:log:mixed:2`, 'mixed', 2, 11, '[]'],
      ]);
    });
    const database = new DatabaseSync(path, { readOnly: true });
    expect(
      String(database.prepare('SELECT search_text FROM traces WHERE key = ?').get('chat')?.['search_text']),
    ).toContain('chat user frage ü');
    database.close();
  });

  it('stores nothing of a batch that fails', () => {
    const writer = openDatabaseWriter({ path, filesystem: 'local', env: {} });
    const bad = { ...call('b', 1, { x: 1 }), step: 'no' as unknown as number, logId: {} as string };
    expect(() => writer.write(batch([call('a', 0, { x: 1 }), bad]))).toThrowError(/cannot be bound/);
    writer.write(batch([call('c', 2, { x: 1 })]));
    writer.close();
    reading(({ logs }) => expect(rowsByRun(logs, 'metrics')[0]?.steps).toEqual([2]));
  });
});

describe('a database that Trackio made', () => {
  it.each(['0.36.0', '0.43.0'])('of %s is brought to the layout of 0.43 and continued', (version) => {
    path = join(unpack(version, work.path), 'sample-one.db');
    const before = reading(({ logs }) => rowsByRun(logs, 'metrics'));
    write(batch([call('new', 0, { x: 1 })]));
    reading(({ logs, schema }) => {
      const after = rowsByRun(logs, 'metrics');
      expect(after.slice(0, -1)).toEqual(before);
      expect(after.at(-1)?.run).toEqual({ project: null, ...run });
      expect(schema.userVersion).toBe(2);
      expect(schema.tables.get('traces')).toContain('spans');
    });
  });

  it.each(['0.5.0', '0.23.0'])('of %s, without run ids, is refused and left alone', (version) => {
    path = join(unpack(version, work.path), 'sample-one.db');
    const before = reading(({ schema }) => schema.tables);
    expect(() => openDatabaseWriter({ path, filesystem: 'local', env: {} })).toThrowError(
      /no run ids; open it once with Trackio/,
    );
    expect(reading(({ schema }) => schema.tables)).toEqual(before);
  });
});
