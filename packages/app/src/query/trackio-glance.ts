/**
 * What the project list shows of a Trackio project that nobody has opened, and whether its database can be read at
 * all. On a shared disk no database is copied for that: its files' sizes and times must do.
 */
import { stat } from 'node:fs/promises';
import { LamellaError } from '@lamella/store';
import { databaseError, problemOf } from '@lamella/trackio';
import type { InboxBatch, TrackioDatabase, TrackioRun, TrackioSource } from '@lamella/trackio';
import type { Glance } from './glance.ts';

interface Known {
  /** Sizes and times of the database and its log. */
  readonly facts: string;
  readonly runs: number | null;
  readonly changedAtMs: number | null;
  readonly trouble: LamellaError | null;
}

export class TrackioGlances {
  readonly #open: (path: string) => Promise<TrackioSource>;
  readonly #known = new Map<string, Known>();

  /** `open` makes a source that is closed again by this. */
  constructor(open: (path: string) => Promise<TrackioSource>) {
    this.#open = open;
  }

  /** Errors: those of a named problem, where there is no inbox to show instead. */
  async glance(
    path: string,
    local: boolean,
    batches: readonly InboxBatch[],
    runs: readonly TrackioRun[],
  ): Promise<Glance> {
    const { runs: inDatabase, changedAtMs, trouble } = await this.#look(path, local);
    if (trouble !== null && batches.length === 0) throw trouble;
    const inInbox = new Set<string>();
    let newest = changedAtMs ?? 0;
    for (const { metrics } of batches) {
      for (const run of metrics.run) inInbox.add(JSON.stringify(runs[run]));
      for (const us of metrics.timeUs) newest = us / 1000 > newest ? us / 1000 : newest;
    }
    // A run may be in both: at least as many as the larger one there are.
    const count = inDatabase === null ? null : Math.max(inDatabase, inInbox.size);
    return { runs: count, lastActivity: newest === 0 ? null : newest };
  }

  /** Why a database cannot be read, or null. */
  async trouble(path: string, local: boolean): Promise<string | null> {
    return (await this.#look(path, local)).trouble?.message ?? null;
  }

  async #look(path: string, local: boolean): Promise<Known> {
    const [database, wal] = await Promise.all([path, `${path}-wal`].map(factsOf));
    const facts = `${database?.text ?? ''} ${wal?.text ?? ''}`;
    const before = this.#known.get(path);
    if (before?.facts === facts) return before;
    const changedAtMs = database === null ? null : Math.max(database!.timeMs, wal?.timeMs ?? 0);
    let known: Known = { facts, runs: database === null ? 0 : null, changedAtMs, trouble: null };
    if (database?.size === 0) known = { ...known, trouble: databaseError('zero-byte', path) };
    else if (local && database !== null) known = { ...known, ...(await this.#count(path)) };
    this.#known.set(path, known);
    return known;
  }

  async #count(path: string): Promise<Pick<Known, 'runs' | 'trouble'>> {
    const source = await this.#open(path);
    try {
      await source.refresh();
      return { runs: countRuns(source.database), trouble: null };
    } catch (error) {
      if (!(error instanceof LamellaError)) throw error;
      return { runs: 0, trouble: problemOf(error) === 'missing' ? null : error };
    } finally {
      await source.close();
    }
  }
}

/** Trackio writes a config for every run; of old versions, which did not, the first rows must do. */
function countRuns(database: TrackioDatabase): number {
  const configs = new Set(database.configs().map(({ run }) => JSON.stringify(run)));
  if (configs.size > 0) return configs.size;
  database.logs.read('metrics', 0);
  return database.logs.runs.length;
}

async function factsOf(path: string): Promise<{ text: string; size: number; timeMs: number } | null> {
  try {
    const { size, mtimeMs } = await stat(path);
    return { text: `${size}:${mtimeMs}`, size, timeMs: mtimeMs };
  } catch {
    // Not there, or not to be read: opening it says which.
    return null;
  }
}
