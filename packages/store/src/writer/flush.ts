/**
 * A flush in hand: numbered, so its rows are final, and soon encoded, so its bytes and its name are. It is never
 * dropped, renumbered or encoded again.
 */
import type { RecordBatch } from '../record/batch.ts';
import { BatchBuilder } from '../record/builder.ts';
import { concatBatches } from '../record/select.ts';
import type { ShardMeta } from '../shard/encode.ts';

/**
 * Buffered bytes that one flush takes at most, besides the one call that may exceed it: a backlog of 64 MB leaves
 * as several shards, each far below the 128 MB that a reader accepts.
 */
export const FLUSH_BYTES_MAX: number = 32 * 1024 * 1024;

/** What is published: `name` is the shard's name without directory. */
export interface FlushBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Encodes rows as a shard; may do so in another thread, but leaves `batch` as it is (a failure is retried). */
export type EncodeFlush = (batch: RecordBatch, meta: ShardMeta) => FlushBytes | Promise<FlushBytes>;

export interface Flush {
  readonly number: number;
  /** All calls with a smaller seq are in this flush or an earlier one, or dropped. */
  readonly seqEnd: number;
  readonly rows: number;
  /** It is the writer's last one. */
  readonly end: boolean;
  /** Set until the bytes are there. */
  batch: RecordBatch | null;
  shard: FlushBytes | null;
}

/** The bytes of a flush, encoded at the first call. */
export async function encodeOnce(flush: Flush, writer: string, encode: EncodeFlush): Promise<FlushBytes> {
  if (flush.shard === null && flush.batch !== null) {
    const { number, end } = flush;
    flush.shard = await encode(flush.batch, { writer, first: number, last: number, end });
    flush.batch = null;
  }
  if (flush.shard === null) throw new TypeError('a flush has neither rows nor bytes');
  return flush.shard;
}

/** The calls with gap rows behind them; `calls` may be null when there are only gaps to tell. */
export function withGapRows(
  writer: string,
  calls: RecordBatch | null,
  gaps: readonly { readonly seq: number; readonly data: string }[],
  timeUs: number,
): RecordBatch {
  const builder = new BatchBuilder(writer);
  for (const { seq, data } of gaps) builder.add(seq, 'run', 'gap', null, timeUs, null, data);
  const batches = calls === null ? [] : [calls];
  return concatBatches(builder.count === 0 ? batches : [...batches, builder.take()]);
}
