/**
 * The hot query: many runs and metrics reduced to a shared grid in DuckDB, or the points themselves where
 * there are few. Only typed arrays of the answer's size reach JavaScript.
 *
 * Per metric: (1) count and extent of the points in view per run; (2) runs with at most `buckets` points are
 * read as they are, sorted by (x, time, seq, writer); (3) the others are grouped by bucket, and the first
 * and last of each bucket are then found among its rows with the smallest and largest x only, which is
 * quicker than ordering every row by the whole key. All in one read transaction.
 */
import { LamellaError } from '@lamella/store';
import type { SeriesAnswer, SeriesEntry, SeriesRequest } from '../procedures/types.ts';
import { AGGREGATES } from './aggregates.ts';
import type { BucketParts } from './aggregates.ts';
import { emptyBuckets, fillBucket } from './buckets.ts';
import type { BucketEntry } from './buckets.ts';
import type { Engine, Session } from './engine.ts';
import { bucketedSql, logEdges, sqlDouble } from './grid.ts';
import type { Grid } from './grid.ts';
import type { LoadedRun } from './loaded-run.ts';
import { allRows, eachRow, numberOf } from './rows.ts';
import type { ProjectSnapshot } from './snapshot.ts';
import { sqlOrdinals } from './tables.ts';
import type { ProjectTables } from './tables.ts';

/** A metric with its ordinal in the project's tables. */
interface AskedKey {
  readonly metric: string;
  readonly key: number;
}

/** A run's part of one metric in view. */
interface InView {
  readonly run: LoadedRun;
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

/** Order of points. Not arg_max over a row of these: DuckDB keys such rows, which turns −0 into 0. */
const ARRIVAL = 'v.x, v.time, v.seq, w.name';

type PointsEntry = Extract<SeriesEntry, { mode: 'points' }>;

/** Answers a request over what the snapshot holds. Errors: invalid (x = step of system metrics), internal. */
export async function readSeries(
  engine: Engine,
  snapshot: ProjectSnapshot,
  request: SeriesRequest,
  signal?: AbortSignal,
): Promise<SeriesAnswer> {
  const kind = request.kind ?? 'metric';
  if (kind === 'system' && request.x === 'step') {
    throw new LamellaError('invalid', 'system metrics have no step; ask for x "time" or "relative"');
  }
  const cursor = snapshot.log.cursor;
  const runs = [...new Set(request.runs)]
    .map((id) => snapshot.runs.get(id))
    .filter((run) => run !== undefined);
  const grids: SeriesAnswer['grids'][number][] = [];
  const entries: SeriesEntry[] = [];
  if (runs.length > 0) {
    await engine.read(async (session) => {
      for (const asked of await readKeys(session, snapshot.tables, kind, request.metrics)) {
        const part = await readMetric(session, snapshot.tables, request, runs, asked);
        entries.push(...part.entries);
        if (part.grid) {
          grids.push({ metric: asked.metric, ...part.grid });
        }
      }
    }, signal);
  }
  return { grids, entries, cursor };
}

async function readKeys(
  session: Session,
  tables: ProjectTables,
  kind: string,
  metrics: readonly string[],
): Promise<AskedKey[]> {
  const asked = [...new Set(metrics)];
  const places = asked.map((_, i) => `$${i + 2}`).join(', ');
  const rows = await allRows(
    await session.run(`SELECT name, id FROM ${tables.keys} WHERE kind = $1 AND name IN (${places})`, [
      kind,
      ...asked,
    ]),
  );
  const keys = new Map(rows.map(([name, id]) => [String(name), Number(id)]));
  return asked.flatMap((metric) => {
    const key = keys.get(metric);
    return key === undefined ? [] : [{ metric, key }];
  });
}

async function readMetric(
  session: Session,
  tables: ProjectTables,
  request: SeriesRequest,
  runs: readonly LoadedRun[],
  { metric, key }: AskedKey,
): Promise<{ entries: readonly SeriesEntry[]; grid: Grid | null }> {
  const view = await readView(session, tables, request, runs, key);
  if (view.length === 0) {
    return { entries: [], grid: null };
  }
  const few = view.filter(({ count }) => count <= request.buckets);
  const many = view.filter(({ count }) => count > request.buckets);
  const grid: Grid | null =
    many.length === 0
      ? null
      : {
          from: Math.min(...view.map(({ from }) => from)),
          to: Math.max(...view.map(({ to }) => to)),
          buckets: request.buckets,
          log: request.logX === true,
        };
  const points = await readPoints(session, tables, inViewSql(tables, request, few, key), few, metric);
  const buckets = grid
    ? await readBuckets(session, tables, inViewSql(tables, request, many, key), many, metric, grid)
    : [];
  const byRun = new Map([...points, ...buckets].map((entry) => [entry.run, entry]));
  return { entries: view.map(({ run }) => byRun.get(run.id)!), grid };
}

/**
 * Rows in view as SQL: run, x, time, seq, writer, v. A point has a value and an x; on a log axis x > 0.
 * Relative time counts from the run's first record.
 */
function inViewSql(
  tables: ProjectTables,
  request: SeriesRequest,
  runs: readonly { readonly run: LoadedRun }[],
  key: number,
): string {
  const ordinals = sqlOrdinals(runs.map(({ run }) => run.ordinal));
  const conditions = [`p.key = ${key}`, `p.run IN (${ordinals})`, 'p.value IS NOT NULL'];
  let x = 'p.step';
  let join = '';
  if (request.x === 'step') {
    conditions.push('p.step IS NOT NULL');
  } else if (request.x === 'time') {
    x = 'p.time::DOUBLE / 1000.0::DOUBLE';
  } else {
    const starts = runs.map(({ run }) => `(${run.ordinal}, ${run.totals.firstUs ?? 0})`).join(', ');
    join = `JOIN (VALUES ${starts}) o(run, first) ON o.run = p.run`;
    x = '(p.time - o.first)::DOUBLE / 1000000.0::DOUBLE';
  }
  const bounds: string[] = [];
  if (request.range) {
    bounds.push(`x >= ${sqlDouble(request.range[0])}`, `x <= ${sqlDouble(request.range[1])}`);
  }
  if (request.logX) {
    bounds.push('x > 0');
  }
  const where = bounds.length > 0 ? `WHERE ${bounds.join(' AND ')}` : '';
  return `SELECT * FROM (SELECT p.run, ${x} AS x, p.time, p.seq, p.writer, p.value AS v
    FROM ${tables.points} p ${join} WHERE ${conditions.join(' AND ')}) ${where}`;
}

async function readView(
  session: Session,
  tables: ProjectTables,
  request: SeriesRequest,
  runs: readonly LoadedRun[],
  key: number,
): Promise<InView[]> {
  const rows = inViewSql(
    tables,
    request,
    runs.map((run) => ({ run })),
    key,
  );
  const found = await allRows(
    await session.run(`SELECT run, count(*)::DOUBLE, min(x), max(x) FROM (${rows}) GROUP BY run`),
  );
  const byOrdinal = new Map(found.map((row) => [Number(row[0]), row]));
  return runs.flatMap((run) => {
    const row = byOrdinal.get(run.ordinal);
    return row ? [{ run, count: numberOf(row[1]!), from: numberOf(row[2]!), to: numberOf(row[3]!) }] : [];
  });
}

async function readPoints(
  session: Session,
  tables: ProjectTables,
  rows: string,
  few: readonly InView[],
  metric: string,
): Promise<PointsEntry[]> {
  if (few.length === 0) {
    return [];
  }
  const entries = new Map<number, PointsEntry>();
  for (const { run, count } of few) {
    const columns = { x: new Float64Array(count), value: new Float64Array(count) };
    entries.set(run.ordinal, { metric, run: run.id, mode: 'points', ...columns });
  }
  const filled = new Map<number, number>();
  const result = await session.run(`SELECT v.run, v.x, v.v FROM (${rows}) v
    JOIN ${tables.writers} w ON w.id = v.writer ORDER BY v.run, ${ARRIVAL}`);
  await eachRow(result, (cell) => {
    const run = Number(cell(0));
    const at = filled.get(run) ?? 0;
    const entry = entries.get(run)!;
    entry.x[at] = numberOf(cell(1));
    entry.value[at] = numberOf(cell(2));
    filled.set(run, at + 1);
  });
  return [...entries.values()];
}

async function readBuckets(
  session: Session,
  tables: ProjectTables,
  rows: string,
  many: readonly InView[],
  metric: string,
  grid: Grid,
): Promise<BucketEntry[]> {
  const entries = new Map(many.map(({ run }) => [run.ordinal, emptyBuckets(metric, run.id, grid.buckets)]));
  const aggregates = AGGREGATES.map(({ name, sql }) => `${sql} AS "${name}"`).join(', ');
  const columns = AGGREGATES.map(({ name }) => `g."${name}"::DOUBLE`).join(', ');
  const result = await session.run(`WITH
    v AS MATERIALIZED (${bucketedSql(rows, grid, logEdges(grid))}),
    g AS MATERIALIZED (SELECT run, b, min(x) AS low, max(x) AS high, ${aggregates} FROM v GROUP BY run, b),
    ends AS (SELECT v.run, v.b, first(v.v ORDER BY ${ARRIVAL}) AS first, last(v.v ORDER BY ${ARRIVAL}) AS last
      FROM v JOIN g ON v.run = g.run AND v.b = g.b JOIN ${tables.writers} w ON w.id = v.writer
      WHERE v.x = g.low OR v.x = g.high GROUP BY v.run, v.b)
    SELECT g.run, g.b, g.high, e.first, e.last, ${columns} FROM g JOIN ends e ON e.run = g.run AND e.b = g.b`);
  const parts = Object.fromEntries(AGGREGATES.map(({ name }) => [name, 0])) as BucketParts;
  await eachRow(result, (cell) => {
    const entry = entries.get(Number(cell(0)))!;
    const b = Number(cell(1));
    AGGREGATES.forEach(({ name }, i) => {
      parts[name] = numberOf(cell(5 + i));
    });
    entry.x[b] = numberOf(cell(2));
    entry.first[b] = numberOf(cell(3));
    entry.last[b] = numberOf(cell(4));
    fillBucket(entry, b, parts);
  });
  return [...entries.values()];
}
