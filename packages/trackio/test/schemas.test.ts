/** Layouts for which no recorded directory exists, made as those versions made them (their own statements). */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTrackioDatabase, type TrackioDatabase } from '../src/index.ts';
import { rowsByRun, valueOf } from './describe-database.ts';
import { type Scratch, scratch } from './directories.ts';

let work: Scratch;
let count = 0;
let path = '';
beforeAll(() => {
  work = scratch();
});
beforeEach(() => {
  count += 1;
  path = join(work.path, `${count}.db`);
});
afterAll(() => work.dispose());

function make(sql: string, fill: (database: DatabaseSync) => void = () => undefined): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  fill(database);
  database.close();
}

function reading<T>(read: (database: TrackioDatabase) => T): T {
  const database = openTrackioDatabase(path);
  try {
    return read(database);
  } finally {
    database.close();
  }
}

const MODERN = `CREATE TABLE metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, timestamp TEXT NOT NULL,
  run_name TEXT NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL, log_id TEXT, space_id TEXT)`;

describe('Trackio 0.0.12: no steps, no run ids, several projects in a file', () => {
  const SQL = `CREATE TABLE metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp DATETIME DEFAULT CURRENT_TIMESTAMP,
      project_name TEXT NOT NULL, run_name TEXT NOT NULL, metrics TEXT NOT NULL);
    CREATE TABLE configs (project_name TEXT NOT NULL, run_name TEXT NOT NULL, config TEXT NOT NULL,
      created_at DATETIME DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (project_name, run_name));
    INSERT INTO configs VALUES ('my.model', 'a', '{}', '2025-06-02 09:00:00');
    INSERT INTO metrics (timestamp, project_name, run_name, metrics) VALUES
      ('2025-06-02 10:00:00', 'my.model', 'a', '{"loss": 1.0}'), ('2025-06-02 10:00:01', 'my.model', 'b', '{"loss": 5}'),
      ('2025-06-02 10:00:02', 'my.model', 'a', '{"loss": 0.5, "acc": true}'), ('2025-06-02 10:00:03', 'mymodel', 'a', '{"loss": 9}')`;

  it('numbers the rows of each run', () => {
    make(SQL);
    reading(({ logs, configs }) => {
      const runs = rowsByRun(logs, 'metrics');
      expect(runs.map(({ run, steps }) => [run, steps])).toEqual([
        [{ project: 'my.model', id: null, name: 'a' }, [0, 1]],
        [{ project: 'my.model', id: null, name: 'b' }, [0]],
        [{ project: 'mymodel', id: null, name: 'a' }, [0]],
      ]);
      expect(configs().map(({ run, config }) => [run.name, config])).toEqual([['a', '{}']]);
    });
  });

  it('goes on numbering after a cursor of another connection', () => {
    make(SQL);
    const first = reading(({ logs }) => logs.read('metrics', 0, 2).last);
    reading(({ logs }) => {
      const chunk = logs.read('metrics', first);
      expect([...chunk.step]).toEqual([1n, 0n]);
    });
  });

  it('takes its times as UTC', () => {
    make(SQL);
    reading(({ logs }) => expect(logs.read('metrics', 0).timeUs[0]).toBe(Date.UTC(2025, 5, 2, 10) * 1000));
  });
});

describe('Trackio 0.2.9: text JSON, local times, no configs', () => {
  const SQL = `CREATE TABLE metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL, run_name TEXT NOT NULL,
      step INTEGER NOT NULL, metrics TEXT NOT NULL);
    INSERT INTO metrics (timestamp, run_name, step, metrics) VALUES ('2025-07-14T11:02:03.000123', 'r', 3,
      '{"loss": 0.25, "bad": NaN, "far": -Infinity, "img": {"_type": "trackio.image", "file_path": "media/p/r/0/x.png", "file_format": "png", "caption": "NaN"}}')`;

  it('reads the bare tokens of Python’s json, and leaves texts alone', () => {
    make(SQL);
    reading(({ logs, configs }) => {
      const [run] = rowsByRun(logs, 'metrics');
      expect(run?.steps).toEqual([3]);
      expect(run?.cells.map(({ key, value }) => [key, value])).toEqual([
        ['loss', 0.25],
        ['bad', Number.NaN],
        ['far', Number.NEGATIVE_INFINITY],
        [
          'img',
          { _type: 'trackio.image', file_path: 'media/p/r/0/x.png', file_format: 'png', caption: 'NaN' },
        ],
      ]);
      expect(configs()).toEqual([]);
    });
  });

  it('takes a time without a zone as local', () => {
    make(SQL);
    reading(({ logs }) => {
      expect(logs.read('metrics', 0).timeUs[0]).toBe(new Date(2025, 6, 14, 11, 2, 3).getTime() * 1000 + 123);
    });
  });
});

describe('odd rows', () => {
  it('has steps of every storage class', () => {
    make(MODERN, (database) => {
      const insert = database.prepare(
        `INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES ('i', '', 'r', ?, '{}')`,
      );
      const blob = Buffer.alloc(8);
      blob.writeBigInt64LE(-5n);
      for (const step of [7, 1.5, -0.25, blob, '12', 'abc', 2n ** 62n, -(2n ** 63n)]) insert.run(step);
    });
    reading(({ logs }) => {
      const chunk = logs.read('metrics', 0);
      expect([...chunk.step].map((step, row) => (chunk.stepNull[row] === 1 ? null : step))).toEqual([
        7n,
        1n,
        -1n,
        -5n,
        12n,
        null,
        2n ** 62n,
        -(2n ** 63n),
      ]);
      expect([...chunk.exactStep]).toEqual([
        [1, 1.5],
        [2, -0.25],
      ]);
    });
  });

  it('has times that are none, or seconds, or of another zone', () => {
    const times = [
      '',
      'yesterday',
      '1732420743.25',
      '2026-11-24T06:39:03+02:00',
      '2026-11-24T04:39:03.5Z',
      '2026-11-24T04:39:03.410750+00:00',
    ];
    make(MODERN, (database) => {
      const insert = database.prepare(
        `INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES ('i', ?, 'r', 0, '{}')`,
      );
      for (const time of times) insert.run(time);
    });
    reading(({ logs }) => {
      const chunk = logs.read('metrics', 0);
      const at = Date.UTC(2026, 10, 24, 4, 39, 3) * 1000;
      expect([...chunk.timeUs]).toEqual([
        Number.NaN,
        Number.NaN,
        1_732_420_743_250_000,
        at,
        at + 500_000,
        at + 410_750,
      ]);
      expect([...chunk.time].map((index) => chunk.times[index])).toEqual(times);
    });
  });

  it('keeps integers that a double cannot hold', () => {
    make(MODERN, (database) => {
      database
        .prepare(
          `INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES ('i', '', 'r', 0, ?)`,
        )
        .run(
          '{"a": 9007199254740993, "b": 18446744073709551615, "c": [12345678901234567890], "d": 1e300, "e": 9007199254740991}',
        );
    });
    reading(({ logs }) => {
      const { cells } = logs.read('metrics', 0);
      expect([...cells.data]).toEqual([
        [0, '9007199254740993'],
        [1, '18446744073709551615'],
        [2, '[12345678901234567890]'],
      ]);
      expect([...cells.value.subarray(0, 5)]).toEqual([2 ** 53, 2 ** 64, 0, 1e300, 9_007_199_254_740_991]);
      expect([...cells.valueNull]).toEqual([0, 0, 1, 0, 0]);
    });
  });

  it('names rows that are not JSON objects, and reads those around them', () => {
    const rows = ['{"a": 1}', '{"a": ', '[1, 2]', 'null', '', '{"a": 2}'];
    make(MODERN, (database) => {
      const insert = database.prepare(
        `INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES ('i', '', 'r', 0, ?)`,
      );
      for (const row of rows) insert.run(row);
    });
    reading(({ logs }) => {
      const chunk = logs.read('metrics', 0);
      expect(chunk.rows).toBe(6);
      expect(chunk.unreadable).toEqual([1, 2, 3, 4]);
      expect([...chunk.cells.value]).toEqual([1, 2]);
      expect([...chunk.cells.row]).toEqual([0, 5]);
    });
  });

  it('reads a table that came from Parquet: no keys, ids in any order', () => {
    make(`CREATE TABLE metrics (id INTEGER, timestamp TEXT, run_name TEXT, step INTEGER, metrics TEXT);
      INSERT INTO metrics VALUES (9, '', 'r', 1, '{"x":1}'), (3, NULL, 'r', 2, '{"x":2}'), (5, '', NULL, NULL, NULL)`);
    reading(({ logs }) => {
      const chunk = logs.read('metrics', 0);
      expect([...chunk.rowid]).toEqual([1, 2, 3]);
      expect([...chunk.cells.value]).toEqual([1, 2]);
      expect(chunk.unreadable).toEqual([2]);
    });
  });

  it('tells runs apart by id and name together', () => {
    make(MODERN, (database) => {
      const insert = database.prepare(
        `INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, '', ?, 0, '{}')`,
      );
      for (const [id, name] of [
        ['1', 'a'],
        ['1', 'b'],
        ['2', 'a'],
        ['1', 'a'],
        ['3', ''],
      ])
        insert.run(id ?? '', name ?? '');
    });
    reading(({ logs }) => {
      const chunk = logs.read('metrics', 0);
      expect([...chunk.run]).toEqual([0, 1, 2, 0, 3]);
      expect(logs.runs.map(({ id, name }) => [id, name])).toEqual([
        ['1', 'a'],
        ['1', 'b'],
        ['2', 'a'],
        ['3', ''],
      ]);
    });
  });
});

describe('any rows', () => {
  const row = fc.record({
    name: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('a', 'b') },
      fc.string(),
      fc.constantFrom('x\u001ey', 'x\u001fy', ',', "'"),
    ),
    step: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 })),
    time: fc.oneof(fc.constantFrom('2026-11-24T04:39:03.410750+00:00', ''), fc.string()),
    values: fc.dictionary(
      fc.oneof(fc.constantFrom('loss', 'acc', '__proto__', '0'), fc.string()),
      fc.oneof(
        { weight: 5, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
        fc.constantFrom('NaN', 'Infinity', '-Infinity', true, false, null),
        fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
        fc.constant('y'.repeat(20_000)),
      ),
    ),
    blob: fc.boolean(),
  });

  it('come out as they went in, in chunks of every size', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), fc.integer({ min: 1, max: 40 }), (rows, limit) => {
        path = join(work.path, `any-${(count += 1)}.db`);
        make(`PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; ${MODERN}`, (writable) => {
          const insert = writable.prepare(
            `INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES ('i', ?, ?, ?, ?)`,
          );
          writable.exec('BEGIN');
          for (const { name, step, time, values, blob } of rows) {
            const json = JSON.stringify(values);
            insert.run(
              time.replaceAll('\0', ''),
              name.replaceAll('\0', ''),
              step,
              blob ? Buffer.from(json) : json,
            );
          }
          writable.exec('COMMIT');
        });
        reading((database) => {
          const { logs } = database;
          const out: [string, number, string, Record<string, unknown>][] = [];
          for (let after = 0; ;) {
            const chunk = logs.read('metrics', after, limit);
            if (chunk.rows === 0) break;
            expect(chunk.unreadable).toEqual([]);
            const base = out.length;
            for (let index = 0; index < chunk.rows; index += 1) {
              const step = chunk.exactStep.get(index) ?? Number(chunk.step[index]);
              out.push([
                logs.runs[chunk.run[index] ?? 0]?.name ?? '?',
                step,
                chunk.times[chunk.time[index] ?? 0] ?? '?',
                Object.create(null),
              ]);
            }
            for (let cell = 0; cell < chunk.cells.count; cell += 1) {
              const target = out[base + (chunk.cells.row[cell] ?? 0)]?.[3] ?? {};
              target[logs.keys[chunk.cells.key[cell] ?? 0] ?? '?'] = valueOf(chunk, cell);
            }
            after = chunk.last;
          }
          expectEveryKey(database, limit);
          expect(out).toEqual(
            rows.map(({ name, step, time, values }) => [
              name.replaceAll('\0', ''),
              step === 0 ? 0 : step,
              time.replaceAll('\0', ''),
              Object.assign(
                Object.create(null),
                Object.fromEntries(
                  Object.entries(JSON.parse(JSON.stringify(values)) as object).map(([key, value]) => [
                    key,
                    numberOf(value),
                  ]),
                ),
              ),
            ]),
          );
        });
      }),
      { numRuns: 60 },
    );
  });
});

/** The texts that Trackio writes for non-finite numbers are those numbers. */
function numberOf(value: unknown): unknown {
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : value;
}

/** Reading one metric of one run gives the cells that reading everything gives. */
function expectEveryKey(database: TrackioDatabase, limit: number): void {
  for (const { run, cells } of rowsByRun(database.logs, 'metrics')) {
    for (const key of new Set(cells.map((cell) => cell.key))) {
      const reader = database.readKey(run, key);
      const found: unknown[] = [];
      for (let after = 0; ;) {
        const chunk = reader.read(after, limit);
        if (chunk.rows === 0) break;
        expect([...chunk.cells.row]).toEqual(Array.from({ length: chunk.rows }, (_, index) => index));
        for (let row = 0; row < chunk.rows; row += 1) {
          const step = chunk.exactStep.get(row) ?? Number(chunk.step[row]);
          found.push({ step, key, value: valueOf(chunk, row) });
        }
        after = chunk.last;
      }
      expect(found).toEqual(cells.filter((cell) => cell.key === key));
    }
  }
}
