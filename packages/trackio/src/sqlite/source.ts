/**
 * A project's database that belongs to somebody else, kept open for reading. On a local disk it is opened where it
 * lies, read-only. On every other class of disk it is never opened there: a checked copy is.
 *
 * A local database that cannot be opened in place (a writer holds it with `locking_mode=EXCLUSIVE`, or the directory
 * may not be written and SQLite needs a `-shm` there) is copied, too: copying takes no lock.
 */
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FilesystemClass, isLocalClass } from '../layout/filesystem-class.ts';
import { CheckedCopy, type CopyEnvironment } from './checked-copy.ts';
import { openTrackioDatabase, type TrackioDatabase } from './database.ts';
import { databaseError, named, problemOf } from './problem.ts';

/** How old the rows are that a source shows. Milliseconds since 1970. */
export interface SourceAge {
  /** True: the rows are those of this moment. */
  readonly inPlace: boolean;
  /** The rows are those of this moment: then they were read, or the source was seen to be unmoved since. */
  readonly readAtMs: number;
  /** The last change of the source's files, by its server's clock; null in place. */
  readonly changedAtMs: number | null;
  /**
   * True in WAL mode on another host's disk: with `synchronous=NORMAL` the writer may keep committed rows in its own
   * host's cache until its next checkpoint (up to 29 s were measured; none with FULL).
   */
  readonly mayHoldBack: boolean;
}

/** What one refresh found. */
export interface SourceRefresh {
  /** Rows may have been added or changed since the last refresh. */
  readonly changed: boolean;
  /** `database` is another object now: cursors stay right, dictionaries of its reader begin anew. */
  readonly reopened: boolean;
  /** Copies that were thrown away in this refresh, and why. */
  readonly rejected: readonly string[];
}

export interface SourceOptions {
  readonly path: string;
  readonly filesystem: FilesystemClass;
  /** A folder of this source alone, on a disk of this host; made when it is needed and removed by `close`. */
  readonly copyFolder: string;
  /** Default: this host's clock. */
  readonly environment?: CopyEnvironment;
}

/** One foreign database. Not for two refreshes at once; what `database` answered is closed by the next refresh. */
export class TrackioSource {
  readonly path: string;
  readonly #copy: CheckedCopy;
  readonly #environment: CopyEnvironment;
  #inPlace: boolean;
  #open: TrackioDatabase | null = null;
  #versions = { data: -1, schema: -1 };
  #ino = 0n;
  #readAtMs = 0;

  constructor({ path, filesystem, copyFolder, environment }: SourceOptions) {
    this.path = path;
    this.#environment = environment ?? {
      now: () => Date.now(),
      sleep: async (ms) => {
        await sleep(ms);
      },
      random: () => Math.random(),
    };
    this.#copy = new CheckedCopy(path, copyFolder, this.#environment);
    this.#inPlace = isLocalClass(filesystem);
  }

  /** The database as of the last refresh. Error: internal before the first one that went well. */
  get database(): TrackioDatabase {
    if (this.#open === null)
      throw databaseError('not-yet', this.path, { more: 'refresh has not been called' });
    return this.#open;
  }

  get age(): SourceAge {
    const state = this.#copy.generation?.state;
    if (this.#inPlace || state === undefined) {
      return { inPlace: true, readAtMs: this.#readAtMs, changedAtMs: null, mayHoldBack: false };
    }
    const times = [state.database.mtimeNs, state.wal?.mtimeNs ?? 0n].map((ns) => Number(ns / 1_000_000n));
    return {
      inPlace: false,
      readAtMs: this.#readAtMs,
      changedAtMs: Math.max(...times),
      mayHoldBack: state.walMode,
    };
  }

  /**
   * Brings what is shown up to date. After an error `database` may be unavailable until a refresh goes well.
   *
   * Errors: those of a named problem (missing, zero-byte, not-sqlite, truncated, corrupt, not-yet, foreign, locked,
   * busy-writer, …).
   */
  async refresh(): Promise<SourceRefresh> {
    if (this.#inPlace) {
      try {
        return this.#refreshInPlace();
      } catch (error) {
        const problem = problemOf(error);
        if (problem !== 'locked' && problem !== 'unreadable') throw error;
        this.#closeOpen();
        this.#inPlace = false;
      }
    }
    return this.#refreshCopy();
  }

  /** Closes the database and removes the copies. */
  async close(): Promise<void> {
    this.#closeOpen();
    await this.#copy.dispose();
  }

  #refreshInPlace(): SourceRefresh {
    const { ino } = named(this.path, () => statSync(this.path, { bigint: true }));
    let reopened = false;
    if (
      this.#open !== null &&
      (ino !== this.#ino || this.#open.versions().schema !== this.#versions.schema)
    ) {
      this.#closeOpen();
    }
    if (this.#open === null) {
      this.#open = openTrackioDatabase(this.path);
      this.#ino = ino;
      this.#versions = { data: -1, schema: this.#open.versions().schema };
      reopened = true;
    }
    const versions = this.#open.versions();
    const changed = reopened || versions.data !== this.#versions.data;
    this.#versions = { data: versions.data, schema: this.#versions.schema };
    this.#readAtMs = this.#environment.now();
    return { changed, reopened, rejected: [] };
  }

  async #refreshCopy(): Promise<SourceRefresh> {
    const { generation, asOfMs, isNew, rejected } = await this.#copy.refresh();
    this.#readAtMs = asOfMs;
    if (!isNew && this.#open !== null) return { changed: false, reopened: false, rejected };
    // The one before has to be closed first: its file may be the same one (see checked-copy.ts).
    this.#closeOpen();
    await this.#copy.removeOld();
    try {
      this.#open = openTrackioDatabase(generation.path);
    } catch (error) {
      const problem = problemOf(error);
      throw problem === null ? error : databaseError(problem, this.path, { cause: error });
    }
    return { changed: true, reopened: true, rejected };
  }

  #closeOpen(): void {
    this.#open?.close();
    this.#open = null;
  }
}

/** How old the rows are, in words: `copied 3 s ago; …`. */
export function describeAge(age: SourceAge, nowMs: number): string {
  if (age.inPlace) return 'live';
  const seconds = Math.max(0, Math.round((nowMs - age.readAtMs) / 1000));
  const held = age.mayHoldBack
    ? '; its writer may hold back rows until its next checkpoint (up to 30 s)'
    : '';
  return `copied ${seconds} s ago${held}`;
}
