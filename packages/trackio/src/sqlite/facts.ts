/**
 * The small tables of a database: configs, alerts, traces, artifacts, metadata. One object a row is fine here.
 * Columns that a version lacks are null.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { TrackioRun } from './chunk.ts';
import { named } from './problem.ts';
import { hasColumn, type TrackioSchema } from './schema.ts';
import { parseTimeUs } from './timestamp.ts';

/** What is common to the rows of these tables. */
export interface TrackioFact {
  readonly rowid: number;
  readonly run: TrackioRun;
  /** As stored, and as microseconds since 1970 UTC (NaN where it is not a time). */
  readonly time: string;
  readonly timeUs: number;
}

export interface TrackioConfig extends TrackioFact {
  /** JSON of the whole config, with `_Username`, `_Created`, `_Group`. */
  readonly config: string;
}

export interface TrackioAlert extends TrackioFact {
  readonly title: string;
  readonly text: string | null;
  /** `info`, `warn`, `error`; other words and upper case occur. */
  readonly level: string;
  readonly step: number | null;
  readonly alertId: string | null;
}

export interface TrackioTrace extends TrackioFact {
  readonly id: string;
  readonly step: number | null;
  readonly key: string;
  /** Its place where several traces were logged under one key. */
  readonly index: number | null;
  /** JSON texts. */
  readonly messages: string;
  readonly metadata: string;
  readonly spans: string;
  readonly logId: string | null;
}

export interface TrackioArtifact {
  readonly name: string;
  readonly type: string;
  readonly description: string | null;
  readonly version: number;
  readonly sizeBytes: number;
  /** JSON: the files with their digests. */
  readonly manifest: string;
  readonly producerRunName: string | null;
  readonly aliases: readonly string[];
  readonly createdAt: string;
}

type Row = Readonly<Record<string, SQLOutputValue>>;

/** Configs in the order they were stored (the last one of a run replaces its others). */
export function readConfigs(database: DatabaseSync, path: string, schema: TrackioSchema): TrackioConfig[] {
  const rows = select(database, path, schema, 'configs', [
    'project_name',
    'run_id',
    'run_name',
    'config',
    'created_at',
  ]);
  return rows.map((row) => ({ ...factOf(row, 'created_at'), config: text(row, 'config') ?? '{}' }));
}

/** Alerts after rowid `after`. */
export function readAlerts(
  database: DatabaseSync,
  path: string,
  schema: TrackioSchema,
  after: number = 0,
): TrackioAlert[] {
  const columns = ['run_id', 'run_name', 'timestamp', 'title', 'text', 'level', 'step', 'alert_id'];
  return select(database, path, schema, 'alerts', columns, after).map((row) => ({
    ...factOf(row, 'timestamp'),
    title: text(row, 'title') ?? '',
    text: text(row, 'text'),
    level: text(row, 'level') ?? 'warn',
    step: number(row, 'step'),
    alertId: text(row, 'alert_id'),
  }));
}

/** Traces after rowid `after`. */
export function readTraces(
  database: DatabaseSync,
  path: string,
  schema: TrackioSchema,
  after: number = 0,
): TrackioTrace[] {
  const columns = 'id run_id run_name timestamp step key trace_index messages metadata spans log_id'.split(
    ' ',
  );
  return select(database, path, schema, 'traces', columns, after).map((row) => ({
    ...factOf(row, 'timestamp'),
    id: text(row, 'id') ?? '',
    step: number(row, 'step'),
    key: text(row, 'key') ?? '',
    index: number(row, 'trace_index'),
    messages: text(row, 'messages') ?? '[]',
    metadata: text(row, 'metadata') ?? '{}',
    spans: text(row, 'spans') ?? '[]',
    logId: text(row, 'log_id'),
  }));
}

/** Every version of every artifact, oldest first. */
export function readArtifacts(
  database: DatabaseSync,
  path: string,
  schema: TrackioSchema,
): TrackioArtifact[] {
  if (!schema.tables.has('artifacts') || !schema.tables.has('artifact_versions')) return [];
  return named(path, () => {
    const aliases = schema.tables.has('artifact_aliases')
      ? `(SELECT json_group_array(alias ORDER BY alias) FROM artifact_aliases WHERE artifact_version_id = v.id)`
      : `'[]'`;
    const statement = database.prepare(
      `SELECT a.name, a.type, a.description, v.version, v.size_bytes, CAST(v.manifest AS TEXT) AS manifest,
        v.producer_run_name, v.created_at, ${aliases} AS aliases
      FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id ORDER BY v.id`,
    );
    return statement.all().map((row) => ({
      name: text(row, 'name') ?? '',
      type: text(row, 'type') ?? '',
      description: text(row, 'description'),
      version: number(row, 'version') ?? 0,
      sizeBytes: number(row, 'size_bytes') ?? 0,
      manifest: text(row, 'manifest') ?? '[]',
      producerRunName: text(row, 'producer_run_name'),
      aliases: JSON.parse(text(row, 'aliases') ?? '[]') as string[],
      createdAt: text(row, 'created_at') ?? '',
    }));
  });
}

/** Rows of a table after a rowid, in their order; no rows where there is no such table. Blobs come as text. */
function select(
  database: DatabaseSync,
  path: string,
  schema: TrackioSchema,
  table: string,
  columns: readonly string[],
  after: number = 0,
): Row[] {
  if (!schema.tables.has(table)) return [];
  const list = columns.map((column) => {
    if (!hasColumn(schema, table, column)) return `NULL AS ${column}`;
    return `CASE typeof(${column}) WHEN 'blob' THEN CAST(${column} AS TEXT) ELSE ${column} END AS ${column}`;
  });
  return named(path, () =>
    database
      .prepare(`SELECT rowid AS "rowid", ${list.join(', ')} FROM ${table} WHERE rowid > ? ORDER BY rowid`)
      .all(after),
  );
}

function factOf(row: Row, timeColumn: string): TrackioFact {
  const time = text(row, timeColumn) ?? '';
  return {
    rowid: Number(row['rowid']),
    run: { project: text(row, 'project_name'), id: text(row, 'run_id'), name: text(row, 'run_name') ?? '' },
    time,
    timeUs: parseTimeUs(time),
  };
}

function text(row: Row, column: string): string | null {
  const value = row[column];
  return value === null || value === undefined || value instanceof Uint8Array ? null : String(value);
}

function number(row: Row, column: string): number | null {
  const value = row[column];
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
}
