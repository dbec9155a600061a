/**
 * Keeps a checked copy of a foreign database up to date on a disk of this host: when to look, when to copy all of it
 * or only its log, how often to try again, how long to pause. What one attempt does is in `copy.ts`.
 *
 * Every copy is a generation in its own folder, so that a reader of the one before is not disturbed. One whose log
 * alone was copied shares the database of the generation before it. A large one is shared as the
 * same file (hard link), and SQLite keeps its locks and its shared memory by file: two generations must then not be
 * open at once in one process. `source.ts` sees to that.
 */
import { copyFile, link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CopyAttempt, copyLogOnce, copyOnce, lookAt, type SourceState } from './copy.ts';
import { sameFacts } from './file-facts.ts';
import { sameWalHeader } from './header.ts';
import { databaseError } from './problem.ts';
import { INLINE_BYTES_MAX, quickCheck } from './quick-check.ts';

/** What a copier needs from outside. Times are milliseconds since 1970 by this host's clock. */
export interface CopyEnvironment {
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface Generation {
  /** The copy; its log lies beside it. */
  readonly path: string;
  readonly state: SourceState;
  /** When its copying began: everything committed (and visible to this host) before is in it. */
  readonly copiedAtMs: number;
  /** Only the log was new. */
  readonly logOnly: boolean;
}

/** What a refresh found. */
export interface Refreshed {
  readonly generation: Generation;
  /** The rows of the generation are those of this moment: the source has not moved since. */
  readonly asOfMs: number;
  /** False: the source had not moved, or it was too early to look, or no attempt was sound. */
  readonly isNew: boolean;
  /** Why attempts were thrown away; the last one is why there is no new generation, if there is none. */
  readonly rejected: readonly string[];
}

/** Attempts of one refresh. */
export const COPY_ATTEMPTS = 12;

/**
 * File times may be as coarse as 2 s (and a client may have cached them): an unmoved file is copied once more after this, and
 * only then believed to be unmoved.
 */
const SETTLE_MS = 2_500;
/** Files whose time is further away than this have settled long ago, whatever the clocks of the hosts say. */
const LONG_AGO_MS = 600_000;

/** The pause after copying so many bytes: at least 0.5 s, 20 MB/s at most in the long run, a minute at most. */
export function copyPauseMs(bytes: number): number {
  return Math.min(60_000, Math.max(500, bytes / 20_000));
}

/** Copies of one database. Not for two refreshes at once. */
export class CheckedCopy {
  readonly #source: string;
  readonly #folder: string;
  readonly #environment: CopyEnvironment;
  #generation: Generation | null = null;
  #count = 0;
  /** Of the generations that are on disk, oldest first. */
  readonly #folders: string[] = [];
  #notBeforeMs = 0;
  #asOfMs = 0;
  /** When the facts of the source were first seen as they are. */
  #sameSinceMs = 0;

  /** `folder` lies on a disk of this host, belongs to this copier alone, and is made when it is needed. */
  constructor(source: string, folder: string, environment: CopyEnvironment) {
    this.#source = source;
    this.#folder = folder;
    this.#environment = environment;
  }

  /** The newest copy that may be shown, or null before there is one. */
  get generation(): Generation | null {
    return this.#generation;
  }

  /**
   * Looks at the source and copies it when it has moved.
   *
   * Errors, of a named problem: missing, wal-without-database, zero-byte, not-sqlite, truncated, unreadable; and,
   * only while there is no copy at all, busy-writer (no attempt was left alone) or corrupt (no attempt was sound).
   */
  async refresh(): Promise<Refreshed> {
    const { now, sleep, random } = this.#environment;
    const current = this.#generation;
    if (current !== null) {
      const unchanged = { generation: current, isNew: false, rejected: [] };
      const lookedAtMs = now();
      if (lookedAtMs < this.#notBeforeMs) return { ...unchanged, asOfMs: this.#asOfMs };
      if (await this.#hasNotMoved(current)) {
        this.#asOfMs = lookedAtMs;
        return { ...unchanged, asOfMs: lookedAtMs };
      }
    }
    const rejected: string[] = [];
    for (let attempt = 0; attempt < COPY_ATTEMPTS; attempt += 1) {
      if (attempt > 0) await sleep(random() * Math.min(250, 10 * 2 ** attempt));
      const tried = await this.#tryOnce(attempt === 0);
      if (typeof tried !== 'string')
        return { generation: tried, asOfMs: this.#asOfMs, isNew: true, rejected };
      rejected.push(tried);
    }
    if (current !== null) return { generation: current, asOfMs: this.#asOfMs, isNew: false, rejected };
    const damaged = rejected.every((reason) => reason.startsWith(UNSOUND));
    throw databaseError(damaged ? 'corrupt' : 'busy-writer', this.#source, { more: rejected.at(-1) ?? '' });
  }

  /** Removes every copy. Readers of them must have been closed. */
  async dispose(): Promise<void> {
    this.#generation = null;
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Removes the copies that are older than the newest one; their readers must have been closed. */
  async removeOld(): Promise<void> {
    const old = this.#folders.slice(0, -1);
    this.#folders.splice(0, old.length);
    for (const folder of old) await rm(folder, { recursive: true, force: true });
  }

  async #hasNotMoved(current: Generation): Promise<boolean> {
    const { now } = this.#environment;
    const seen = await lookAt(this.#source);
    if (seen === null) throw databaseError('missing', this.#source);
    const { database, wal } = current.state;
    const same = isSameState(seen, current.state);
    if (!same) return false;
    const newestMs = Number(
      (wal !== null && wal.mtimeNs > database.mtimeNs ? wal : database).mtimeNs / 1_000_000n,
    );
    const longAgo = Math.abs(current.copiedAtMs - newestMs) > LONG_AGO_MS;
    const settled = longAgo || current.copiedAtMs >= this.#sameSinceMs + SETTLE_MS;
    return settled || now() < this.#sameSinceMs + SETTLE_MS;
  }

  /** A new generation, or why there is none. */
  async #tryOnce(mayReuse: boolean): Promise<Generation | string> {
    const { now } = this.#environment;
    const current = this.#generation;
    const header = mayReuse ? (current?.state.walHeader ?? null) : null;
    this.#count += 1;
    const folder = join(this.#folder, String(this.#count));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, 'copy.db');
    const copiedAtMs = now();
    const logOnly = current !== null && header !== null;
    const copied = logOnly ? await this.#copyLog(current, header, path) : await copyOnce(this.#source, path);
    const bytes = copied.ok ? copied.state.database.size + (copied.state.wal?.size ?? 0) : 0;
    const unsound = copied.ok ? await quickCheck(path, bytes) : null;
    if (!copied.ok || unsound !== null) {
      await rm(folder, { recursive: true, force: true });
      return copied.ok ? `${UNSOUND}${unsound}` : copied.reason;
    }
    if (current === null || !isSameState(copied.state, current.state)) this.#sameSinceMs = now();
    this.#generation = { path, state: copied.state, copiedAtMs, logOnly };
    this.#folders.push(folder);
    this.#asOfMs = copiedAtMs;
    // After a copy of the log alone the check has read the database, from a local disk: a tenth stands for that.
    this.#notBeforeMs = now() + copyPauseMs(logOnly ? copied.bytes + bytes / 10 : copied.bytes);
    return this.#generation;
  }

  async #copyLog(from: Generation, header: Uint8Array, path: string): Promise<CopyAttempt> {
    await (from.state.database.size <= INLINE_BYTES_MAX ? copyFile(from.path, path) : link(from.path, path));
    return copyLogOnce(this.#source, path, header);
  }
}

function isSameState(a: Omit<SourceState, 'walMode'>, b: SourceState): boolean {
  return (
    sameFacts(a.database, b.database) && sameFacts(a.wal, b.wal) && sameWalHeader(a.walHeader, b.walHeader)
  );
}

const UNSOUND = 'the copy fails quick_check: ';
