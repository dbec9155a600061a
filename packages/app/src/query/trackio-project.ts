/**
 * One project of a Trackio directory, as the snapshot wants to see it: its runs, and their rows in pieces ("shards")
 * that come and go. The database is read after a cursor, a segment at a time; fragments of the inbox are pieces
 * of their own, which go in the same look in which the database is found to hold their rows.
 *
 * All of it runs in one thread: a database that SQLite has open here must not be read as a file.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LamellaError } from '@lamella/store';
import { problemOf, withoutImported } from '@lamella/trackio';
import type {
  Inbox,
  InboxBatch,
  LogChunk,
  LogReader,
  LogTable,
  SourceAge,
  TrackioConfig,
  TrackioDatabase,
  TrackioSource,
} from '@lamella/trackio';
import { addChunk, factColumns, RunColumnsBuilder } from './shard-columns.ts';
import type { FactCell, ShardColumns } from './shard-columns.ts';
import { TrackioRuns } from './trackio-runs.ts';
import type { SeenRun } from './trackio-runs.ts';
import type { RunSight } from './watch.ts';

/** Rows of a database that one look takes in: 0.2 s of work for ten metrics a row. */
const SEGMENT_ROWS = 65_536;
/** Rows read at once: their text and objects are garbage soon, and larger chunks make more of it at a time. */
const CHUNK_ROWS = 1024;
/** A copy that takes longer than this is not waited for: fragments are to be seen meanwhile. */
const REFRESH_WAIT_MS = 1_000;
/** Work that grows with the database is repeated after this many times its own duration. */
const REST = 20;
const TABLES: readonly LogTable[] = ['metrics', 'system_metrics'];

export interface TrackioProjectOptions {
  /** The stem of its files. */
  readonly name: string;
  readonly source: TrackioSource;
  readonly inbox: Inbox;
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
}

/** What a look found, beside the sights of runs. */
export interface TrackioLook {
  readonly changed: readonly RunSight[];
  /** There are rows that this look has not taken in: look again at once. */
  readonly more: boolean;
  /** How old the rows of the database are; null where there is none. */
  readonly age: SourceAge | null;
  /** What concerns the project and not one run. */
  readonly warnings: readonly string[];
}

export class TrackioProject {
  readonly #options: TrackioProjectOptions;
  readonly #runs = new TrackioRuns();
  readonly #cursors: Record<LogTable, { after: number; rows: number }> = {
    metrics: { after: 0, rows: 0 },
    system_metrics: { after: 0, rows: 0 },
  };
  /** Pieces that were told and not fetched yet, by key. */
  readonly #pending = new Map<string, ShardColumns>();
  /** The inbox's pieces that are shown: number of rows, by fragment. */
  readonly #fragments = new Map<string, number>();
  #refreshing: Promise<unknown> | null = null;
  #opened = false;
  #trouble: LamellaError | null = null;
  #behind = false;
  #changed = false;
  #configsDue = false;
  /** The next segment was read between two looks. */
  #ahead = false;
  #rejected: readonly string[] = [];
  #restRead = { configs: 0, count: 0 };
  #resets = 0;
  #segments = 0;

  constructor(options: TrackioProjectOptions) {
    this.#options = options;
  }

  /** Runs seen so far. */
  get size(): number {
    return this.#runs.size;
  }

  /**
   * One look. `whole`: waits for a copy, however long it takes. `taken` are ids of runs that others have. The inbox
   * must have been refreshed before. Errors: those of a named problem, where nothing could be shown yet.
   */
  async look(whole: boolean, taken: ReadonlySet<string>): Promise<TrackioLook> {
    await this.#refresh(whole);
    // From here to the end nothing waits: what `database` answers is closed by a refresh.
    const { source, inbox, name } = this.#options;
    const database = this.#database();
    this.#runs.begin(taken);
    if (database !== null) this.#readDatabase(database);
    this.#readInbox(inbox.batches(name), this.#behind ? null : database);
    if (database !== null && !this.#behind) inbox.forget(name, source.age.readAtMs);
    const trouble = this.#trouble;
    if (trouble !== null && this.#runs.size === 0) throw trouble;
    return {
      changed: this.#runs.end(trouble === null ? [] : [trouble.message]),
      more: this.#behind,
      age: database === null ? null : source.age,
      warnings: this.#rejected,
    };
  }

  /** The columns of a piece; null when it was handed out before: then everything is told again. */
  take(key: string): ShardColumns | null {
    const columns = this.#pending.get(key) ?? null;
    this.#pending.delete(key);
    if (columns === null) this.#reset();
    // While the other thread puts these in its tables, the next ones are read.
    if (this.#behind && this.#pending.size === 0) setImmediate(() => this.#readAhead());
    return columns;
  }

  async close(): Promise<void> {
    await this.#refreshing;
    await this.#options.source.close();
  }

  /** What the database says since the last look. A fault in it is a trouble: what was read before it is shown. */
  #readDatabase(database: TrackioDatabase): void {
    const ahead = this.#ahead;
    this.#ahead = false;
    try {
      if (this.#changed) this.#noticeDeleted(database);
      if (this.#changed || this.#configsDue) this.#readConfigs(database);
      if (this.#changed || (this.#behind && !ahead)) this.#behind = this.#readSegment(database);
      this.#changed = false;
    } catch (error) {
      this.#trouble = toTrouble(this.#options.name, error);
      this.#behind = false;
      this.#changed = true;
    }
  }

  #readAhead(): void {
    const database = this.#refreshing === null ? this.#database() : null;
    if (database === null || !this.#behind || this.#ahead) return;
    this.#ahead = true;
    try {
      this.#behind = this.#readSegment(database);
    } catch {
      // The next look reads the same rows and says what is wrong with them.
      this.#ahead = false;
    }
  }

  /** Starts a refresh, or goes on waiting for the one under way. What it finds is kept for the look that sees it. */
  async #refresh(whole: boolean): Promise<void> {
    this.#refreshing ??= this.#refreshSource();
    if (whole) {
      await this.#refreshing;
      return;
    }
    const stop = new AbortController();
    const late = sleep(REFRESH_WAIT_MS, undefined, { ref: false, signal: stop.signal });
    await Promise.race([this.#refreshing, late.catch(() => undefined)]);
    stop.abort();
  }

  async #refreshSource(): Promise<void> {
    try {
      const { changed, reopened, rejected } = await this.#options.source.refresh();
      this.#trouble = null;
      this.#opened = true;
      this.#changed ||= changed || reopened;
      this.#rejected = rejected;
    } catch (error) {
      this.#trouble = toTrouble(this.#options.name, error);
      this.#opened &&= this.#trouble !== null;
    } finally {
      this.#refreshing = null;
    }
  }

  /** Null where there is none, or none at this moment. */
  #database(): TrackioDatabase | null {
    if (!this.#opened || this.#trouble !== null) return null;
    try {
      return this.#options.source.database;
    } catch (error) {
      if (problemOf(error) === 'not-yet') return null; // a refresh that takes long is between two copies
      throw error;
    }
  }

  /** Fewer rows before the cursor than were read: a run was deleted or renamed. */
  #noticeDeleted(database: TrackioDatabase): void {
    const { monotonic } = this.#options;
    const began = monotonic();
    if (began < this.#restRead.count) return;
    const gone = TABLES.some((table) => {
      const { after, rows } = this.#cursors[table];
      return after > 0 && database.countRows(table, after) !== rows;
    });
    this.#restRead.count = monotonic() + REST * (monotonic() - began);
    if (gone) this.#reset();
  }

  #reset(): void {
    this.#configsDue = true;
    this.#restRead.configs = 0;
    for (const table of TABLES) this.#cursors[table] = { after: 0, rows: 0 };
    this.#pending.clear();
    this.#fragments.clear();
    this.#runs.forgetPieces();
    this.#behind = true;
    this.#resets++;
  }

  #readConfigs(database: TrackioDatabase): void {
    const { monotonic } = this.#options;
    const began = monotonic();
    this.#configsDue = began < this.#restRead.configs;
    if (this.#configsDue) return;
    for (const config of database.configs()) this.#noteConfig(config);
    this.#restRead.configs = monotonic() + REST * (monotonic() - began);
  }

  #noteConfig(config: TrackioConfig): void {
    const run = this.#runs.of(config.run);
    const timeUs = Number.isNaN(config.timeUs) ? run.firstUs : config.timeUs;
    if (timeUs === null || run.config === config.config) return;
    run.config = config.config;
    this.#addFacts(run, timeUs);
  }

  #addFacts(run: SeenRun, timeUs: number): void {
    const key = `trackio:facts:${run.id}:${this.#segments++}`;
    this.#pending.set(key, factColumns(run.writer, factsOf(run, timeUs)));
    this.#runs.replaceFacts(run, key);
  }

  /** Reads what is new; answers whether there is more. */
  #readSegment(database: TrackioDatabase): boolean {
    let left = this.#fragments.size > 0 ? Number.POSITIVE_INFINITY : SEGMENT_ROWS;
    for (const table of TABLES) {
      const cursor = this.#cursors[table];
      const builders = new Map<SeenRun, RunColumnsBuilder>();
      const kind = table === 'metrics' ? 'metric' : 'system';
      const from = cursor.after;
      try {
        for (; left > 0;) {
          const chunk = database.logs.read(table, cursor.after, CHUNK_ROWS);
          if (chunk.rows === 0) break;
          this.#addChunk(chunk, database.logs, kind, builders);
          cursor.after = chunk.last;
          cursor.rows += chunk.rows;
          left -= chunk.rows;
        }
      } finally {
        this.#tell(builders, `${table}:${from}`);
      }
    }
    return left <= 0;
  }

  #addChunk(
    chunk: LogChunk,
    { runs, keys }: Pick<LogReader, 'runs' | 'keys'>,
    kind: 'metric' | 'system',
    builders: Map<SeenRun, RunColumnsBuilder>,
  ): void {
    const unreadable = addChunk(chunk, keys, (ordinal) => {
      const run = this.#runs.of(runs[ordinal]!);
      const builder = builders.get(run) ?? new RunColumnsBuilder(kind);
      builders.set(run, builder);
      return builder;
    });
    for (const [ordinal, rows] of unreadable) this.#runs.of(runs[ordinal]!).unreadable += rows;
  }

  #tell(builders: ReadonlyMap<SeenRun, RunColumnsBuilder>, piece: string, fragment?: string): void {
    for (const [run, builder] of builders) {
      const columns = builder.take(run.writer);
      const key = `trackio:${piece}:${run.id}:${this.#resets}`;
      this.#pending.set(key, columns);
      this.#runs.add(run, key, builder.rows, fragment);
      const first = Number(columns.time[0] ?? 0n);
      run.firstUs ??= first;
      if (run.config === null) {
        run.config = '{}';
        this.#addFacts(run, first);
      }
    }
  }

  /** Pieces of fragments follow what the database does not hold; `database` is null while it is not read to its end. */
  #readInbox(batches: readonly InboxBatch[], database: TrackioDatabase | null): void {
    const there = new Set<string>();
    const { inbox } = this.#options;
    for (const batch of batches) {
      const known = this.#fragments.get(batch.fragment);
      if (database === null && (this.#behind || this.#cursors.metrics.after > 0)) {
        if (known !== undefined) there.add(batch.fragment);
        if (known !== undefined || this.#behind) continue;
      }
      const left = database === null ? batch : withoutImported(batch, database);
      if (left === null) continue;
      there.add(batch.fragment);
      const rows = left.metrics.rows + left.system.rows;
      if (rows === known) continue;
      if (known !== undefined) this.#runs.dropFragment(batch.fragment);
      this.#fragments.set(batch.fragment, rows);
      for (const [kind, chunk] of [
        ['metric', left.metrics],
        ['system', left.system],
      ] as const) {
        const builders = new Map<SeenRun, RunColumnsBuilder>();
        this.#addChunk(chunk, inbox, kind, builders);
        this.#tell(builders, `inbox:${kind}:${batch.fragment}:${this.#segments++}`, batch.fragment);
      }
      for (const config of left.configs) this.#noteConfig(config);
    }
    for (const fragment of this.#fragments.keys()) {
      if (there.has(fragment)) continue;
      this.#fragments.delete(fragment);
      this.#runs.dropFragment(fragment);
    }
  }
}

/** Null for a project that is in the inbox only: nothing is wrong with it. */
function toTrouble(name: string, error: unknown): LamellaError | null {
  if (problemOf(error) === 'missing') return null;
  if (error instanceof LamellaError) return error;
  return new LamellaError('internal', `reading the project ${name} failed; report it with the cause`, {
    cause: error,
  });
}

/** A run's name, group and config as the records that Lamella's own writers lay down. */
function factsOf(run: SeenRun, timeUs: number): FactCell[] {
  const config = parseConfig(run.config ?? '{}');
  const start = { name: run.name, group: config.get('_Group') ?? null };
  return [
    { kind: 'run', key: 'start', timeUs, data: JSON.stringify(start) },
    ...[...config].map(([key, value]): FactCell => ({
      kind: 'config',
      key,
      timeUs,
      data: JSON.stringify(value),
    })),
  ];
}

function parseConfig(text: string): Map<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return new Map(isObject ? Object.entries(value) : []);
  } catch {
    // Python writes bare NaN, and others wrote nothing: the run is shown without its config.
    return new Map();
  }
}
