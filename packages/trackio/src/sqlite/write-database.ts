/**
 * Writes runs into a database of Trackio 0.43's layout, so that a Trackio installation opens it. What is written where
 * follows its `bulk_log`, `bulk_log_system` and `bulk_alert`: JSON as bytes, repeated ids ignored, traces in their own table.
 *
 * One connection for as long as the run lives, one transaction for each flush. Trackio's processes also take an flock on
 * `<project>.lock`; Node has none, and needs none: SQLite's own locks and a busy timeout do the same.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LamellaError } from '@lamella/store';
import { type FilesystemClass, isLocalClass } from '../layout/filesystem-class.ts';
import { type AlertCall, callToJson, type LogBatch, type LogCall, stepOf } from '../layout/log-call.ts';
import { mayHoldTrace, splitTraces, traceId, traceSearchText } from '../layout/trace.ts';
import { type AppliedPragmas, applyPragmas } from './apply-pragmas.ts';
import { parseExact } from './cells.ts';
import { schemaStatements } from './ddl.ts';
import { holdInPlace } from './in-place.ts';
import { claimOwnership, OWNER_RENEW_MS, type Ownership, thisOwner } from './owner.ts';
import { pragmasFor, type WantedPragmas } from './pragmas.ts';
import { named } from './problem.ts';
import { formatTime } from './timestamp.ts';

export interface DatabaseWriterOptions {
  /** The database; its directory is made when it is missing. */
  readonly path: string;
  readonly filesystem: FilesystemClass;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970; default: this host's clock. */
  readonly now?: () => number;
  /** How long to wait for a lock; default: as long as Trackio, 30 s. The thread stands still meanwhile. */
  readonly busyTimeoutMs?: number;
}

export interface DatabaseWriter {
  readonly path: string;
  readonly wanted: WantedPragmas;
  /** What the connection answered. */
  readonly applied: AppliedPragmas;
  /**
   * Stores a flush in one transaction; calls and alerts whose ids are there already are left out.
   *
   * Errors: locked (another process held the database for `busyTimeoutMs`), unreadable (the disk), conflict (another host has
   * taken over); nothing of the batch is then stored.
   */
  write(batch: LogBatch): void;
  close(): void;
}

/**
 * Opens a database for writing.
 *
 * Errors: conflict when another host writes it, locked, invalid when it is not Trackio's or so old that its rows have
 * no run ids, unreadable.
 */
export function openDatabaseWriter(options: DatabaseWriterOptions): DatabaseWriter {
  const { path, filesystem, env, now = () => Date.now(), busyTimeoutMs } = options;
  named(path, () => mkdirSync(dirname(path), { recursive: true }));
  // A local disk has no second host.
  const ownership = isLocalClass(filesystem) ? null : claimOwnership(path, thisOwner(now()));
  const wanted = {
    ...pragmasFor(filesystem, env),
    ...(busyTimeoutMs === undefined ? {} : { busyTimeoutMs }),
  };
  const release = holdInPlace(path);
  let database: DatabaseSync | null = null;
  try {
    database = named(path, () => new DatabaseSync(path));
    const opened = database;
    const applied = named(path, () => applyPragmas(opened, wanted));
    named(path, () => ensureSchema(opened, path));
    return new SqliteWriter(path, wanted, applied, opened, ownership, now, release);
  } catch (error) {
    database?.close();
    release();
    ownership?.release();
    throw error;
  }
}

class SqliteWriter implements DatabaseWriter {
  readonly path: string;
  readonly wanted: WantedPragmas;
  readonly applied: AppliedPragmas;
  readonly #database: DatabaseSync;
  readonly #ownership: Ownership | null;
  readonly #now: () => number;
  readonly #release: () => void;
  readonly #timer: NodeJS.Timeout | null;
  #lost: unknown = null;

  constructor(
    path: string,
    wanted: WantedPragmas,
    applied: AppliedPragmas,
    database: DatabaseSync,
    ownership: Ownership | null,
    now: () => number,
    release: () => void,
  ) {
    this.path = path;
    this.wanted = wanted;
    this.applied = applied;
    this.#database = database;
    this.#ownership = ownership;
    this.#now = now;
    this.#release = release;
    this.#timer = ownership === null ? null : setInterval(() => this.#renew(), OWNER_RENEW_MS).unref();
  }

  write(batch: LogBatch): void {
    if (this.#lost !== null) throw this.#lost;
    named(this.path, () => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        this.#insertLogs(batch);
        this.#insertSystem(batch);
        this.#insertAlerts(batch, batch.alerts ?? []);
        if (batch.config !== null) this.#replaceConfig(batch, batch.config);
        this.#database.exec('COMMIT');
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#database.close();
    this.#release();
    this.#ownership?.release();
  }

  /** A claim that another host has taken stops the next write. */
  #renew(): void {
    try {
      this.#ownership?.renew(this.#now());
    } catch (error) {
      this.#lost = error instanceof LamellaError && error.kind === 'conflict' ? error : null;
    }
  }

  #insertLogs({ run, calls }: LogBatch): void {
    const insert = this.#database.prepare(`INSERT OR IGNORE INTO metrics
      (timestamp, run_id, run_name, step, metrics, log_id, space_id) VALUES (?, ?, ?, ?, ?, ?, NULL)`);
    let next = -1n;
    for (const call of calls) {
      if (call.kind !== 'metric') continue;
      if (call.step === null && next < 0n) next = this.#nextStep(run.id);
      const step = stepOf(call) ?? next;
      if (call.step === null) next += 1n;
      const time = formatTime(call.timeUs);
      const json = callToJson(call);
      const rest = mayHoldTrace(json) ? this.#insertTraces(run, call, step, time, json) : json;
      insert.run(time, run.id, run.name, step, Buffer.from(rest), call.logId);
    }
  }

  #nextStep(runId: string): bigint {
    const row = this.#database.prepare('SELECT MAX(step) AS step FROM metrics WHERE run_id = ?').get(runId);
    const last = row?.['step'] ?? -1;
    return typeof last === 'number' || typeof last === 'bigint' ? BigInt(Math.floor(Number(last))) + 1n : 0n;
  }

  /** Answers the row without its traces. */
  #insertTraces(
    run: LogBatch['run'],
    call: LogCall,
    step: bigint | number,
    time: string,
    json: string,
  ): string {
    const { values, traces } = splitTraces(parseExact(json) ?? {});
    const insert = this.#database
      .prepare(`INSERT OR IGNORE INTO traces (id, run_id, timestamp, run_name, step, key,
      trace_index, messages, metadata, search_text, log_id, space_id, spans) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)`);
    const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
    for (const trace of traces) {
      const id = traceId(run.id, call.logId, trace);
      const [messages, metadata, spans] = [bytes(trace.messages), bytes(trace.metadata), bytes(trace.spans)];
      const text = traceSearchText(id, trace);
      insert.run(
        id,
        run.id,
        time,
        run.name,
        step,
        trace.key,
        trace.index,
        messages,
        metadata,
        text,
        call.logId,
        spans,
      );
    }
    return JSON.stringify(values);
  }

  #insertSystem({ run, calls }: LogBatch): void {
    const insert = this.#database.prepare(`INSERT OR IGNORE INTO system_metrics
      (timestamp, run_id, run_name, metrics, log_id, space_id) VALUES (?, ?, ?, ?, ?, NULL)`);
    for (const call of calls) {
      if (call.kind !== 'system') continue;
      insert.run(formatTime(call.timeUs), run.id, run.name, Buffer.from(callToJson(call)), call.logId);
    }
  }

  #insertAlerts({ run }: LogBatch, alerts: readonly AlertCall[]): void {
    const insert = this.#database.prepare(`INSERT OR IGNORE INTO alerts
      (run_id, timestamp, run_name, title, text, level, step, alert_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
    for (const { title, text, level, step, timeUs, alertId } of alerts) {
      insert.run(run.id, formatTime(timeUs), run.name, title, text, level, step, alertId);
    }
  }

  #replaceConfig({ run }: LogBatch, config: string): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO configs (run_id, run_name, config, created_at) VALUES (?, ?, ?, ?)')
      .run(run.id, run.name, Buffer.from(config), formatTime(this.#now() * 1000));
  }
}

/** Makes the tables, or what of them is missing. */
function ensureSchema(database: DatabaseSync, path: string): void {
  const info = database.prepare('SELECT name FROM pragma_table_info(?)');
  const columns = (table: string): string[] => info.all(table).map((row) => String(row['name']));
  const metrics = columns('metrics');
  if (metrics.length > 0 && !metrics.includes('run_id')) {
    throw new LamellaError(
      'invalid',
      `the database ${path} is of a Trackio before 0.24, whose rows have no run ids; open it once with Trackio 0.37 or ` +
        'later, which adds them, or start a new project',
      { details: { path } },
    );
  }
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(schemaStatements(columns, version));
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
