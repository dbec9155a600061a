/** Every value of one metric of one run as it was logged, in the order of steps: for `get metric`. */
import { nearNames } from './near-names.ts';
import { LamellaError } from '@lamella/store';
import type { Engine } from './engine.ts';
import { findRun } from './listing.ts';
import { allRows, eachRow, numberOrNull } from './rows.ts';
import type { ProjectSnapshot } from './snapshot.ts';
import { STEP_MARK } from './tables.ts';

/** One logged value. */
export interface MetricValue {
  /** Microseconds since 1970 UTC. */
  readonly timeUs: number;
  readonly step: number | null;
  /** JSON: digits of integers of any size as they were logged; what JSON cannot say as Trackio's strings. */
  readonly json: string;
}

/**
 * Calls `visit` for each value, by (step, time, order of logging). Metrics first; where there is none of the name,
 * system metrics. Errors: not-found (run, metric), naming near ones.
 */
export async function eachMetricValue(
  engine: Engine,
  snapshot: ProjectSnapshot,
  asked: { readonly run: string; readonly metric: string },
  visit: (value: MetricValue) => void,
): Promise<void> {
  const run = findRun(snapshot, asked.run);
  const { points, keys, counts, writers } = snapshot.tables;
  await engine.read(async (session) => {
    const found = await allRows(
      await session.run(`SELECT DISTINCT k.id, k.kind, k.name FROM ${counts} c JOIN ${keys} k ON k.id = c.key
        WHERE c.run = ${run.ordinal} AND c."rows" > 0 ORDER BY k.kind, k.name`),
    );
    const key = found.find(([, , name]) => name === asked.metric)?.[0];
    if (key === undefined) {
      const names = found.map(([, , name]) => String(name));
      throw new LamellaError(
        'not-found',
        `no metric ${JSON.stringify(asked.metric)} in run ${JSON.stringify(asked.run)}; ${nearNames('metrics', asked.metric, names)}`,
      );
    }
    const result = await session.run(`SELECT p.time::DOUBLE, p.step, p.value, p.data
      FROM ${points} p JOIN ${writers} w ON w.id = p.writer WHERE p.run = ${run.ordinal} AND p.key = ${Number(key)}
      ORDER BY p.step NULLS FIRST, p.time, p.seq, w.name`);
    await eachRow(result, (cell) => {
      const data = cell(3) as string | null;
      const value = numberOrNull(cell(2));
      const logged = data === null || data.startsWith(STEP_MARK) ? null : data;
      visit({ timeUs: Number(cell(0)), step: numberOrNull(cell(1)), json: logged ?? numberJson(value) });
    });
  });
}

function numberJson(value: number | null): string {
  if (value === null) return 'null';
  if (Object.is(value, -0)) return '-0.0';
  return Number.isFinite(value) ? String(value) : JSON.stringify(String(value));
}
