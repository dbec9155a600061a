/** Proves that the demo lost nothing: every log call that a trainer made must be found by reading the store back. */
import { type RecordBatch, openReader } from '@lamella/store';
import { nodeCodec, openStore, systemClock } from '@lamella/store/node';
import type { Launched, Report, Training } from '../examples/digits/launch.ts';

export interface Audit {
  readonly dir: string;
  readonly runs: number;
  /** Processes that wrote to the store. */
  readonly writers: number;
  /** Calls of `run.log` in all trainers. */
  readonly logCalls: number;
  /** Rows found, of every kind. */
  readonly records: number;
  /** Log calls of which no row was found. */
  readonly lost: number;
}

export async function audit(
  dir: string,
  trainings: readonly Training[],
  launched: readonly Launched[],
): Promise<Audit> {
  const reader = openReader({
    backend: await openStore(dir, { create: false }),
    codec: nodeCodec,
    clock: systemClock,
  });
  let writers = 0;
  let records = 0;
  let logCalls = 0;
  let lost = 0;
  for (const [index, training] of trainings.entries()) {
    const rows = await reader.readRows(await reader.refreshRun('digits', training.id));
    records += rows.count;
    writers += new Set(rows.writer).size;
    const found = foundCalls(rows);
    for (const report of launched[index]?.reports() ?? []) {
      logCalls += report.calls.length;
      lost += missing(report, found);
    }
  }
  return { dir, runs: trainings.length, writers, logCalls, records, lost };
}

/** One name per metric row that was found: the rank of its writer, its step and its key. */
function foundCalls(rows: RecordBatch): Set<string> {
  const rankOf = new Map<string, number>();
  for (let row = 0; row < rows.count; row++) {
    if (rows.kind[row] !== 'run' || rows.key[row] !== 'start') continue;
    const start = JSON.parse(rows.data[row] ?? 'null') as { readonly rank: number };
    rankOf.set(rows.writer[row] ?? '', start.rank);
  }
  const found = new Set<string>();
  for (let row = 0; row < rows.count; row++) {
    if (rows.kind[row] !== 'metric') continue;
    found.add(`${rankOf.get(rows.writer[row] ?? '')} ${rows.step[row]} ${rows.key[row]}`);
  }
  return found;
}

function missing(report: Report, found: ReadonlySet<string>): number {
  return report.calls.filter((call) => !found.has(`${report.rank} ${call.step} ${call.key}`)).length;
}
