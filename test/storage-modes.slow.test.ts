/**
 * What the SDK writes with TRACKIO_STORAGE_MODE=sqlite and jsonl, asked of the real Trackio: it opens the database, takes in
 * the fragments, goes on with the run, and the other way round.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { startTrainer } from '../packages/client/test/trainer-process.ts';
import { runTrackio, trackioPython } from '../packages/trackio/test/trackio-venv.ts';

const FOUND = trackioPython('0.43.0');
if ('missing' in FOUND) console.warn(`SKIPPED: no real Trackio 0.43.0: ${FOUND.missing}`);
const PYTHON = 'python' in FOUND ? FOUND.python : null;
const SQLITE = { TRACKIO_STORAGE_MODE: 'sqlite', LAMELLA_FILESYSTEM_CLASS: 'local' };
const JSONL = { TRACKIO_STORAGE_MODE: 'jsonl' };

const scratch = mkdtempSync(join(tmpdir(), 'lamella-modes-'));
afterAll(() => rmSync(scratch, { recursive: true }));
let dir = '';
beforeEach(() => {
  dir = join(mkdtempSync(join(scratch, 'of-')), 'trackio');
  mkdirSync(dir);
});

const REPORT = `
import json
from trackio.sqlite_storage import SQLiteStorage as S
out = {}
for p in S.get_projects():
    for r in S.get_run_records(p):
        name, rid = r['name'], r['id']
        names = S.get_all_metrics_for_run(p, name, rid)
        values = {m: [(v['step'], v['value']) for v in S.get_metric_values(p, name, m, run_id=rid)] for m in names}
        out[rid] = {'name': name, 'config': S.get_run_config(p, name, rid), 'values': values,
                    'system': S.get_system_logs(p, name, run_id=rid), 'last': S.get_last_step(p, name, run_id=rid)}
print(json.dumps({'runs': out, 'alerts': S.get_alerts('p')}, default=str))`;

interface Report {
  readonly runs: Readonly<
    Record<
      string,
      {
        readonly name: string;
        readonly config: Readonly<Record<string, unknown>>;
        readonly values: Readonly<Record<string, readonly (readonly [step: number, value: unknown])[]>>;
        readonly system: readonly Readonly<Record<string, unknown>>[];
        readonly last: number;
      }
    >
  >;
  readonly alerts: readonly Readonly<Record<string, unknown>>[];
}

/** What Trackio says of the directory. Python writes what is no number as a bare token. */
function report(before = ''): Report {
  const text = runTrackio(PYTHON ?? '', dir, `${before}\n${REPORT}`);
  const json = text.trim().split('\n').at(-1) ?? '';
  return JSON.parse(json.replaceAll(/([ [])(NaN|-?Infinity)/g, '$1"$2"')) as Report;
}

const IMPORT = 'from trackio.fragments import import_inbox_dir; import_inbox_dir()';

describe.skipIf(PYTHON === null).each([
  ['the database of sqlite', SQLITE, ''],
  ['the fragments of jsonl', JSONL, IMPORT],
] as const)('Trackio 0.43.0 reads %s', (_what, env, before) => {
  it('with every value, step and config as they were logged', async () => {
    expect((await startTrainer('values', [dir], env).ended).code).toBe(0);
    const { runs, alerts } = report(before);
    const { r } = runs;
    expect(Object.keys(runs)).toEqual(['r']);
    expect(r?.name).toBe('r');
    expect(r?.values['nan']).toEqual([[0, 'NaN']]);
    expect(r?.values['inf']).toEqual([[0, 'Infinity']]);
    expect(r?.values['tiny']).toEqual([[0, Number.MIN_VALUE]]);
    expect(r?.values['text']).toEqual([[1, 'line\n"quoted" 🌊']]);
    expect(r?.values['yes']).toEqual([[1, true]]);
    expect(r?.values['at']?.map(([step]) => step)).toEqual([1, 100, 101, -5, 102, 2.5, 2 ** 63]);
    expect(r?.values['nested/a'] ?? r?.values['nested']).toBeDefined();
    expect(r?.system).toMatchObject([{ 'gpu/0/temp': 41 }]);
    expect(alerts.map(({ title }) => title)).toEqual(['Calls were not kept']);
  });

  it('with two runs, and the last state of a config that changed', async () => {
    await startTrainer('module', [dir], env).ended;
    const { runs } = report(before);
    const { first, second } = runs;
    expect(first?.config).toMatchObject({ lr: 0.2, _Group: null, _Username: null });
    expect(second?.config).toMatchObject({ batch: 32, nested: { x: [1] } });
    expect(second?.values['b']).toEqual([
      [7, 1],
      [8, 2],
    ]);
  });

  it('and goes on with a run that the SDK began', async () => {
    await startTrainer('exit', [dir, '0'], env).ended;
    runTrackio(
      PYTHON ?? '',
      dir,
      `${before}
import trackio
trackio.init(project='p', name='r', resume='must'); trackio.log({'loss': 0.25}); trackio.finish()`,
      { TRACKIO_STORAGE_MODE: 'sqlite' },
    );
    const { runs } = report();
    expect(Object.keys(runs)).toEqual(['r']);
    expect(runs['r']?.values['loss']).toHaveLength(5001);
    expect(runs['r']?.last).toBe(5000);
    if (before === '') expect(readdirSync(dir)).toContain('p.db');
    else expect(readdirSync(join(dir, 'inbox'))).toEqual([]);
  });
});

describe.skipIf(PYTHON === null)('the SDK goes on with what Trackio 0.43.0 began', () => {
  it('in its database: the same run, found by its name, after its last step', async () => {
    runTrackio(
      PYTHON ?? '',
      dir,
      `
import trackio
trackio.init(project='p', name='once', config={'lr': 0.5})
for i in range(3): trackio.log({'x': i})
trackio.finish()`,
      { TRACKIO_STORAGE_MODE: 'sqlite' },
    );
    const env = { TRACKIO_STORAGE_MODE: 'auto', LAMELLA_FILESYSTEM_CLASS: 'local' };
    const ended = await startTrainer('resumed', [dir, 'must'], env).ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const runs = Object.values(report().runs);
    expect(runs).toHaveLength(1);
    expect(runs[0]?.values['x']?.map(([step]) => step)).toEqual([0, 1, 2, 3, 4, 10, 11]);
    expect(runs[0]?.config).toMatchObject({ lr: 0.5 });
  });

  it('has the layout of Trackio, to the last column and index', async () => {
    await startTrainer('exit', [dir, '0'], SQLITE).ended;
    const theirs = join(dir, '..', 'theirs');
    mkdirSync(theirs);
    runTrackio(
      PYTHON ?? '',
      theirs,
      `import trackio
trackio.init(project='p', name='r'); trackio.log({'x': 1}); trackio.finish()`,
      { TRACKIO_STORAGE_MODE: 'sqlite' },
    );
    const layout = (path: string): unknown => {
      const database = new DatabaseSync(path, { readOnly: true });
      const tables = database
        .prepare(
          `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`,
        )
        .all()
        .map(({ name }) => [
          name,
          database
            .prepare('SELECT name, type, "notnull", pk FROM pragma_table_info(?) ORDER BY name')
            .all(String(name)),
        ]);
      const indices = database
        .prepare(`SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`)
        .all();
      const version = database.prepare('PRAGMA user_version').get();
      database.close();
      return { tables, indices, version };
    };
    const ours = layout(join(dir, 'p.db'));
    expect(ours).toEqual(layout(join(theirs, 'p.db')));
    expect(ours).toMatchObject({ version: { user_version: 2 } });
  });
});
