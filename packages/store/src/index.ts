/**
 * `@lamella/store`: records, ids, limits, shard names, the shard format, the verbs, the writer and the reader.
 * Pure: no `node:` import anywhere below; what needs Node is in `@lamella/store/node`.
 */
export type { RecordBatch } from './record/batch.ts';
export { BatchBuilder } from './record/builder.ts';
export { encodeBase32 } from './record/base32.ts';
export type { ErrorKind } from './record/error.ts';
export { ERROR_KINDS, isKind, LamellaError } from './record/error.ts';
export { checkId, decodeId, encodeId, isWriterId, newWriterId } from './record/id.ts';
export {
  CALL_BYTES_MAX,
  CALL_ROWS_MAX,
  FLUSH_MAX,
  ID_BYTES_MAX,
  KEY_BYTES_MAX,
  limitKey,
  SHARD_BYTES_MAX,
  SHARD_ROWS_MAX,
  TAIL_BYTES_MAX,
} from './record/limit.ts';
export { concatBatches, emptyBatch, selectRows } from './record/select.ts';
export { sortBatch } from './record/sort.ts';
export { addSums, sumRows } from './record/sum.ts';
export { compareUtf8, utf8Length } from './record/utf8.ts';
export type { Json } from './record/value.ts';
export { stepToJson, valueToJson } from './record/value.ts';

export type { ByteCodec } from './shard/codec.ts';
export { decodeShard } from './shard/decode.ts';
export type { EncodedShard, ShardMeta } from './shard/encode.ts';
export { encodeShard, ROW_GROUP_ROWS } from './shard/encode.ts';
export type { RowGroupEntry, ShardFooter } from './shard/footer.ts';
export {
  isRankGroup,
  parseProjectPrefix,
  parseRunPrefix,
  projectPrefix,
  rankGroup,
  runPrefix,
  STORE_MARKER,
} from './shard/layout.ts';
export type { ShardName } from './shard/name.ts';
export {
  endMarkerName,
  formatShardName,
  isDyadic,
  parseEndMarkerName,
  parseShardName,
} from './shard/name.ts';
export { verifyShard } from './shard/verify.ts';

export type { Backend, ByteRange, ByteSource, Listing, ListOptions } from './backend/backend.ts';
export { createMemoryBackend } from './backend/memory.ts';
export { bytesSource } from './backend/source.ts';
export type { Clock, Random } from './writer/clock.ts';
export type { LogCall } from './writer/call.ts';
export type { EncodeFlush, FlushBytes } from './writer/flush.ts';
export { FLUSH_BYTES, flushIntervalMs, heartbeatMs, shortestIntervalMs } from './writer/flush-policy.ts';
export { createWriter } from './writer/shard-writer.ts';
export type { FinishResult, ShardWriter, WriterEnd, WriterOptions, WriterStats } from './writer/writer.ts';
export { openReader } from './reader/reader.ts';
export type { ReaderOptions, StoreReader } from './reader/reader.ts';
export type { RunView, VerifiedShard, WriterView } from './reader/view.ts';
