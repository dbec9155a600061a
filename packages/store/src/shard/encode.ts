/**
 * Encodes a batch as a shard: sorted rows in row groups, then the tail whose hash is in the name (SPEC.md,
 * S1 to S6). The same batch and meta always give the same bytes.
 */
import type { ColumnChunk, RowGroup } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { encodeBase32 } from '../record/base32.ts';
import type { RecordBatch } from '../record/batch.ts';
import { LamellaError } from '../record/error.ts';
import { SHARD_BYTES_MAX, SHARD_PAGE_BYTES_MAX, SHARD_ROWS_MAX, TAIL_BYTES_MAX } from '../record/limit.ts';
import { halvesOf } from '../record/select.ts';
import { sortBatch } from '../record/sort.ts';
import { sumRows } from '../record/sum.ts';
import type { ByteCodec } from './codec.ts';
import type { ColumnPart } from './column.ts';
import { writeColumnChunk } from './column.ts';
import type { RowGroupEntry, ShardFooter } from './footer.ts';
import { FOOTER_KEY, formatFooter } from './footer.ts';
import { PAR1 } from './metadata.ts';
import { formatShardName } from './name.ts';
import { COLUMNS, SCHEMA } from './schema.ts';
import type { EncodedValues } from './values.ts';
import { encodeDoubles, encodeInt64, encodeIntegers, encodeNames, encodePayloads } from './values.ts';

/** Rows of a row group: measured in docs/decisions/0003-row-groups.md. */
export const ROW_GROUP_ROWS: number = 32_768;

/** A row group ends early once its `data` is this long (UTF-16 units). */
export const ROW_GROUP_DATA: number = 4 * 1024 * 1024;

/** Bytes of a string's bound in the footer's statistics; longer ones are cut (the upper bound upwards). */
const BOUND_BYTES = 64;

/** What a shard says about itself besides its rows. */
export interface ShardMeta {
  readonly writer: string;
  readonly first: number;
  readonly last: number;
  readonly end?: boolean;
  readonly attempt?: number;
  readonly inputs?: readonly string[];
}

/** A shard ready to be published: `name` (without directory) is a promise of exactly these `bytes`. */
export interface EncodedShard {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly footer: ShardFooter;
}

/**
 * Encodes at least one row; rows are sorted unless they are in order already.
 * Errors: invalid (no rows, more than 2^24, not a dyadic range, larger than 128 MB).
 */
export function encodeShard(
  batch: RecordBatch,
  meta: ShardMeta,
  codec: ByteCodec,
  options: { readonly rowGroupRows?: number } = {},
): EncodedShard {
  if (batch.count === 0) throw new LamellaError('invalid', 'a shard without rows: nothing to encode');
  if (batch.count > SHARD_ROWS_MAX) {
    throw new LamellaError('invalid', `${batch.count} rows in a shard: ${SHARD_ROWS_MAX} are allowed`);
  }
  const sorted = sortBatch(batch);
  const out = new ByteWriter(Math.min(64 + batch.count * 16, SHARD_BYTES_MAX));
  out.appendUint32(PAR1);
  const groups: RowGroup[] = [];
  const entries: RowGroupEntry[] = [];
  for (const [start, end] of cutRowGroups(sorted, options.rowGroupRows ?? ROW_GROUP_ROWS)) {
    const offset = out.offset;
    groups.push(writeRowGroup(out, sorted, start, end, codec));
    const digest = codec.sha256(out.getBytes().subarray(offset));
    entries.push([offset, out.offset - offset, hex(digest.subarray(0, 16))]);
  }
  const footer: ShardFooter = {
    format: 1,
    writer: meta.writer,
    first: meta.first,
    last: meta.last,
    rows: sorted.count,
    sum: sumRows(sorted),
    rowGroups: entries,
    end: meta.end ?? false,
    attempt: meta.attempt ?? 0,
    inputs: meta.inputs ?? [],
    calls: sorted.kind.includes('call'),
  };
  const tailStart = out.offset;
  writeTail(out, groups, footer);
  const bytes = out.getBytes().slice(); // without the room to grow: publishers keep bytes for a while
  const pageBytes = groups.reduce((sum, { total_byte_size: size }) => sum + Number(size), 0);
  const isTooLarge =
    bytes.length > SHARD_BYTES_MAX ||
    bytes.length - tailStart > TAIL_BYTES_MAX ||
    pageBytes > SHARD_PAGE_BYTES_MAX;
  if (isTooLarge) {
    throw new LamellaError(
      'invalid',
      `the shard is too large: ${SHARD_BYTES_MAX} bytes are allowed; flush sooner`,
      {
        details: { bytes: bytes.length, rows: batch.count },
      },
    );
  }
  const hash = encodeBase32(codec.sha256(bytes.subarray(tailStart)), 26);
  return { name: formatShardName({ ...meta, hash }), bytes, footer };
}

/** `[start, end)` of each row group: at most `rows` rows, and closed once `data` reaches 4 MB. */
function cutRowGroups(batch: RecordBatch, rows: number): (readonly [number, number])[] {
  const groups: (readonly [number, number])[] = [];
  let start = 0;
  let length = 0;
  for (let row = 0; row < batch.count; row++) {
    length += batch.data[row]?.length ?? 0;
    if (row + 1 - start === rows || length >= ROW_GROUP_DATA || row + 1 === batch.count) {
      groups.push([start, row + 1]);
      start = row + 1;
      length = 0;
    }
  }
  return groups;
}

function writeRowGroup(
  out: ByteWriter,
  batch: RecordBatch,
  start: number,
  end: number,
  codec: ByteCodec,
): RowGroup {
  const offset = out.offset;
  const columns: ColumnChunk[] = [];
  let uncompressed = 0n;
  for (const part of columnParts(batch, start, end)) {
    const chunk = writeColumnChunk(out, part, codec);
    uncompressed += chunk.meta_data?.total_uncompressed_size ?? 0n;
    columns.push(chunk);
  }
  return {
    columns,
    total_byte_size: uncompressed,
    num_rows: BigInt(end - start),
    file_offset: BigInt(offset),
    total_compressed_size: BigInt(out.offset - offset),
  };
}

/** The columns of rows `[start, end)`, encoded one at a time, in schema order. */
function* columnParts(batch: RecordBatch, start: number, end: number): Generator<ColumnPart> {
  const rows = end - start;
  const stepNull = batch.stepNull.subarray(start, end);
  const valueNull = batch.valueNull.subarray(start, end);
  const names = (column: readonly string[]): EncodedValues => encodeNames(column.slice(start, end));
  const required = { rows, nulls: null };
  yield { element: COLUMNS.writer, values: names(batch.writer), ...required };
  yield { element: COLUMNS.seq, values: encodeIntegers(batch.seq.subarray(start, end)), ...required };
  yield { element: COLUMNS.kind, values: names(batch.kind), ...required };
  yield { element: COLUMNS.key, values: names(batch.key), ...required };
  yield {
    element: COLUMNS.step,
    values: encodeSteps(batch.step.subarray(start, end), stepNull),
    rows,
    nulls: stepNull,
  };
  yield { element: COLUMNS.time, values: encodeIntegers(batch.time.subarray(start, end)), ...required };
  const value = encodeDoubles(present(batch.value.subarray(start, end), valueNull));
  yield { element: COLUMNS.value, values: value, rows, nulls: valueNull };
  yield { element: COLUMNS.data, ...encodeData(batch.data, start, end), rows };
}

function encodeSteps(steps: BigInt64Array, nulls: Uint8Array): EncodedValues {
  const halves = halvesOf(steps);
  const numbers = new Float64Array(steps.length);
  let isSmall = true;
  let count = 0;
  for (let i = 0; i < steps.length; i++) {
    if (nulls[i] === 1) continue;
    const high = halves[i * 2 + 1] ?? 0;
    if (high < -0xfffff || high > 0xfffff) isSmall = false;
    numbers[count++] = high * 4_294_967_296 + ((halves[i * 2] ?? 0) >>> 0);
  }
  if (isSmall) return encodeIntegers(numbers.subarray(0, count));
  return encodeInt64(steps.filter((_, i) => nulls[i] === 0));
}

function present(values: Float64Array, nulls: Uint8Array): Float64Array {
  return nulls.includes(1) ? values.filter((_, i) => nulls[i] === 0) : values;
}

function encodeData(
  data: RecordBatch['data'],
  start: number,
  end: number,
): Pick<ColumnPart, 'values' | 'nulls'> {
  const nulls = new Uint8Array(end - start);
  const texts: string[] = [];
  for (let row = start; row < end; row++) {
    const text = data[row] ?? null;
    if (text === null) nulls[row - start] = 1;
    else texts.push(text);
  }
  return { values: encodePayloads(texts), nulls };
}

function writeTail(out: ByteWriter, groups: RowGroup[], footer: ShardFooter): void {
  writeMetadata(
    out,
    {
      version: 2,
      created_by: 'lamella',
      schema: SCHEMA,
      num_rows: BigInt(footer.rows),
      row_groups: groups,
      key_value_metadata: [{ key: FOOTER_KEY, value: formatFooter(footer) }],
      metadata_length: 0, // computed while writing
    },
    BOUND_BYTES,
  );
  out.appendUint32(PAR1);
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
