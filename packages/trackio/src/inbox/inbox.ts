/**
 * The inbox of a Trackio directory, read and never touched. Every fragment is read once; what has come since the last look is
 * handed on. A fragment that has vanished was taken in by Trackio (or removed by hand): its rows stay in use until the
 * project's database has been read anew, so that no row is gone for a moment, and those that the
 * database holds are known by their `log_id`, so that none counts twice.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { INBOX_FOLDER } from '../layout/files.ts';
import { decodeRun, type TrackioRun } from '../sqlite/chunk.ts';
import { NameTable } from '../sqlite/cells.ts';
import type { TrackioDatabase } from '../sqlite/database.ts';
import { isMissing } from '../sqlite/file-facts.ts';
import { toNamed } from '../sqlite/problem.ts';
import { selectRows } from '../sqlite/select-rows.ts';
import { type InboxBatch, parseFragment } from './fragment.ts';

/** What a look at the inbox found. */
export interface InboxChange {
  /** Batches of fragments that are new. */
  readonly added: readonly InboxBatch[];
  /** Fragments that are gone since the last look. Their batches stay until `forget`. */
  readonly vanished: readonly string[];
  /** Lines that are no records, of new fragments. */
  readonly badLines: number;
}

interface Fragment {
  readonly batches: readonly InboxBatch[];
  readonly ids: readonly string[];
  /** When it was first missed, or null while it is there. */
  vanishedAtMs: number | null;
  /** A file that was cut off is read again when its size changes; else null: it is complete. */
  readonly incompleteSize: number | null;
}

/** The inbox of one directory. Not for two refreshes at once. */
export class Inbox {
  readonly #folder: string;
  readonly #now: () => number;
  readonly #fragments = new Map<string, Fragment>();
  readonly #seen = new Set<string>();
  readonly #names = { runs: new NameTable(), keys: new NameTable() };

  /** `directory` is the Trackio directory; `now` answers milliseconds since 1970 (default: this host's clock). */
  constructor(directory: string, now: () => number = () => Date.now()) {
    this.#folder = join(directory, INBOX_FOLDER);
    this.#now = now;
  }

  /** The runs that the ordinals of chunks mean. */
  get runs(): readonly TrackioRun[] {
    return this.#names.runs.names.map(decodeRun);
  }

  /** The keys that the ordinals of cells mean. */
  get keys(): readonly string[] {
    return this.#names.keys.names;
  }

  /** Every batch that is in use, vanished ones included; of one project by its canonical name, or of all. */
  batches(project?: string): InboxBatch[] {
    const all = [...this.#fragments.values()].flatMap(({ batches }) => batches);
    return project === undefined ? all : all.filter((batch) => batch.project === project);
  }

  /** Looks for fragments that came or went. No inbox is an empty one. Error: unavailable when it cannot be read. */
  async refresh(): Promise<InboxChange> {
    const present = await this.#list();
    const added: InboxBatch[] = [];
    let badLines = 0;
    for (const name of present) {
      const known = this.#fragments.get(name);
      if (known !== undefined && (known.incompleteSize === null || !(await this.#hasGrown(name, known))))
        continue;
      if (known !== undefined) this.#drop(name, known);
      const read = await this.#read(name);
      if (read === null) continue;
      added.push(...read.fragment.batches);
      badLines += read.badLines;
      this.#fragments.set(name, read.fragment);
    }
    const vanished: string[] = [];
    const there = new Set(present);
    for (const [name, fragment] of this.#fragments) {
      if (fragment.vanishedAtMs !== null || there.has(name)) continue;
      fragment.vanishedAtMs = this.#now();
      vanished.push(name);
    }
    return { added, vanished, badLines };
  }

  /**
   * Forgets the batches of `project` whose fragments had vanished before `databaseReadAtMs`, the moment of which the
   * rows of its database are (`SourceAge.readAtMs`): what Trackio took in is in the database by then.
   */
  forget(project: string, databaseReadAtMs: number): void {
    for (const [name, fragment] of this.#fragments) {
      const { vanishedAtMs } = fragment;
      if (vanishedAtMs === null || vanishedAtMs > databaseReadAtMs) continue;
      const batches = fragment.batches.filter((batch) => batch.project !== project);
      if (batches.length === 0) this.#drop(name, fragment);
      else this.#fragments.set(name, { ...fragment, batches });
    }
  }

  #drop(name: string, fragment: Fragment): void {
    this.#fragments.delete(name);
    for (const id of fragment.ids) this.#seen.delete(id);
  }

  /** Names of the fragments, `<writer>/<number>.jsonl`, in their order. */
  async #list(): Promise<string[]> {
    const writers = (await listFolder(this.#folder)).sort();
    const found: string[] = [];
    for (const writer of writers) {
      if (writer.endsWith('.jsonl')) found.push(writer);
      else if (!writer.includes('.')) {
        const names = await listFolder(join(this.#folder, writer));
        found.push(
          ...names
            .filter((name) => name.endsWith('.jsonl'))
            .map((name) => `${writer}/${name}`)
            .sort(),
        );
      }
    }
    return found;
  }

  async #hasGrown(name: string, known: Fragment): Promise<boolean> {
    try {
      return (await stat(join(this.#folder, name))).size !== known.incompleteSize;
    } catch (error) {
      if (isMissing(error)) return false;
      throw toNamed(join(this.#folder, name), error);
    }
  }

  /** Null when it vanished between the listing and now. */
  async #read(name: string): Promise<{ readonly fragment: Fragment; readonly badLines: number } | null> {
    const path = join(this.#folder, name);
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (error) {
      if (isMissing(error)) return null;
      throw toNamed(path, error);
    }
    const ids: string[] = [];
    const isNew = (id: string): boolean => {
      if (this.#seen.has(id)) return false;
      this.#seen.add(id);
      ids.push(id);
      return true;
    };
    const parsed = parseFragment(name, bytes.toString(), this.#names, this.#now() * 1000, isNew);
    const complete = bytes.length > 0 && bytes.at(-1) === 0x0a;
    const fragment: Fragment = {
      batches: parsed.batches,
      ids,
      vanishedAtMs: null,
      incompleteSize: complete ? null : bytes.length,
    };
    return { fragment, badLines: parsed.badLines };
  }
}

/** What of a batch the database does not hold. Null when it holds all of it. */
export function withoutImported(batch: InboxBatch, database: TrackioDatabase): InboxBatch | null {
  const ids = (list: readonly string[]): string[] => list.filter((id) => id !== '');
  const metrics = database.knownLogIds('metrics', ids(batch.metricIds));
  const system = database.knownLogIds('system_metrics', ids(batch.systemIds));
  const alerts = database.knownLogIds(
    'alerts',
    batch.alerts.flatMap(({ alertId }) => alertId ?? []),
  );
  if (metrics.size === 0 && system.size === 0 && alerts.size === 0) return batch;
  const left: InboxBatch = {
    ...batch,
    metrics: selectRows(batch.metrics, (row) => !metrics.has(batch.metricIds[row] ?? '')),
    metricIds: batch.metricIds.filter((id) => !metrics.has(id)),
    system: selectRows(batch.system, (row) => !system.has(batch.systemIds[row] ?? '')),
    systemIds: batch.systemIds.filter((id) => !system.has(id)),
    alerts: batch.alerts.filter(({ alertId }) => alertId === null || !alerts.has(alertId)),
    traces: batch.traces.filter(({ logId }) => logId === null || !metrics.has(logId)),
    // The config came with rows that are in the database: so is the config.
    configs: batch.metricIds.every((id) => metrics.has(id)) ? [] : batch.configs,
  };
  return left.metrics.rows + left.system.rows + left.alerts.length === 0 ? null : left;
}

/** Names in a folder; none when there is no such folder, or no folder any more. */
async function listFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw toNamed(path, error);
  }
}
