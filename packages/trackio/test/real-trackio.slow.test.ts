/** Against the real Trackio from PyPI: what it opens of ours, and what we show of it while it writes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  canonicalProjectName,
  createFragmentWriter,
  databasePath,
  Inbox,
  type LogBatch,
  openDatabaseWriter,
  openTrackioDatabase,
  TrackioSource,
  withoutImported,
} from '../src/index.ts';
import { rowsByRun } from './describe-database.ts';
import { type Scratch, scratch, unpack } from './directories.ts';
import { runTrackio, trackioEnvironment, trackioPythons } from './trackio-venv.ts';

const PYTHONS = trackioPythons();
const NEWEST = PYTHONS[0]?.python ?? null;

let work: Scratch;
let directory = '';
let count = 0;
beforeAll(() => {
  work = scratch();
});
beforeEach(() => {
  count += 1;
  directory = join(work.path, String(count), 'trackio');
  mkdirSync(directory, { recursive: true });
});
afterAll(() => work.dispose());

const RUN = { id: '0123456789abcdef0123456789abcdef', name: 'läufer 🚀' };
const TIME_US = 1_764_000_000_000_000;
const hex = (kind: string, n: number): string => `${kind}${n.toString(16)}`.padStart(32, '0');

function sample(): LogBatch {
  return {
    project: 'My Project ü',
    run: RUN,
    config: '{"lr":0.1,"note":"Übung","_Username":null,"_Created":"2025-11-24T16:00:00+00:00","_Group":null}',
    calls: [
      ...Array.from({ length: 20 }, (_, step) => ({
        kind: 'metric' as const,
        step,
        timeUs: TIME_US + step * 1_000_001,
        logId: hex('a', step),
        keys: ['loss', 'acc'],
        values: Float64Array.of(step === 5 ? Number.NaN : 1 / (step + 1), step / 20),
      })),
      {
        kind: 'metric',
        step: 20n,
        timeUs: TIME_US + 30_000_000,
        logId: hex('a', 20),
        keys: ['loss', 'note', 'chat'],
        values: Float64Array.of(0.5, 0, 0),
        isNull: Uint8Array.of(0, 1, 1),
        data: [
          null,
          '"wörter"',
          '{"_type":"trackio.trace","messages":[{"role":"user","content":"Frage"}],"metadata":{}}',
        ],
      },
      {
        kind: 'system',
        step: null,
        timeUs: TIME_US,
        logId: hex('b', 0),
        keys: ['cpu/utilization'],
        values: Float64Array.of(3.5),
      },
    ],
    alerts: [{ title: 'Alarm', text: 'ü', level: 'error', step: 5, timeUs: TIME_US, alertId: hex('c', 0) }],
  };
}

const REPORT = `
import json
from trackio.sqlite_storage import SQLiteStorage as S
p = 'My Project ü'
[run] = S.get_run_records(p)
name, rid = run['name'], run['id']
print(json.dumps({
  'projects': S.get_projects(), 'run': run, 'runs': S.get_runs(p), 'config': S.get_run_config(p, name, rid),
  'metrics': S.get_all_metrics_for_run(p, name, rid),
  'loss': S.get_metric_values(p, name, 'loss', run_id=rid), 'note': S.get_metric_values(p, name, 'note', run_id=rid),
  'system': S.get_system_logs(p, name, run_id=rid), 'alerts': S.get_alerts(p),
  'traces': [(t['key'], t['messages']) for t in S.get_traces(p, run=name, run_id=rid)], 'last': S.get_last_step(p, name, run_id=rid),
}, default=str))`;

function expectSample(report: Record<string, unknown>): void {
  const loss = report['loss'] as { step: number; value: number; timestamp: string }[];
  expect(report['projects']).toEqual(['MyProjectü']);
  expect(report['runs']).toEqual([RUN.name]);
  expect(report['run']).toEqual({ id: RUN.id, name: RUN.name, created_at: '2025-11-24T16:00:00+00:00' });
  expect(report['config']).toEqual(JSON.parse(sample().config ?? ''));
  expect(report['metrics']).toEqual(['acc', 'loss', 'note']);
  expect(loss.map(({ step }) => step)).toEqual(Array.from({ length: 21 }, (_, step) => step));
  expect(loss.map(({ value }) => value)).toEqual([
    ...Array.from({ length: 20 }, (_, step) => (step === 5 ? Number.NaN : 1 / (step + 1))),
    0.5,
  ]);
  expect(loss[1]?.timestamp).toBe('2025-11-24T16:00:01.000001+00:00');
  expect(report['note']).toMatchObject([{ step: 20, value: 'wörter' }]);
  expect(report['system']).toMatchObject([{ 'cpu/utilization': 3.5 }]);
  expect(report['alerts']).toMatchObject([{ title: 'Alarm', text: 'ü', level: 'error', step: 5 }]);
  expect(report['traces']).toEqual([['chat', [{ role: 'user', content: 'Frage' }]]]);
  expect(report['last']).toBe(20);
}

/** Python writes NaN as a bare token. */
function parseReport(text: string): Record<string, unknown> {
  return JSON.parse(text.replaceAll(/: NaN/g, ': "NaN"'), (_key, value: unknown) =>
    value === 'NaN' ? Number.NaN : value,
  ) as Record<string, unknown>;
}

describe.each(PYTHONS)('Trackio $version', ({ python }) => {
  it.skipIf(python === null)('opens a database that Lamella wrote, and goes on with it', () => {
    const path = databasePath(directory, sample().project);
    const writer = openDatabaseWriter({ path, filesystem: 'local', env: {} });
    writer.write(sample());
    writer.close();
    expectSample(parseReport(runTrackio(python ?? '', directory, REPORT)));
    runTrackio(
      python ?? '',
      directory,
      `
import trackio
run = trackio.init(project='My Project ü', name='${RUN.name}', resume='must')
trackio.log({'loss': 0.25}); trackio.finish()`,
      { TRACKIO_STORAGE_MODE: 'sqlite' },
    );
    const database = openTrackioDatabase(path);
    const runs = rowsByRun(database.logs, 'metrics');
    database.close();
    expect(runs).toHaveLength(1);
    expect(runs[0]?.steps.at(-1)).toBe(21);
    expect(runs[0]?.cells.at(-1)).toEqual({ step: 21, key: 'loss', value: 0.25 });
  });

  it.skipIf(python === null)('takes in fragments that Lamella wrote', async () => {
    const [, ...fragments] = await createFragmentWriter(directory).write(sample());
    expect(fragments).toHaveLength(2);
    const said = runTrackio(
      python ?? '',
      directory,
      `from trackio.fragments import import_inbox_dir as i\nprint(i())\n${REPORT}`,
    );
    const [imported, ...report] = said.split('\n');
    expect(imported).toBe('23');
    expectSample(parseReport(report.join('\n')));
    expect(readdirSync(join(directory, 'inbox'))).toEqual([]);
  });

  const disks = ['local', 'network'] as const;
  it.skipIf(python === null).each(disks)(
    'is shown live while it writes SQLite on a %s disk',
    async (filesystem) => {
      const child = startPython(python ?? '', 'sqlite', LOGGER);
      const path = databasePath(directory, 'live');
      const source = new TrackioSource({ path, filesystem, copyFolder: join(work.path, `copies-${count}`) });
      let [seen, looks] = [0, 0];
      let isRunning = true;
      void child.ended.then(() => (isRunning = false));
      const deadline = Date.now() + 60_000;
      while (isRunning || seen < ROWS) {
        if (Date.now() > deadline) throw new Error(`only ${seen} of ${ROWS} rows after 60 s`);
        const steps = (await stepsOf(source)) ?? [];
        expect(steps).toEqual(Array.from({ length: steps.length }, (_, step) => step));
        expect(steps.length).toBeGreaterThanOrEqual(seen);
        if (steps.length !== seen) looks += 1;
        seen = steps.length;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(await child.ended).toBe(0);
      expect(looks).toBeGreaterThan(3);
      expect(source.age.inPlace).toBe(filesystem === 'local');
      await source.close();
    },
  );

  it.skipIf(python === null)(
    'is shown live from its inbox while a server takes it in: every row once, none gone',
    async () => {
      const child = startPython(python ?? '', 'jsonl', LOGGER);
      const importer = startPython(python ?? '', 'jsonl', IMPORTER);
      const inbox = new Inbox(directory);
      const path = databasePath(directory, 'live');
      const source = new TrackioSource({
        path,
        filesystem: 'network',
        copyFolder: join(work.path, `copies-${count}`),
      });
      let [seen, both] = [0, 0];
      let isRunning = true;
      void child.ended.then(() => (isRunning = false));
      const deadline = Date.now() + 60_000;
      while (isRunning || seen < ROWS) {
        if (Date.now() > deadline) throw new Error(`only ${seen} of ${ROWS} rows after 60 s`);
        await inbox.refresh(); // first: what is imported meanwhile is in both, and known by its id
        const stored = (await stepsOf(source)) ?? [];
        const pending = inbox.batches('live').flatMap((batch) => {
          const left = stored.length === 0 ? batch : withoutImported(batch, source.database);
          return left === null ? [] : [...left.metrics.step].map(Number);
        });
        const steps = [...stored, ...pending].sort((a, b) => a - b);
        expect(steps).toEqual(Array.from({ length: steps.length }, (_, step) => step));
        expect(steps.length).toBeGreaterThanOrEqual(seen);
        if (stored.length > 0 && pending.length > 0) both += 1;
        seen = steps.length;
        if (stored.length > 0) inbox.forget('live', source.age.readAtMs);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      importer.process.kill();
      await importer.ended;
      expect(seen).toBe(ROWS);
      expect(both).toBeGreaterThan(0);
      await source.close();
    },
  );
});

describe.skipIf(NEWEST === null)('Trackio 0.43.0 agrees', () => {
  it('on the names of a project’s files, for every character that its Python knows', () => {
    const program = `
import json, unicodedata as u
from trackio.utils import canonical_project_name as c
known = [i for i in range(0x110000) if u.category(chr(i)) not in ('Cn', 'Cs')]
print(json.dumps([known, [i for i in known if c('_' + chr(i)) == '_']]))`;
    const said = JSON.parse(runTrackio(NEWEST ?? '', directory, program)) as [number[], number[]];
    const [known, dropped] = said;
    const ours = known.filter((code) => canonicalProjectName(`_${String.fromCodePoint(code)}`) === '_');
    expect(known.length).toBeGreaterThan(100_000);
    expect(ours).toEqual(dropped);
  });

  it.each(['0.5.0', '0.23.0'])('on the rows of %s, after it has migrated them', (version) => {
    const migrated = unpack(version, work.path);
    const path = join(migrated, 'sample-one.db');
    const read = (): unknown => {
      const database = openTrackioDatabase(path);
      const runs = rowsByRun(database.logs, 'metrics').map(({ run, ...rest }) => ({
        name: run.name,
        ...rest,
      }));
      database.close();
      return runs;
    };
    const before = read();
    runTrackio(
      NEWEST ?? '',
      migrated,
      'from trackio.sqlite_storage import SQLiteStorage as S; S.migrate_all_projects()',
    );
    expect(read()).toEqual(before);
  });
});

const ROWS = 150;
const LOGGER = `
import time, trackio
trackio.init(project='live', name='r')
for i in range(${ROWS}):
    trackio.log({'x': i}); time.sleep(0.02)
trackio.finish()`;
const IMPORTER = `
import time
from trackio.fragments import import_inbox_dir
while True:
    import_inbox_dir(); time.sleep(0.7)`;

function startPython(
  python: string,
  mode: string,
  code: string,
): { readonly process: ChildProcess; readonly ended: Promise<number | null> } {
  const child = spawn(python, ['-c', code], {
    env: trackioEnvironment(directory, { TRACKIO_STORAGE_MODE: mode }),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { process: child, ended: once(child, 'exit').then(([exit]) => exit as number | null) };
}

/** The steps of all rows in their order, or null while there is no database yet. */
async function stepsOf(source: TrackioSource): Promise<number[] | null> {
  try {
    await source.refresh();
  } catch (error) {
    if (
      ['missing', 'not-yet', 'zero-byte', 'busy-writer', 'foreign'].includes(
        String((error as { details?: Record<string, unknown> }).details?.['problem']),
      )
    )
      return null;
    throw error;
  }
  return rowsByRun(source.database.logs, 'metrics').flatMap(({ steps }) => steps);
}
