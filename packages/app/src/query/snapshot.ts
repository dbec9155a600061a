/**
 * One project as this process knows it: which verified shards its tables hold, and per run the facts, totals
 * and pulses that the run list shows. `apply` moves it from one look at the store to the next.
 *
 * The rule: tables and the maps here change together. Rows come and go in one DuckDB transaction; the maps
 * and the cursor follow its commit. A shard that could not be copied is simply tried at the next look.
 */
import { rm } from 'node:fs/promises';
import { ChangeLog } from './change-log.ts';
import type { Engine } from './engine.ts';
import { NO_FACTS } from './facts.ts';
import type { RunFacts } from './facts.ts';
import { countFiles, deleteFiles, dropRepeats, insertFiles } from './ingest.ts';
import type { StagedFile } from './ingest.ts';
import { labelRun, notePulse } from './liveness.ts';
import type { StateLabel, WriterPulse } from './liveness.ts';
import { NO_TOTALS, readFacts, readFilesTouched, readTotals } from './run-rows.ts';
import type { RunTotals } from './run-rows.ts';
import { createTables, projectTables } from './tables.ts';
import type { ProjectTables } from './tables.ts';
import type { Look, RunSight, ShardSight, Watch } from './watch.ts';

/** Shards ingested in one statement, by number and bytes: bounds staging memory and the private directory. */
const BATCH_FILES_MAX = 256;
const BATCH_BYTES_MAX = 64 * 1024 * 1024;

/** A run and what of it is loaded. */
export interface LoadedRun {
  readonly id: string;
  readonly ordinal: number;
  /** Shard key to file ordinal. */
  readonly files: Map<string, number>;
  /** File ordinals that overlap others with other content. */
  conflicting: ReadonlySet<number>;
  readonly pulses: Map<string, WriterPulse>;
  facts: RunFacts;
  totals: RunTotals;
  problems: readonly string[];
  label: StateLabel;
  /** The sight that the fields above are from. */
  sight: RunSight | null;
}

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

/** What one look wants of one run. */
interface RunPlan {
  readonly run: LoadedRun;
  readonly sight: RunSight;
  readonly added: readonly ShardSight[];
  readonly superseded: readonly string[];
}

export class ProjectSnapshot {
  readonly project: string;
  readonly tables: ProjectTables;
  readonly runs: Map<string, LoadedRun> = new Map();
  readonly log: ChangeLog;
  readonly #options: SnapshotOptions;
  /** Sights whose shards are not all loaded yet, by run: the next pass takes them up again. */
  readonly #pending = new Map<string, RunSight>();
  #created = false;

  constructor(options: SnapshotOptions) {
    this.#options = options;
    this.project = options.project;
    this.tables = projectTables(options.ordinal);
    this.log = new ChangeLog(options.clock.now());
  }

  /**
   * Brings the tables to what `look` saw, a group of runs at a time, and logs what changed. `stop` ends it
   * between groups. Errors: internal, unavailable.
   */
  async apply(look: Look, stop?: AbortSignal): Promise<void> {
    for (const sight of look.changed) {
      this.#pending.set(sight.run, sight);
    }
    for (const plans of groupPlans([...this.#pending.values()].map((sight) => this.#plan(sight)))) {
      if (stop?.aborted) {
        return;
      }
      const changed = await this.#options.exclusive(() => this.#load(plans));
      if (changed.size > 0) {
        this.log.push(changed);
      }
    }
    this.#relabel();
  }

  /** The newest label of a run: silence grows between looks. */
  labelOf(run: LoadedRun): StateLabel {
    return labelRun(run.pulses, run.facts, this.#options.clock.monotonic());
  }

  #plan(sight: RunSight): RunPlan {
    const run = this.runs.get(sight.run) ?? {
      id: sight.run,
      ordinal: this.runs.size,
      files: new Map<string, number>(),
      conflicting: new Set<number>(),
      pulses: new Map<string, WriterPulse>(),
      facts: NO_FACTS,
      totals: NO_TOTALS,
      problems: [],
      label: { state: 'silent', reason: 'nothing readable yet' },
      sight: null,
    };
    this.runs.set(run.id, run);
    const wanted = new Set(sight.files.map(({ key }) => key));
    return {
      run,
      sight,
      added: sight.files.filter(({ key }) => !run.files.has(key)),
      superseded: [...run.files.keys()].filter((key) => !wanted.has(key)),
    };
  }

  /** One transaction for a group of runs; answers the runs that changed with the metrics that got points. */
  async #load(plans: readonly RunPlan[]): Promise<Map<string, ReadonlySet<string>>> {
    const { engine, clock } = this.#options;
    const loaded = new Map<RunPlan, Map<string, number>>();
    await engine.writing.run('BEGIN TRANSACTION');
    try {
      if (!this.#created) {
        for (const statement of createTables(this.tables)) {
          await engine.writing.run(statement);
        }
      }
      for (const plan of plans) {
        loaded.set(plan, new Map());
      }
      for (const batch of batches(plans)) {
        await this.#insert(batch, loaded);
      }
      for (const plan of plans) {
        await this.#settle(plan, loaded.get(plan)!);
      }
      await engine.writing.run('COMMIT');
    } catch (error) {
      await engine.writing.run('ROLLBACK');
      throw error;
    }
    this.#created = true;
    return this.#note(plans, loaded, clock.monotonic());
  }

  /** Copies and inserts one batch; what could not be copied is left for the next look. */
  async #insert(
    batch: readonly { readonly plan: RunPlan; readonly shards: readonly ShardSight[] }[],
    loaded: Map<RunPlan, Map<string, number>>,
  ): Promise<void> {
    const { engine, watch, schemaFile, nextFile } = this.#options;
    const staged: StagedFile[] = [];
    try {
      for (const { plan, shards } of batch) {
        const asked = shards.map(({ key }) => ({ key, id: nextFile() }));
        const copies = await watch.fetch(this.project, plan.run.id, asked);
        for (const [i, { key, path }] of copies.entries()) {
          if (path !== null) {
            staged.push({ file: asked[i]!.id, run: plan.run.ordinal, path });
            loaded.get(plan)!.set(key, asked[i]!.id);
          }
        }
      }
      if (staged.length > 0) {
        await insertFiles(engine.writing, this.tables, schemaFile, staged);
      }
    } finally {
      await Promise.all(staged.map(({ path }) => rm(path, { force: true })));
    }
  }

  /** Superseded rows out, repeats out, counts right. Nothing is taken out before all that covers it is in. */
  async #settle(plan: RunPlan, added: ReadonlyMap<string, number>): Promise<void> {
    const { writing } = this.#options.engine;
    if (added.size === plan.added.length) {
      await deleteFiles(
        writing,
        this.tables,
        plan.superseded.map((key) => plan.run.files.get(key)!),
      );
    }
    const conflicting = conflictingFiles(plan, added);
    if (conflicting.length > 0 && added.size > 0) {
      await dropRepeats(writing, this.tables, plan.run.ordinal, conflicting);
    }
    const recount = new Set([...added.values(), ...conflicting]);
    if (recount.size > 0) {
      await countFiles(writing, this.tables, [...recount]);
    }
  }

  async #note(
    plans: readonly RunPlan[],
    loaded: ReadonlyMap<RunPlan, ReadonlyMap<string, number>>,
    now: number,
  ): Promise<Map<string, ReadonlySet<string>>> {
    const files = plans.flatMap((plan) => [...loaded.get(plan)!.values()]);
    const touched = await readFilesTouched(this.#options.engine, this.tables, files);
    const totals = await readTotals(
      this.#options.engine,
      this.tables,
      plans.map(({ run }) => run.ordinal),
    );
    const stale = plans.map(({ run }) => run.ordinal).filter((ordinal) => touched.facts.has(ordinal));
    const facts = await readFacts(this.#options.engine, this.tables, stale);
    const changed = new Map<string, ReadonlySet<string>>();
    for (const plan of plans) {
      const { run, sight } = plan;
      const added = loaded.get(plan)!;
      const complete = added.size === plan.added.length;
      run.conflicting = new Set(conflictingFiles(plan, added));
      for (const [key, file] of added) {
        run.files.set(key, file);
      }
      if (complete) {
        plan.superseded.forEach((key) => run.files.delete(key));
        this.#pending.delete(run.id);
      }
      run.facts = facts.get(run.ordinal) ?? run.facts;
      run.totals = totals.get(run.ordinal) ?? NO_TOTALS;
      run.problems = sight.problems;
      const ageMs = this.#options.clock.now() - (run.totals.lastUs ?? 0) / 1000;
      sight.writers.forEach((writer) => notePulse(run.pulses, writer, now, ageMs));
      run.label = this.labelOf(run);
      if (added.size > 0 || run.sight !== sight) {
        changed.set(run.id, touched.metrics.get(run.ordinal) ?? new Set());
      }
      run.sight = sight;
    }
    return changed;
  }

  /** Labels change by silence alone; pages hear of that too. */
  #relabel(): void {
    const changed = new Map<string, ReadonlySet<string>>();
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

function conflictingFiles(plan: RunPlan, added: ReadonlyMap<string, number>): number[] {
  return plan.sight.files
    .filter(({ conflict }) => conflict)
    .map(({ key }) => added.get(key) ?? plan.run.files.get(key))
    .filter((file) => file !== undefined)
    .toSorted((a, b) => a - b);
}

/** Runs that are loaded in one transaction: as many as fit a batch, a larger run alone. */
function* groupPlans(plans: readonly RunPlan[]): Generator<readonly RunPlan[]> {
  let group: RunPlan[] = [];
  let files = 0;
  let bytes = 0;
  for (const plan of plans) {
    const planBytes = plan.added.reduce((sum, { size }) => sum + size, 0);
    if (
      group.length > 0 &&
      (files + plan.added.length > BATCH_FILES_MAX || bytes + planBytes > BATCH_BYTES_MAX)
    ) {
      yield group;
      group = [];
      files = 0;
      bytes = 0;
    }
    group.push(plan);
    files += plan.added.length;
    bytes += planBytes;
  }
  if (group.length > 0) {
    yield group;
  }
}

/** The shards of a group in statements of bounded size. */
function* batches(
  plans: readonly RunPlan[],
): Generator<readonly { readonly plan: RunPlan; readonly shards: readonly ShardSight[] }[]> {
  let batch: { plan: RunPlan; shards: ShardSight[] }[] = [];
  let files = 0;
  let bytes = 0;
  for (const plan of plans) {
    for (const shard of plan.added) {
      if (files > 0 && (files >= BATCH_FILES_MAX || bytes + shard.size > BATCH_BYTES_MAX)) {
        yield batch;
        batch = [];
        files = 0;
        bytes = 0;
      }
      const last = batch.at(-1);
      if (last?.plan === plan) {
        last.shards.push(shard);
      } else {
        batch.push({ plan, shards: [shard] });
      }
      files++;
      bytes += shard.size;
    }
  }
  if (batch.length > 0) {
    yield batch;
  }
}
