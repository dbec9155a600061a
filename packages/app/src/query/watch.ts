/**
 * Looking at a store: lists runs, verifies what is new, and hands out verified bytes as private local files.
 *
 * This side does the hashing and footer reading, so the server runs it in a thread of its own
 * (`watch-thread.ts`) and its event loop never waits for a large shard; commands run it in place.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LamellaError, openReader } from '@lamella/store';
import type { Backend, RunView, StoreReader } from '@lamella/store';
import { nodeCodec, openStore, systemClock } from '@lamella/store/node';
import type { SourceAge } from '@lamella/trackio';
import { glanceAt } from './glance.ts';
import type { Glance } from './glance.ts';
import type { ShardColumns } from './shard-columns.ts';

/** A verified shard that a project's table should hold. */
export interface ShardSight {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Overlaps another one with other content: its repeats must be dropped. */
  readonly conflict: boolean;
}

/** What a look found out about a run that changed since the look before. */
export interface RunSight {
  readonly run: string;
  /** Shards that the look before did not show, or showed otherwise. */
  readonly added: readonly ShardSight[];
  /** Keys that the look before showed: wider shards have taken their place. */
  readonly removed: readonly string[];
  readonly writers: readonly { readonly id: string; readonly highest: number; readonly ended: boolean }[];
  /** Damaged files, conflicts, holes, newer formats: a sentence each. */
  readonly problems: readonly string[];
  /** Where it comes from, when that is not Lamella's own shards. */
  readonly origin?: 'trackio';
}

export interface Look {
  /** Ids of all runs that the listing shows. */
  readonly runs: readonly string[];
  readonly changed: readonly RunSight[];
  /** Milliseconds spent in listings: what bounds how soon to look again. */
  readonly listingMs: number;
  /** There is more than this look has taken in: look again at once. */
  readonly more?: boolean;
  /** How old the rows of Trackio's database are; absent where there is none. */
  readonly age?: SourceAge | null;
  /** What concerns the project and not one run. */
  readonly warnings?: readonly string[];
}

/** A verified copy of a shard; null where it could not be read now (look again). */
export interface LocalShard {
  readonly key: string;
  readonly path: string | null;
  /** Instead of a file. */
  readonly columns?: ShardColumns;
}

/** The seam between the snapshot and whatever watches the store. */
export interface Watch {
  listProjects(): Promise<readonly string[]>;
  glance(project: string): Promise<Glance>;
  /** `whole`: all there is, however long it takes; else what can be had within about a second. */
  look(project: string, whole?: boolean): Promise<Look>;
  /** What is wrong with the directory and not with one project that is open: a sentence each. */
  problems(): Promise<readonly string[]>;
  /** Verified copies, `paths` are the caller's to remove. `id` names the copy: `<id>.parquet`. */
  fetch(
    project: string,
    run: string,
    shards: readonly { readonly key: string; readonly id: number }[],
  ): Promise<readonly LocalShard[]>;
  /**
   * How many of these shards of a run hold no rows that can be decoded although their bytes are what was
   * published. The next look is without them, and names them as a problem.
   */
  refuseFaulty(project: string, run: string, keys: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

export interface WatchOptions {
  /** Root of the store. */
  readonly dir: string;
  /** Private directory for verified copies. */
  readonly copies: string;
}

/** A run whose writers have all ended, or that has been still this long, is listed less often. */
const STILL_AFTER_MS = 5 * 60_000;
const STILL_INTERVAL_MS = 30_000;
/** Still runs are not all listed in the same pass: their intervals differ by up to as much again. */
const STILL_SPREAD = 16;
/** Runs refreshed and shards copied at the same time: hides the latency of network file systems. */
const PARALLEL = 8;
const PROBLEMS_MAX = 20;

interface WatchedRun {
  view: RunView | null;
  trouble: string | null;
  /** What earlier looks have told: key and conflict. */
  readonly told: Map<string, boolean>;
  changedAt: number;
  lookedAt: number;
  readonly stillIntervalMs: number;
}

/** Opens the store for reading. Errors: not-found (no such directory), unsupported (newer format). */
export async function openWatch(options: WatchOptions): Promise<Watch> {
  const opened: Backend = await openStore(options.dir, { create: false });
  await mkdir(options.copies, { recursive: true, mode: 0o700 });
  const listing: ListingTime = { ms: 0, underWay: 0, since: 0 };
  const backend = timeListings(opened, listing);
  const reader = openReader({ backend, codec: nodeCodec, clock: systemClock });
  const projects = new Map<string, Map<string, WatchedRun>>();
  const watchedRuns = (project: string): Map<string, WatchedRun> => {
    const known = projects.get(project) ?? new Map<string, WatchedRun>();
    projects.set(project, known);
    return known;
  };
  return {
    listProjects: () => reader.listProjects(),
    glance: (project) => glanceAt(opened, reader, project),
    async look(project) {
      listing.ms = 0;
      const runs = await reader.listRuns(project);
      const changed = await lookAtRuns(reader, project, runs, watchedRuns(project));
      return { runs, changed, listingMs: listing.ms };
    },
    async fetch(project, run, shards) {
      const view = watchedRuns(project).get(run)?.view;
      const files = new Map(view?.files.map((file) => [file.key, file]));
      const copies: LocalShard[] = shards.map(({ key }) => ({ key, path: null }));
      await inTurn(shards.keys(), async (i) => {
        const { key, id } = shards[i]!;
        const file = files.get(key);
        const path = join(options.copies, `${id}.parquet`);
        if (file && (await copyShard(reader, file, path))) {
          copies[i] = { key, path };
        }
      });
      return copies;
    },
    async refuseFaulty(project, run, keys) {
      const watched = watchedRuns(project).get(run);
      const refused = watched?.view ? await refuseFaulty(reader, watched.view, new Set(keys)) : 0;
      if (watched && refused > 0) {
        watched.lookedAt = Number.NEGATIVE_INFINITY;
      }
      return refused;
    },
    problems: async () => [],
    close: async () => undefined,
  };
}

async function copyShard(
  reader: StoreReader,
  file: RunView['files'][number],
  path: string,
): Promise<boolean> {
  let bytes: Uint8Array;
  try {
    bytes = await reader.readShard(file);
  } catch (error) {
    // Gone because a cover replaced it, or unreadable now: the next look says which, and names it.
    if (error instanceof LamellaError) {
      return false;
    }
    throw error;
  }
  await writeFile(path, bytes, { mode: 0o600, flag: 'wx' });
  return true;
}

async function refuseFaulty(reader: StoreReader, view: RunView, keys: ReadonlySet<string>): Promise<number> {
  let refused = 0;
  for (const file of view.files) {
    try {
      if (keys.has(file.key) && !(await reader.checkRows(view, file))) {
        refused++;
      }
    } catch (error) {
      // Gone or unreadable now: the next look says so.
      if (!(error instanceof LamellaError)) {
        throw error;
      }
    }
  }
  return refused;
}

async function lookAtRuns(
  reader: StoreReader,
  project: string,
  runs: readonly string[],
  watched: Map<string, WatchedRun>,
): Promise<RunSight[]> {
  const now = systemClock.monotonic();
  const due = runs.filter((run) => isDue(watched.get(run), now));
  const changed: RunSight[] = [];
  await inTurn(due.values(), async (run) => {
    const sight = await lookAtRun(reader, project, run, watched, now);
    if (sight) {
      changed.push(sight);
    }
  });
  return changed;
}

/** Works off `items`, a few at the same time. */
async function inTurn<T>(items: Iterator<T>, work: (item: T) => Promise<void>): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let next = items.next(); next.done !== true; next = items.next()) {
      await work(next.value);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

function isDue(run: WatchedRun | undefined, now: number): boolean {
  if (!run?.view) {
    return true;
  }
  const ended = run.view.writers.length > 0 && run.view.writers.every((writer) => writer.ended);
  const still = ended || now - run.changedAt > STILL_AFTER_MS;
  return !still || now - run.lookedAt > run.stillIntervalMs;
}

async function lookAtRun(
  reader: StoreReader,
  project: string,
  run: string,
  watched: Map<string, WatchedRun>,
  now: number,
): Promise<RunSight | null> {
  const known: WatchedRun = watched.get(run) ?? {
    view: null,
    trouble: null,
    told: new Map(),
    changedAt: now,
    lookedAt: now,
    stillIntervalMs: STILL_INTERVAL_MS * (1 + (watched.size % STILL_SPREAD) / STILL_SPREAD),
  };
  watched.set(run, known);
  known.lookedAt = now;
  const before = { view: known.view, trouble: known.trouble };
  try {
    known.view = await reader.refreshRun(project, run);
    known.trouble = null;
  } catch (error) {
    if (!(error instanceof LamellaError)) {
      throw error;
    }
    known.trouble = error.message;
  }
  if (known.trouble === before.trouble && known.view?.version === before.view?.version) {
    return null;
  }
  known.changedAt = now;
  return describe(run, known);
}

/** The difference to what was told before; a run of thousands of shards is not told again and again. */
function describe(run: string, known: WatchedRun): RunSight {
  const { view, told } = known;
  const files = view?.files ?? [];
  const added = files.filter(({ key, conflict }) => told.get(key) !== conflict);
  const shown = new Set(files.map(({ key }) => key));
  const removed = [...told.keys()].filter((key) => !shown.has(key));
  added.forEach(({ key, conflict }) => told.set(key, conflict));
  removed.forEach((key) => told.delete(key));
  return {
    run,
    added: added.map(({ key, size, conflict }) => ({ key, size, conflict })),
    removed,
    writers: (view?.writers ?? []).map(({ id, highest, ended }) => ({ id, highest, ended })),
    problems: problemsOf(view, known.trouble),
  };
}

function problemsOf(view: RunView | null, trouble: string | null): string[] {
  const problems: string[] = trouble === null ? [] : [trouble];
  for (const { key, reason } of view?.unsupported ?? []) {
    problems.push(`${fileName(key)} is not shown: ${reason}`);
  }
  for (const { key, reason } of view?.bad ?? []) {
    // Somebody's notes among the shards are nobody's problem; what bears a shard's ending is.
    if (key.endsWith('.parquet')) {
      problems.push(`${fileName(key)} is damaged or foreign and not shown: ${reason}`);
    }
  }
  for (const { keys, reason } of view?.conflicts ?? []) {
    problems.push(`${keys.map(fileName).join(' and ')} disagree; both are shown: ${reason}`);
  }
  for (const writer of view?.writers ?? []) {
    for (const [first, last] of writer.holes) {
      problems.push(`flushes ${first} to ${last} of writer ${writer.id} are lost`);
    }
  }
  const more = problems.length - PROBLEMS_MAX;
  return more > 0 ? [...problems.slice(0, PROBLEMS_MAX), `and ${more} more problems`] : problems;
}

function fileName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** Time during which at least one listing was under way. */
interface ListingTime {
  ms: number;
  underWay: number;
  since: number;
}

/** The same backend, with the time of its listings added up in `total`. */
function timeListings(backend: Backend, total: ListingTime): Backend {
  return {
    name: backend.name,
    async list(prefix, options) {
      if (total.underWay++ === 0) {
        total.since = systemClock.monotonic();
      }
      try {
        return await backend.list(prefix, options);
      } finally {
        if (--total.underWay === 0) {
          total.ms += systemClock.monotonic() - total.since;
        }
      }
    },
    read: (key, range) => backend.read(key, range),
    publish: (key, source) => backend.publish(key, source),
    remove: (key) => backend.remove(key),
  };
}
