/** What the run list needs of a project's tables, added up from `counts` and `facts`, never from points. */
import type { Engine } from './engine.ts';
import { foldFacts } from './facts.ts';
import type { FactRow, RunFacts } from './facts.ts';
import { eachRow, numberOrNull } from './rows.ts';
import { sqlOrdinals } from './tables.ts';
import type { ProjectTables } from './tables.ts';

/** Sums over a run's records; times in microseconds since 1970 UTC. */
export interface RunTotals {
  readonly records: number;
  readonly firstUs: number | null;
  readonly lastUs: number | null;
  readonly lastStep: number | null;
}

export const NO_TOTALS: RunTotals = { records: 0, firstUs: null, lastUs: null, lastStep: null };

/** Totals by run ordinal; runs without records are absent. */
export async function readTotals(
  engine: Engine,
  tables: ProjectTables,
  runs: readonly number[],
): Promise<ReadonlyMap<number, RunTotals>> {
  const totals = new Map<number, RunTotals>();
  await engine.read(async (session) => {
    const result =
      await session.run(`SELECT run, sum("rows")::DOUBLE, min(first_time)::DOUBLE, max(last_time)::DOUBLE,
      max(last_step) FROM ${tables.counts} WHERE run IN (${sqlOrdinals(runs)}) GROUP BY run`);
    await eachRow(result, (cell) => {
      totals.set(Number(cell(0)), {
        records: Number(cell(1)),
        firstUs: numberOrNull(cell(2)),
        lastUs: numberOrNull(cell(3)),
        lastStep: numberOrNull(cell(4)),
      });
    });
  });
  return totals;
}

/** Facts by run ordinal, for the asked runs. */
export async function readFacts(
  engine: Engine,
  tables: ProjectTables,
  runs: ReadonlySet<number>,
): Promise<ReadonlyMap<number, RunFacts>> {
  if (runs.size === 0) {
    return new Map();
  }
  const rows = new Map<number, FactRow[]>();
  await engine.read(async (session) => {
    const result =
      await session.run(`SELECT f.run, w.name, f.seq::DOUBLE, f.kind, f.key, f.time::DOUBLE, f.data
      FROM ${tables.facts} f JOIN ${tables.writers} w ON w.id = f.writer
      WHERE f.run IN (${sqlOrdinals(runs)}) AND (f.kind = 'config' OR (f.kind = 'run' AND f.key <> 'alive'))`);
    await eachRow(result, (cell) => {
      const run = Number(cell(0));
      const list = rows.get(run) ?? [];
      rows.set(run, list);
      list.push({
        writer: String(cell(1)),
        seq: Number(cell(2)),
        kind: String(cell(3)),
        key: String(cell(4)),
        time: Number(cell(5)),
        data: cell(6) as string | null,
      });
    });
  });
  return new Map([...rows].map(([run, list]) => [run, foldFacts(list)]));
}

/** What a set of new files brought: metrics with points by run, and the runs whose facts must be read again. */
export interface FilesTouched {
  readonly metrics: ReadonlyMap<number, ReadonlySet<string>>;
  readonly facts: ReadonlySet<number>;
}

/** Reads what `files` brought. */
export async function readFilesTouched(
  engine: Engine,
  tables: ProjectTables,
  files: readonly number[],
): Promise<FilesTouched> {
  const metrics = new Map<number, Set<string>>();
  const facts = new Set<number>();
  if (files.length === 0) {
    return { metrics, facts };
  }
  const list = sqlOrdinals(files);
  await engine.read(async (session) => {
    const points = await session.run(`SELECT DISTINCT c.run, k.name FROM ${tables.counts} c
      JOIN ${tables.keys} k ON k.id = c.key WHERE c.file IN (${list})`);
    await eachRow(points, (cell) => {
      const run = Number(cell(0));
      metrics.set(run, (metrics.get(run) ?? new Set()).add(String(cell(1))));
    });
    const changed = await session.run(`SELECT DISTINCT run FROM ${tables.facts} WHERE file IN (${list})
      AND (kind = 'config' OR (kind = 'run' AND key <> 'alive'))`);
    await eachRow(changed, (cell) => {
      facts.add(Number(cell(0)));
    });
  });
  return { metrics, facts };
}
