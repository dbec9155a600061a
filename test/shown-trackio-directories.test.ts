/** Directories that real Trackio versions wrote, through the app: every project, run, config and value of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { expected, scratch, unpack } from '../packages/trackio/test/directories.ts';
import type { Scratch } from '../packages/trackio/test/directories.ts';
import { listMetrics, listRuns } from '../packages/app/src/query/listing.ts';
import { eachMetricValue } from '../packages/app/src/query/metric-values.ts';
import { Snapshots } from '../packages/app/src/query/snapshots.ts';
import { runCommandLine } from '../packages/app/src/commands/command-line.ts';

interface ExpectedMetric {
  readonly count: number;
  readonly first: readonly [step: number, value: unknown];
  readonly last: readonly [step: number, value: unknown];
  readonly non_finite: readonly (readonly [step: number, value: string])[];
  readonly min_finite?: number | null;
  readonly max_finite?: number | null;
}
interface ExpectedRun {
  readonly project?: string;
  readonly name: string;
  readonly run_id: string | null;
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly metrics: Readonly<Record<string, ExpectedMetric>>;
  readonly objects?: Readonly<Record<string, readonly unknown[]>>;
  readonly system_metrics?: Readonly<Record<string, { readonly count: number }>>;
}

/** Expected runs by the name of their project's files. */
function runsOf(version: string): Map<string, ExpectedRun[]> {
  const known = expected(version) as {
    readonly projects?: readonly { readonly db: string; readonly runs: readonly ExpectedRun[] }[];
    readonly runs?: readonly ExpectedRun[];
  };
  const projects = (known.projects ?? []).map(
    ({ db, runs }) => [db.slice(0, -3), [...runs]] as [string, ExpectedRun[]],
  );
  return new Map(known.runs ? [['ZweitesProjektü', [...known.runs]]] : projects);
}

let work: Scratch;
beforeAll(() => {
  work = scratch();
});
afterAll(() => work.dispose());
afterEach(() => {
  vi.unstubAllEnvs();
});

async function command(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const output = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  const signal = new AbortController().signal;
  return { code: await runCommandLine(args, { output, env: {}, signal }), out, err };
}

describe.each(['0.5.0', '0.23.0', '0.36.0', '0.43.0', '0.36.0-jsonl'])(
  'a directory of Trackio %s',
  (version) => {
    let unpacked = '';
    const known = runsOf(version);
    beforeAll(() => {
      unpacked = unpack(version, work.path);
    });

    it.each(['local', 'network'])('on a %s disk is shown completely, and left as it was', async (disk) => {
      vi.stubEnv('LAMELLA_FILESYSTEM_CLASS', disk);
      const dir = unpack(version, join(work.path, disk));
      const files = filesIn(dir, disk);
      const troubles: string[] = [];
      const snapshots = await Snapshots.open({
        dir,
        thread: false,
        onTrouble: (text) => troubles.push(text),
      });
      try {
        expect(await snapshots.listProjects()).toEqual([...known.keys()].sort());
        for (const [project, runs] of known) {
          const feed = await snapshots.feed(project);
          await feed.complete();
          const rows = listRuns(feed.snapshot);
          expect(rows.map(({ name }) => name).sort()).toEqual(runs.map(({ name }) => name).sort());
          for (const run of runs) {
            const id = rows.find(({ name }) => name === run.name)!.id;
            expect(id).toBe(run.run_id ?? run.name);
            expect(rows.find(({ name }) => name === run.name)!.config).toEqual(run.config ?? {});
            const metrics = await listMetrics(snapshots.engine, feed.snapshot, [id]);
            const numbers = metrics.filter(({ kind }) => kind === 'metric').map(({ name }) => name);
            expect(numbers).toEqual(expect.arrayContaining(Object.keys(run.metrics)));
            for (const [metric, wanted] of Object.entries(run.metrics)) {
              const values = await valuesOf(snapshots, project, id, metric);
              expect({ run: run.name, metric, ...summaryOf(values) }).toEqual({
                run: run.name,
                metric,
                count: wanted.count,
                first: wanted.first,
                last: wanted.last,
                non_finite: wanted.non_finite,
              });
            }
            for (const [metric, { count }] of Object.entries(run.system_metrics ?? {})) {
              expect(metrics.find(({ name, kind }) => name === metric && kind === 'system')?.points).toBe(
                count,
              );
            }
          }
        }
      } finally {
        await snapshots.close();
      }
      expect(troubles).toEqual([]);
      expect(filesIn(dir, disk)).toEqual(files);
    });

    it('answers `get metric` in the documented shape', async () => {
      const [project, runs] = [...known][0]!;
      const run = runs.find(({ metrics }) => Object.keys(metrics).length > 0)!;
      const metric = Object.keys(run.metrics)[0]!;
      const args = [
        'get',
        'metric',
        '--project',
        project,
        '--run',
        run.name,
        '--metric',
        metric,
        '--dir',
        unpacked,
      ];
      const { code, out, err } = await command([...args, '--json']);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      const answer = JSON.parse(out) as { values: { timestamp: string; step: number; value: unknown }[] };
      expect(Object.keys(answer)).toEqual(['project', 'run', 'metric', 'values']);
      expect(answer).toMatchObject({ project, run: run.name, metric });
      expect(answer.values).toHaveLength(run.metrics[metric]!.count);
      expect(Object.keys(answer.values[0]!)).toEqual(['timestamp', 'step', 'value']);
      expect(answer.values[0]!.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$/);
    });
  },
);

/** Names and contents. In place SQLite itself makes and changes the files beside a database in WAL mode. */
function filesIn(dir: string, disk: string): Map<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => disk !== 'local' || !/-(wal|shm)$/.test(path));
  return new Map(files.sort().map((path) => [path, readFileSync(path, 'latin1')]));
}

type Value = readonly [step: number | null, value: unknown];

async function valuesOf(
  snapshots: Snapshots,
  project: string,
  run: string,
  metric: string,
): Promise<Value[]> {
  const values: Value[] = [];
  const { snapshot } = await snapshots.feed(project);
  await eachMetricValue(snapshots.engine, snapshot, { run, metric }, ({ step, json }) => {
    values.push([step, JSON.parse(json)]);
  });
  return values;
}

function summaryOf(
  values: readonly Value[],
): Pick<ExpectedMetric, 'count' | 'first' | 'last' | 'non_finite'> {
  const nonFinite = ['NaN', 'Infinity', '-Infinity'];
  return {
    count: values.length,
    first: values[0] as [number, unknown],
    last: values.at(-1) as [number, unknown],
    non_finite: values.filter(([, value]) => nonFinite.includes(String(value))) as [number, string][],
  };
}
