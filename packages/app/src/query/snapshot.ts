/**
 * One project as this process knows it: which verified shards its tables hold, and per run the facts, totals
 * and pulses that the run list shows. `apply` moves it from one look at the store to the next.
 *
 * The rule: tables and the maps here change together. Rows come and go in one DuckDB transaction; the maps
 * and the cursor follow its commit. A shard that could not be copied is simply tried at the next look.
 */
import { rm } from 'node:fs/promises';
import type { SourceAge } from '@lamella/trackio';
import { ChangeLog } from './change-log.ts';
import { HELD } from './engine.ts';
import type { Engine } from './engine.ts';
import { insertColumns } from './insert-columns.ts';
import type { StagedColumns } from './insert-columns.ts';
import { countFiles, deleteFiles, dropRepeats, insertFiles } from './ingest.ts';
import type { StagedFile } from './ingest.ts';
import { labelRun, notePulse } from './liveness.ts';
import type { StateLabel } from './liveness.ts';
import {
  batchShards,
  conflictingFiles,
  createRun,
  groupPlans,
  isComplete,
  noteSight,
  planRun,
} from './loaded-run.ts';
import type { BatchPart, LoadedRun, RunPlan } from './loaded-run.ts';
import { NO_TOTALS, readFacts, readFilesTouched, readTotals } from './run-rows.ts';
import { createTables, projectTables } from './tables.ts';
import type { ProjectTables } from './tables.ts';
import type { Look, Watch } from './watch.ts';

/** What one process-wide owner gives to every project. */
export interface SnapshotOptions {
  readonly project: string;
  /** Names the project's tables; unique in the engine. */
  readonly ordinal: number;
  readonly engine: Engine;
  readonly watch: Watch;
  readonly schemaFile: string;
  /** Next file ordinal, unique in the engine. */
  nextFile(): number;
  /** Runs `work` when no other project is writing. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  readonly clock: { now(): number; monotonic(): number };
}

/** So many bytes of shards are loaded before tables are compressed. */
const COMPRESS_BYTES = 8_000_000;

/** Runs that changed, with the names of the metrics that got points. */
type Changed = Map<string, ReadonlySet<string>>;

export class ProjectSnapshot {
  readonly project: string;
  readonly tables: ProjectTables;
  readonly runs: Map<string, LoadedRun> = new Map();
  readonly log: ChangeLog;
  /** How old the rows of Trackio's database are; null where there is none. */
  age: SourceAge | null = null;
  readonly #options: SnapshotOptions;
  /** Runs whose tables or rows are behind what was seen. */
  readonly #behind = new Set<LoadedRun>();
  /** Runs of which something new was seen since the last change was logged. */
  readonly #seen = new Set<LoadedRun>();
  #created = false;
  #uncompressed = 0;

  constructor(options: SnapshotOptions) {
    this.#options = options;
    this.project = options.project;
    this.tables = projectTables(options.ordinal);
    this.log = new ChangeLog(options.clock.now());
  }

  /**
   * Brings the tables to what `look` saw, a group of runs at a time, and logs what changed. `stop` ends it
   * between groups. False when a shard held no rows: it is refused, and another look goes on without it.
   * Errors: internal, unavailable.
   */
  async apply(look: Look, stop?: AbortSignal): Promise<boolean> {
    this.age = look.age ?? null;
    for (const sight of look.changed) {
      const run = this.runs.get(sight.run) ?? createRun(sight.run, this.runs.size);
      this.runs.set(run.id, run);
      noteSight(run, sight);
      this.#behind.add(run);
      this.#seen.add(run);
    }
    for (const plans of groupPlans([...this.#behind].map(planRun))) {
      if (stop?.aborted) {
        return true;
      }
      const changed = await this.#loadOrRefuse(plans);
      if (changed === null) {
        return false;
      }
      if (changed.size > 0) {
        this.log.push(changed);
      }
    }
    this.#relabel();
    return true;
  }

  /** The newest label of a run: silence grows between looks. */
  labelOf(run: LoadedRun): StateLabel {
    return labelRun(run.pulses, run.facts, this.#options.clock.monotonic());
  }

  /** Null when the group failed for shards that do not decode: one of them must not keep a project dark. */
  async #loadOrRefuse(plans: readonly RunPlan[]): Promise<Changed | null> {
    try {
      return await this.#options.exclusive(() => this.#load(plans));
    } catch (error) {
      let refused = 0;
      for (const { run, added } of plans) {
        const keys = added.map(({ key }) => key);
        refused += await this.#options.watch.refuseFaulty(this.project, run.id, keys);
      }
      if (refused === 0) {
        throw error;
      }
      return null;
    }
  }

  /** One transaction for a group of runs. */
  async #load(plans: readonly RunPlan[]): Promise<Changed> {
    const { writing } = this.#options.engine;
    await writing.run('BEGIN TRANSACTION');
    try {
      if (!this.#created) {
        for (const statement of createTables(this.tables)) {
          await writing.run(statement);
        }
      }
      for (const batch of batchShards(plans)) {
        await this.#insert(batch);
      }
      await this.#settle(plans);
      await writing.run('COMMIT');
    } catch (error) {
      await writing.run('ROLLBACK');
      throw error;
    }
    this.#created = true;
    await this.#compress(plans);
    return this.#note(plans);
  }

  /** What came is compressed by a checkpoint; while somebody reads there can be none, and the next one does it. */
  async #compress(plans: readonly RunPlan[]): Promise<void> {
    const bytes = plans.flatMap(({ added }) => added).reduce((sum, { size }) => sum + size, 0);
    this.#uncompressed += bytes;
    if (this.#uncompressed < COMPRESS_BYTES) return;
    try {
      await this.#options.engine.writing.run(`CHECKPOINT ${HELD}`);
      this.#uncompressed = 0;
    } catch (error) {
      if (!/checkpoint/i.test(String(error))) throw error;
    }
  }

  /** Copies and inserts one batch; what could not be copied is left for the next look. */
  async #insert(batch: readonly BatchPart[]): Promise<void> {
    const { engine, watch, schemaFile, nextFile } = this.#options;
    const staged: StagedFile[] = [];
    const columns: StagedColumns[] = [];
    try {
      for (const { plan, shards } of batch) {
        const asked = shards.map(({ key }) => ({ key, id: nextFile() }));
        const copies = await watch.fetch(this.project, plan.run.id, asked);
        for (const [i, { key, path, columns: inColumns }] of copies.entries()) {
          const [file, run] = [asked[i]!.id, plan.run.ordinal];
          if (path !== null) staged.push({ file, run, path });
          else if (inColumns) columns.push({ file, run, columns: inColumns });
          else continue;
          plan.loaded.set(key, file);
        }
      }
      if (staged.length > 0) {
        await insertFiles(engine.writing, this.tables, schemaFile, staged);
      }
      if (columns.length > 0) {
        await insertColumns(engine.writing, this.tables, columns);
      }
    } finally {
      await Promise.all(staged.map(({ path }) => rm(path, { force: true })));
    }
  }

  /** Superseded rows out, repeats out, counts right. */
  async #settle(plans: readonly RunPlan[]): Promise<void> {
    const { writing } = this.#options.engine;
    const superseded = plans
      .filter(isComplete)
      .flatMap(({ run, superseded: keys }) => keys.map((key) => run.files.get(key)!));
    await deleteFiles(writing, this.tables, superseded);
    const recount = new Set<number>();
    for (const plan of plans) {
      plan.loaded.forEach((file) => recount.add(file));
      const conflicting = plan.loaded.size > 0 ? conflictingFiles(plan) : [];
      if (conflicting.length > 0) {
        await dropRepeats(writing, this.tables, plan.run.ordinal, conflicting);
        conflicting.forEach((file) => recount.add(file));
      }
    }
    if (recount.size > 0) {
      await countFiles(writing, this.tables, [...recount]);
    }
  }

  /** After the commit: the maps follow. Answers what changed. */
  async #note(plans: readonly RunPlan[]): Promise<Changed> {
    const { engine, clock } = this.#options;
    const touched = await readFilesTouched(
      engine,
      this.tables,
      plans.flatMap(({ loaded }) => [...loaded.values()]),
    );
    const totals = await readTotals(
      engine,
      this.tables,
      plans.map(({ run }) => run.ordinal),
    );
    const facts = await readFacts(engine, this.tables, touched.facts);
    const now = clock.monotonic();
    const changed: Changed = new Map();
    for (const plan of plans) {
      const { run } = plan;
      plan.loaded.forEach((file, key) => run.files.set(key, file));
      if (isComplete(plan)) {
        plan.superseded.forEach((key) => run.files.delete(key));
        this.#behind.delete(run);
      }
      run.facts = facts.get(run.ordinal) ?? run.facts;
      run.totals = totals.get(run.ordinal) ?? NO_TOTALS;
      const ageMs = clock.now() - (run.totals.lastUs ?? 0) / 1000;
      run.writers.forEach((writer) => notePulse(run.pulses, writer, now, ageMs));
      run.label = this.labelOf(run);
      if (this.#seen.delete(run) || plan.loaded.size > 0) {
        changed.set(run.id, touched.metrics.get(run.ordinal) ?? new Set());
      }
    }
    return changed;
  }

  /** Labels change by silence alone; pages hear of that too. */
  #relabel(): void {
    const changed: Changed = new Map();
    for (const run of this.runs.values()) {
      const label = this.labelOf(run);
      if (label.state !== run.label.state) {
        changed.set(run.id, new Set());
      }
      run.label = label;
    }
    if (changed.size > 0) {
      this.log.push(changed);
    }
  }
}
