/** Reading a store back, as tests see it: rows as objects, and the views of its runs. */
import { openReader } from '@lamella/store';
import type { RunView } from '@lamella/store';
import { nodeCodec, openStore, systemClock } from '@lamella/store/node';

export interface Row {
  readonly writer: string;
  readonly seq: number;
  readonly kind: string;
  readonly key: string;
  readonly step: bigint | null;
  readonly timeUs: number;
  readonly value: number | null;
  readonly data: string | null;
}

export interface StoredRun {
  readonly rows: readonly Row[];
  readonly view: RunView;
}

/** Everything that is stored of a run, by writer and seq. */
export async function readRun(dir: string, project: string, run: string): Promise<StoredRun> {
  const reader = openReader({
    backend: await openStore(dir, { create: false }),
    codec: nodeCodec,
    clock: systemClock,
  });
  const view = await reader.refreshRun(project, run);
  const batch = await reader.readRows(view);
  const rows: Row[] = [];
  for (let i = 0; i < batch.count; i++) {
    rows.push({
      writer: batch.writer[i] ?? '',
      seq: batch.seq[i] ?? 0,
      kind: batch.kind[i] ?? '',
      key: batch.key[i] ?? '',
      step: batch.stepNull[i] === 1 ? null : (batch.step[i] ?? null),
      timeUs: batch.time[i] ?? 0,
      value: batch.valueNull[i] === 1 ? null : (batch.value[i] ?? null),
      data: batch.data[i] ?? null,
    });
  }
  rows.sort((a, b) => (a.writer < b.writer ? -1 : a.writer > b.writer ? 1 : a.seq - b.seq));
  return { rows, view };
}

/** Ids of the runs of a project. */
export async function listRuns(dir: string, project: string): Promise<string[]> {
  const backend = await openStore(dir, { create: false });
  return await openReader({ backend, codec: nodeCodec, clock: systemClock }).listRuns(project);
}

/** Steps of the rows with this key. */
export function stepsOf(rows: readonly Row[], key: string): number[] {
  return rows.filter((row) => row.kind === 'metric' && row.key === key).map((row) => Number(row.step));
}

/** `data` of the only row of kind `run` with this key and (if given) writer. */
export function runEvent(rows: readonly Row[], key: string, writer?: string): Record<string, unknown> {
  const found = rows.filter(
    (row) => row.kind === 'run' && row.key === key && (writer ?? row.writer) === row.writer,
  );
  if (found.length !== 1) throw new Error(`${found.length} rows of kind run are called ${key}`);
  return JSON.parse(found[0]?.data ?? '') as Record<string, unknown>;
}
