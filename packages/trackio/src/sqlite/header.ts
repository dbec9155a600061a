/**
 * The first bytes of an SQLite database and of its write-ahead log: all that has to be known of a file that must
 * not be opened as a database. Layout: the SQLite file format, sections "The Database Header" and "The WAL Header".
 */
import { databaseError } from './problem.ts';

/** Bytes of the database's header, and of the log's. */
export const DATABASE_HEADER_BYTES = 100;
export const WAL_HEADER_BYTES = 32;

const MAGIC = 'SQLite format 3\0';

export interface DatabaseHeader {
  readonly pageSize: number;
  /** Bytes 18 and 19 are 2 in WAL mode and 1 with a rollback journal. */
  readonly wal: boolean;
  /** Raised by every transaction that is not in WAL mode. */
  readonly changeCounter: number;
  /** Pages of the file, or null where an old writer did not keep the number. */
  readonly pages: number | null;
}

/**
 * Reads the header of a database of `size` bytes; `bytes` are its first ones, at most 100 are used. `hasLog` says
 * that a write-ahead log with content lies beside it, which may hold the pages that the file lacks.
 *
 * Errors, all naming `path`: zero-byte, not-sqlite, truncated (a file shorter than its header, or than the pages
 * that its header counts when no log can hold the rest).
 */
export function parseDatabaseHeader(
  path: string,
  bytes: Uint8Array,
  size: number,
  hasLog: boolean,
): DatabaseHeader {
  if (size === 0) throw databaseError('zero-byte', path);
  const magic = Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1');
  if (!MAGIC.startsWith(magic.slice(0, Math.min(magic.length, size))))
    throw databaseError('not-sqlite', path);
  if (bytes.length < DATABASE_HEADER_BYTES) throw databaseError('truncated', path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, DATABASE_HEADER_BYTES);
  const pageSize = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16);
  const powerOfTwo = pageSize >= 512 && (pageSize & (pageSize - 1)) === 0;
  const version = view.getUint8(19);
  if (!powerOfTwo || version < 1) throw databaseError('not-sqlite', path);
  const changeCounter = view.getUint32(24);
  // The number of pages is only right while "version-valid-for" agrees with the change counter.
  const pages = view.getUint32(92) === changeCounter && view.getUint32(28) > 0 ? view.getUint32(28) : null;
  const header = { pageSize, wal: version >= 2, changeCounter, pages };
  if (!hasLog && pages !== null && size < pages * pageSize) {
    throw databaseError('truncated', path, { more: `${size} of ${pages * pageSize} bytes` });
  }
  return header;
}

/** Whether two headers of a log (null: there was none, or it was empty) are of one and the same log. */
export function sameWalHeader(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
