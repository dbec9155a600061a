/**
 * A run as the snapshot holds it, what one pass wants of it, and how passes are cut into statements of bounded
 * size. Pure: nothing here touches the database.
 */
import { NO_FACTS } from './facts.ts';
import type { RunFacts } from './facts.ts';
import type { StateLabel, WriterPulse } from './liveness.ts';
import { NO_TOTALS } from './run-rows.ts';
import type { RunTotals } from './run-rows.ts';
import type { RunSight, ShardSight } from './watch.ts';

/** Shards ingested in one statement, by number and bytes: bounds staging memory and the private directory. */
const BATCH_FILES_MAX = 256;
const BATCH_BYTES_MAX = 64 * 1024 * 1024;

export interface LoadedRun {
  readonly id: string;
  readonly ordinal: number;
  /** What the last look wants loaded, by key. */
  readonly wanted: Map<string, ShardSight>;
  /** What is loaded: shard key to file ordinal. */
  readonly files: Map<string, number>;
  readonly pulses: Map<string, WriterPulse>;
  /** Writers as the last look saw them. */
  writers: RunSight['writers'];
  facts: RunFacts;
  totals: RunTotals;
  problems: readonly string[];
  /** Where it comes from, when that is not Lamella's own shards. */
  origin: 'trackio' | null;
  label: StateLabel;
}

/** A run of which nothing is loaded. */
export function createRun(id: string, ordinal: number): LoadedRun {
  return {
    id,
    ordinal,
    wanted: new Map(),
    files: new Map(),
    pulses: new Map(),
    writers: [],
    facts: NO_FACTS,
    totals: NO_TOTALS,
    problems: [],
    origin: null,
    label: { state: 'silent', reason: 'nothing readable yet' },
  };
}

/** Takes in what a look saw. */
export function noteSight(run: LoadedRun, sight: RunSight): void {
  sight.removed.forEach((key) => run.wanted.delete(key));
  sight.added.forEach((shard) => run.wanted.set(shard.key, shard));
  run.writers = sight.writers;
  run.problems = sight.problems;
  run.origin = sight.origin ?? null;
}

/** What a pass does for one run. `loaded` fills while shards are copied: key to file ordinal. */
export interface RunPlan {
  readonly run: LoadedRun;
  readonly added: readonly ShardSight[];
  /** Keys of loaded shards that wider ones cover. */
  readonly superseded: readonly string[];
  readonly loaded: Map<string, number>;
}

/** The difference between what is wanted and what is loaded. */
export function planRun(run: LoadedRun): RunPlan {
  return {
    run,
    added: [...run.wanted.values()].filter(({ key }) => !run.files.has(key)),
    superseded: [...run.files.keys()].filter((key) => !run.wanted.has(key)),
    loaded: new Map(),
  };
}

/** Every shard that was to come has been copied. Nothing is taken out before all that may cover it is in. */
export function isComplete(plan: RunPlan): boolean {
  return plan.loaded.size === plan.added.length;
}

/** Ordinals of files whose rows may repeat those of others, ascending. */
export function conflictingFiles({ run, loaded }: RunPlan): number[] {
  const files: number[] = [];
  for (const { key, conflict } of run.wanted.values()) {
    const file = loaded.get(key) ?? run.files.get(key);
    if (conflict && file !== undefined) {
      files.push(file);
    }
  }
  return files.toSorted((a, b) => a - b);
}

/** Plans that share a transaction: as many as fit one batch, a larger run alone. */
export function* groupPlans(plans: readonly RunPlan[]): Generator<readonly RunPlan[]> {
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

/** Shards of one run inside a batch. */
export interface BatchPart {
  readonly plan: RunPlan;
  readonly shards: ShardSight[];
}

/** The shards of a group in batches of bounded size. */
export function* batchShards(plans: readonly RunPlan[]): Generator<readonly BatchPart[]> {
  let batch: BatchPart[] = [];
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
