/**
 * Names of shards and end markers (SPEC.md, Names). The name is the manifest: which flushes of which writer the
 * file holds, and what its bytes are.
 */
import { FLUSH_MAX } from '../record/limit.ts';
import { LamellaError } from '../record/error.ts';
import { isWriterId } from '../record/id.ts';

/** `<writer>.<first>-<last>.<hash>.parquet` in its parts. */
export interface ShardName {
  /** Writer id. */
  readonly writer: string;
  /** First flush number that the file holds. */
  readonly first: number;
  /** Last flush number that the file holds; `isDyadic(first, last)`. */
  readonly last: number;
  /** First 26 base32 characters of the SHA-256 of the tail. */
  readonly hash: string;
}

const SHARD = /^([a-z2-7]{26})\.(\d{10})-(\d{10})\.([a-z2-7]{26})\.parquet$/;
const END_MARKER = /^_([a-z2-7]{26})\.end\.(\d{10})$/;

/** Errors: invalid, where the parts are not those of a shard. */
export function formatShardName({ writer, first, last, hash }: ShardName): string {
  if (!isWriterId(writer) || !isWriterId(hash) || !isDyadic(first, last)) {
    throw new LamellaError(
      'invalid',
      `not a shard name: writer ${writer}, flushes ${first}-${last}, hash ${hash}`,
    );
  }
  return `${writer}.${digits(first)}-${digits(last)}.${hash}.parquet`;
}

/** The parts of a name without directories; null for everything that is not a shard's name. */
export function parseShardName(name: string): ShardName | null {
  const match = SHARD.exec(name);
  if (!match) return null;
  const [, writer = '', first = '', last = '', hash = ''] = match;
  const parsed = { writer, first: Number(first), last: Number(last), hash };
  return isDyadic(parsed.first, parsed.last) ? parsed : null;
}

/**
 * True for `[k·2^t, (k+1)·2^t − 1]`, t ≥ 0, up to ten digits: the only ranges there are. Two of them are nested
 * or disjoint.
 */
export function isDyadic(first: number, last: number): boolean {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last)) return false;
  if (first < 0 || last < first || last > FLUSH_MAX) return false;
  const size = last - first + 1;
  return Number.isInteger(Math.log2(size)) && first % size === 0;
}

/** Name of the object that says that `last` is the writer's last flush: a hint, nothing depends on it. */
export function endMarkerName(writer: string, last: number): string {
  return `_${writer}.end.${digits(last)}`;
}

/** The parts of an end marker's name; null for every other name. */
export function parseEndMarkerName(name: string): { readonly writer: string; readonly last: number } | null {
  const match = END_MARKER.exec(name);
  return match ? { writer: match[1] ?? '', last: Number(match[2]) } : null;
}

function digits(flush: number): string {
  return String(flush).padStart(10, '0');
}
