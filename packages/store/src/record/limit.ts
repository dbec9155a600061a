/**
 * The limits of SPEC.md (Identifiers and limits), each with its reason. What exceeds one is refused (calls) or
 * shortened (keys), never silently cut.
 */
import type { ByteCodec } from '../shard/codec.ts';
import { encodeBase32 } from './base32.ts';
import { utf8Length, utf8Prefix } from './utf8.ts';

/** UTF-8 bytes of a project or run id as it stands in a name: `project=` + 200 stays below the 255 of a file name. */
export const ID_BYTES_MAX: number = 200;

/** UTF-8 bytes of a key. A dictionary of 4,096 such keys is 2 MB: the most that one row group should repeat. */
export const KEY_BYTES_MAX: number = 512;

/** UTF-8 bytes that a shortened key keeps: 480 + `~` + 26 = 507 ≤ KEY_BYTES_MAX. */
export const KEY_BYTES_KEPT: number = 480;

/** Rows of one log call: a call is never split, and 65,536 rows are two row groups. */
export const CALL_ROWS_MAX: number = 65_536;

/** Bytes of one log call after large payloads went to blobs: twice the 8 MB at which a flush is due. */
export const CALL_BYTES_MAX: number = 16 * 1024 * 1024;

/** Bytes of a shard: twice the 64 MB up to which merges go, so a reader may refuse what is larger before reading. */
export const SHARD_BYTES_MAX: number = 128 * 1024 * 1024;

/** Rows of a shard: 2^24 rows decode to about 1.1 GB of columns, the most that a reader must be able to hold. */
export const SHARD_ROWS_MAX: number = 16_777_216;

/** Bytes of a shard's pages, unpacked: as much again as its columns, for strings. zstd packs a terabyte into 128 MB. */
export const SHARD_PAGE_BYTES_MAX: number = 1024 * 1024 * 1024;

/** Bytes of a shard's tail: bounds what a reader parses before it has verified anything. */
export const TAIL_BYTES_MAX: number = 16 * 1024 * 1024;

/** Highest flush number: ten digits in a name. One flush per 0.5 s for 158 years. */
export const FLUSH_MAX: number = 9_999_999_999;

/**
 * A key as it is stored: unchanged up to 512 bytes of UTF-8, else its first 480 bytes (cut between characters),
 * `~`, and 26 base32 characters of the SHA-256 of the whole key. Lone surrogates become U+FFFD first.
 */
export function limitKey(key: string, codec: Pick<ByteCodec, 'sha256'>): string {
  const text = key.toWellFormed();
  if (text.length * 3 <= KEY_BYTES_MAX || utf8Length(text) <= KEY_BYTES_MAX) return text;
  const digest = codec.sha256(new TextEncoder().encode(text));
  return `${utf8Prefix(text, KEY_BYTES_KEPT)}~${encodeBase32(digest, 26)}`;
}
