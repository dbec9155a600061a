/** The lists of a snapshot as the procedures answer them: runs, metrics, and the latest values of a key. */
import { LamellaError } from '@lamella/store';
import { describeAge } from '@lamella/trackio';
import type { MetricRow, RunRow } from '../procedures/types.ts';
import type { Engine } from './engine.ts';
import type { LoadedRun } from './loaded-run.ts';
import { parseJson } from './facts.ts';
import { nearNames } from './near-names.ts';
import { eachRow, numberOrNull } from './rows.ts';
import type { ProjectSnapshot } from './snapshot.ts';
import { STEP_MARK, sqlOrdinals } from './tables.ts';

/** Rows of `list_runs`, by start, then by id. */
export function listRuns(snapshot: ProjectSnapshot): RunRow[] {
  return [...snapshot.runs.values()]
    .map((run) => runRow(snapshot, run))
    .toSorted((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0) || (a.id < b.id ? -1 : 1));
}

function runRow(snapshot: ProjectSnapshot, run: LoadedRun): RunRow {
  const { state, reason } = snapshot.labelOf(run);
  const { facts, totals } = run;
  const dropped =
    facts.droppedCalls > 0 ? [`${facts.droppedCalls} log calls were dropped by the writers`] : [];
  return {
    id: run.id,
    name: facts.name ?? run.id,
    group: facts.group,
    state,
    stateReason: reason,
    startedAt: totals.firstUs === null ? null : totals.firstUs / 1000,
    lastActivity: totals.lastUs === null ? null : totals.lastUs / 1000,
    lastStep: totals.lastStep,
    writers: run.pulses.size,
    records: totals.records,
    config: facts.config,
    problems: [...run.problems, ...dropped],
    ...(run.origin === null || snapshot.age === null || snapshot.age.inPlace
      ? {}
      : { age: describeAge(snapshot.age, Date.now()) }),
  };
}

/** The run with this id. Errors: not-found, naming near ids. */
export function findRun(snapshot: ProjectSnapshot, id: string): LoadedRun {
  const run = snapshot.runs.get(id);
  if (!run) {
    const near = nearNames('runs', id, [...snapshot.runs.keys()]);
    throw new LamellaError(
      'not-found',
      `no run ${JSON.stringify(id)} in project ${JSON.stringify(snapshot.project)}; ${near}`,
    );
  }
  return run;
}

/** Rows of `list_metrics` over the asked runs (all when absent), by kind, then by name. */
export async function listMetrics(
  engine: Engine,
  snapshot: ProjectSnapshot,
  runs?: readonly string[],
  signal?: AbortSignal,
): Promise<MetricRow[]> {
  const asked = runs ? runs.map((id) => findRun(snapshot, id)) : [...snapshot.runs.values()];
  if (asked.length === 0) {
    return [];
  }
  const { counts, keys } = snapshot.tables;
  const metrics: MetricRow[] = [];
  await engine.read(async (session) => {
    const result = await session.run(`SELECT k.name, k.kind, sum(c.points)::DOUBLE, sum(c."rows")::DOUBLE,
        count(DISTINCT c.run)::INTEGER
      FROM ${counts} c JOIN ${keys} k ON k.id = c.key WHERE c.run IN (${sqlOrdinals(asked.map(({ ordinal }) => ordinal))})
      GROUP BY k.name, k.kind HAVING sum(c."rows") > 0 ORDER BY k.kind, k.name`);
    await eachRow(result, (cell) => {
      const points = Number(cell(2));
      metrics.push({
        name: String(cell(0)),
        kind: cell(1) === 'system' ? 'system' : 'metric',
        type: points > 0 ? 'number' : 'data',
        points: points > 0 ? points : Number(cell(3)),
        runs: Number(cell(4)),
      });
    });
  }, signal);
  return metrics;
}

/** A logged value that is not a plain number. `time` in milliseconds since 1970 UTC. */
export interface LoggedValue {
  readonly step: number | null;
  readonly time: number;
  readonly data: unknown;
}

/** The latest `limit` values of a key that carry `data`, oldest first. Errors: not-found (run). */
export async function latestValues(
  engine: Engine,
  snapshot: ProjectSnapshot,
  request: { readonly run: string; readonly metric: string; readonly limit: number },
  signal?: AbortSignal,
): Promise<LoggedValue[]> {
  const run = findRun(snapshot, request.run);
  const { points, keys, writers } = snapshot.tables;
  const values: LoggedValue[] = [];
  await engine.read(async (session) => {
    const result = await session.run(
      `SELECT p.step, p.time::DOUBLE, p.data FROM ${points} p JOIN ${keys} k ON k.id = p.key
        JOIN ${writers} w ON w.id = p.writer
      WHERE p.run = ${run.ordinal} AND k.kind = 'metric' AND k.name = $1 AND p.data IS NOT NULL
        AND NOT starts_with(p.data, '${STEP_MARK}')
      ORDER BY p.time DESC, p.seq DESC, w.name DESC LIMIT ${Math.floor(request.limit)}`,
      [request.metric],
    );
    await eachRow(result, (cell) => {
      values.push({
        step: numberOrNull(cell(0)),
        time: Number(cell(1)) / 1000,
        data: parseJson(cell(2) as string),
      });
    });
  }, signal);
  return values.toReversed();
}
