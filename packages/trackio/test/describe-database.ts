/** Says of a database what `*.expected.json` says of it, from Lamella's reader only. */
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  databaseFiles,
  type LogChunk,
  type LogReader,
  type LogTable,
  mediaFilesOf,
  mediaPath,
  type TrackioDatabase,
  type TrackioRun,
} from '../src/index.ts';

type Json = unknown;

interface Cell {
  readonly step: number;
  readonly key: string;
  readonly value: Json;
}

export interface RunRows {
  readonly run: TrackioRun;
  readonly steps: number[];
  readonly times: string[];
  readonly cells: Cell[];
}

/** The rows of a table by run, with every value as JSON would have it (non-finite numbers as numbers). */
export function rowsByRun(logs: LogReader, table: LogTable, limit?: number): RunRows[] {
  const runs: RunRows[] = [];
  for (let after = 0; ;) {
    const chunk = logs.read(table, after, limit);
    if (chunk.rows === 0) return runs.filter((run) => run !== undefined);
    if (chunk.unreadable.length > 0) throw new Error(`unreadable rows: ${chunk.unreadable.join(', ')}`);
    for (let row = 0; row < chunk.rows; row += 1) {
      const ordinal = chunk.run[row] ?? 0;
      runs[ordinal] ??= { run: logs.runs[ordinal] as TrackioRun, steps: [], times: [], cells: [] };
      runs[ordinal].steps.push(stepOf(chunk, row));
      runs[ordinal].times.push(chunk.times[chunk.time[row] ?? 0] ?? '');
    }
    for (let cell = 0; cell < chunk.cells.count; cell += 1) {
      const row = chunk.cells.row[cell] ?? 0;
      runs[chunk.run[row] ?? 0]?.cells.push({
        step: stepOf(chunk, row),
        key: logs.keys[chunk.cells.key[cell] ?? 0] ?? '',
        value: valueOf(chunk, cell),
      });
    }
    after = chunk.last;
  }
}

function stepOf(chunk: LogChunk, row: number): number {
  if (chunk.stepNull[row] === 1) return Number.NaN;
  return chunk.exactStep.get(row) ?? Number(chunk.step[row]);
}

export function valueOf(chunk: LogChunk, cell: number): Json {
  const data = chunk.cells.data.get(cell);
  if (data !== undefined) return JSON.parse(data);
  return chunk.cells.valueNull[cell] === 1 ? null : chunk.cells.value[cell];
}

export function describeDatabase(database: TrackioDatabase, directory: string, walBytes: number): Json {
  const { schema, logs } = database;
  const runs = rowsByRun(logs, 'metrics');
  const has = (table: string): boolean => schema.tables.has(table);
  return {
    db: basename(database.path),
    wal_bytes: walBytes,
    tables: Object.fromEntries(schema.tables),
    user_version: schema.userVersion,
    journal_mode: database.journalMode,
    runs: runs.map((run) => ({
      ...describeRun(run, directory),
      config: configOf(database, run.run),
      ...(has('system_metrics') ? { system_metrics: describeSystem(database, run.run) } : {}),
      ...(has('alerts') ? { alerts: describeAlerts(database, run.run) } : {}),
      ...(has('traces') ? { traces: describeTraces(database, run.run) } : {}),
    })),
    ...(has('artifacts') ? { artifacts: describeArtifacts(database) } : {}),
  };
}

function describeRun({ run, steps, times, cells }: RunRows, directory: string): Record<string, Json> {
  const keys = [...new Set(cells.map(({ key }) => key))];
  const media = [...new Set(cells.flatMap(({ value }) => mediaFilesOf(value)))];
  return {
    name: run.name,
    run_id: run.id,
    rows: steps.length,
    steps,
    first_timestamp: times[0],
    last_timestamp: times.at(-1),
    metrics: Object.fromEntries(
      keys
        .map((key) => [key, cells.filter((cell) => cell.key === key && isPlain(cell.value))] as const)
        .filter(([, plain]) => plain.length > 0)
        .map(([key, plain]) => [key, describeSeries(plain)]),
    ),
    media: media.map((path) => ({ file_path: path, bytes: sizeOfMedia(directory, path) })),
    objects: Object.fromEntries(
      keys
        .map((key) => [key, cells.filter((cell) => cell.key === key && !isPlain(cell.value))] as const)
        .filter(([, objects]) => objects.length > 0)
        .map(([key, objects]) => [
          key,
          objects.map(({ step, value }) => ({ step, type: (value as Record<string, unknown>)['_type'] })),
        ]),
    ),
  };
}

export function describeSeries(cells: readonly Cell[]): Json {
  const numbers = cells.map(({ value }) => value).filter((value) => typeof value === 'number');
  const finite = numbers.filter(Number.isFinite);
  const point = (cell: Cell | undefined): Json => [cell?.step, cell?.value];
  return {
    count: cells.length,
    first: point(cells[0]),
    last: point(cells.at(-1)),
    min_finite: finite.length === 0 ? null : Math.min(...finite),
    max_finite: finite.length === 0 ? null : Math.max(...finite),
    non_finite: cells
      .filter(({ value }) => typeof value === 'number' && !Number.isFinite(value))
      .map(({ step, value }) => [step, String(value)]),
  };
}

function isPlain(value: Json): boolean {
  return typeof value !== 'object' || value === null;
}

function sizeOfMedia(directory: string, path: string): number {
  return statSync(join(directory, 'media', mediaPath(path) ?? '')).size;
}

const sameRun = (a: TrackioRun, b: TrackioRun): boolean => a.id === b.id && a.name === b.name;

function configOf(database: TrackioDatabase, run: TrackioRun): Json {
  const config = database.configs().find((row) => sameRun(row.run, run));
  return config === undefined ? null : JSON.parse(config.config);
}

function describeSystem(database: TrackioDatabase, run: TrackioRun): Json {
  const rows = rowsByRun(database.logs, 'system_metrics').find((other) => sameRun(other.run, run));
  const cells = rows?.cells ?? [];
  return Object.fromEntries(
    [...new Set(cells.map(({ key }) => key))].map((key) => {
      const values = cells.filter((cell) => cell.key === key).map(({ value }) => value);
      return [key, { count: values.length, first: values[0], last: values.at(-1) }];
    }),
  );
}

function describeAlerts(database: TrackioDatabase, run: TrackioRun): Json {
  const alerts = database.alerts().filter((alert) => sameRun(alert.run, run));
  return alerts.map(({ title, text, level, step }) => ({ title, text, level, step }));
}

function describeTraces(database: TrackioDatabase, run: TrackioRun): Json {
  const traces = database.traces().filter((trace) => sameRun(trace.run, run));
  return traces.map(({ key, step, index, messages }) => ({
    key,
    step,
    index,
    messages: (JSON.parse(messages) as unknown[]).length,
  }));
}

function describeArtifacts(database: TrackioDatabase): Json {
  return database.artifacts().map((artifact) => ({
    name: artifact.name,
    type: artifact.type,
    version: artifact.version,
    files: (JSON.parse(artifact.manifest) as { path: string }[]).map(({ path }) => path),
    size_bytes: artifact.sizeBytes,
    producer_run_name: artifact.producerRunName,
    aliases: artifact.aliases,
  }));
}

/** Bytes of the log beside a database, 0 when there is none. */
export function walBytesOf(path: string): number {
  return statSync(databaseFiles(path).wal, { throwIfNoEntry: false })?.size ?? 0;
}
