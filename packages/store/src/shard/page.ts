/**
 * The pages of one flat column chunk, decompressed, their nulls told apart from their values. Versions 1 and 2
 * of data pages; zstd or no compression (SPEC.md, S3).
 */
import type { ColumnChunk, Encoding, PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { LamellaError } from '../record/error.ts';
import { SHARD_BYTES_MAX } from '../record/limit.ts';
import { readHybrid } from './bits.ts';
import type { ByteCodec } from './codec.ts';
import { checkThriftStruct } from './thrift.ts';

/** The values of a dictionary (PLAIN), or those of some rows. */
export type Page =
  | { readonly type: 'dictionary'; readonly count: number; readonly bytes: Uint8Array }
  | {
      readonly type: 'data';
      readonly rows: number;
      /** 0 where the row is null; absent in a required column. */
      readonly present: Uint8Array | null;
      /** Number of rows that are not null. */
      readonly count: number;
      readonly encoding: Encoding;
      readonly bytes: Uint8Array;
    };

type Codec = Pick<ByteCodec, 'decompress'>;

/** `bytes` is the chunk; stops after `rows` rows. Errors: corrupt. */
export function* readPages(
  bytes: Uint8Array,
  chunk: ColumnChunk,
  rows: number,
  isNullable: boolean,
  codec: Codec,
): Generator<Page> {
  const decompress = decompressor(chunk, codec);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let left = rows;
  while (left > 0) {
    const body = checkThriftStruct(bytes, at);
    const header = parquetHeader({ view, offset: at });
    at = body + checkSize(header.compressed_page_size, bytes.length - body);
    const page = readPage(header, bytes.subarray(body, at), isNullable, left, decompress);
    if (page.type === 'data') left -= page.rows;
    yield page;
  }
}

type Decompress = (bytes: Uint8Array, size: number) => Uint8Array;

function decompressor({ meta_data: meta }: ColumnChunk, codec: Codec): Decompress {
  const isZstd = meta?.codec === 'ZSTD';
  if (!isZstd && meta?.codec !== 'UNCOMPRESSED') throw corrupt(`compression ${meta?.codec} instead of zstd`);
  return (bytes, size) => {
    checkSize(size, SHARD_BYTES_MAX);
    const plain = isZstd && size > 0 ? unpack(bytes, size, codec) : bytes.subarray(0, size);
    if (plain.length !== size) throw corrupt(`${plain.length} instead of ${size} bytes`);
    return plain;
  };
}

function unpack(bytes: Uint8Array, size: number, codec: Codec): Uint8Array {
  try {
    return codec.decompress(bytes, size);
  } catch (cause) {
    if (cause instanceof LamellaError) throw cause;
    throw new LamellaError('corrupt', 'a page is damaged: not zstd, or more than it says', { cause });
  }
}

function readPage(
  header: PageHeader,
  body: Uint8Array,
  isNullable: boolean,
  rowsMax: number,
  decompress: Decompress,
): Page {
  const { dictionary_page_header: dictionary, data_page_header: v1, data_page_header_v2: v2 } = header;
  const size = checkSize(header.uncompressed_page_size, SHARD_BYTES_MAX);
  if (header.type === 'DICTIONARY_PAGE' && dictionary) {
    const bytes = decompress(body, size);
    return { type: 'dictionary', count: checkSize(dictionary.num_values, size), bytes };
  }
  if (header.type === 'DATA_PAGE' && v1) {
    const bytes = decompress(body, size);
    const levels = isNullable ? littleEndian(bytes) : 0;
    const start = isNullable ? 4 : 0;
    const rows = checkSize(v1.num_values, rowsMax);
    const present = isNullable ? readLevels(bytes.subarray(start, start + levels), rows) : null;
    return dataPage(rows, present, v1.encoding, bytes.subarray(start + levels));
  }
  if (header.type === 'DATA_PAGE_V2' && v2) {
    const levels = v2.definition_levels_byte_length;
    if (v2.repetition_levels_byte_length !== 0) throw corrupt('repeated values');
    checkSize(levels, body.length);
    const rows = checkSize(v2.num_values, rowsMax);
    const present = isNullable ? readLevels(body.subarray(0, levels), rows) : null;
    const values = body.subarray(levels);
    const bytes = v2.is_compressed ? decompress(values, size - levels) : values;
    return dataPage(rows, present, v2.encoding, bytes);
  }
  throw corrupt(`a page of type ${header.type}`);
}

function dataPage(rows: number, present: Uint8Array | null, encoding: Encoding, bytes: Uint8Array): Page {
  let count = rows;
  if (present) for (let i = 0; i < rows; i++) count -= 1 - (present[i] ?? 0);
  return { type: 'data', rows, present, count, encoding, bytes };
}

function readLevels(bytes: Uint8Array, rows: number): Uint8Array {
  const present = new Uint8Array(rows);
  readHybrid(bytes, 0, 1, present);
  return present;
}

/** A size or count as a header gives it: an integer within what is possible. */
function checkSize(size: number, most: number): number {
  const isPossible = Number.isInteger(size) && size >= 0 && size <= most;
  if (!isPossible) throw corrupt(`${size} where 0 to ${most} are possible`);
  return size;
}

function littleEndian(bytes: Uint8Array): number {
  if (bytes.length < 4) throw corrupt('an early end');
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
}

function corrupt(what: string): LamellaError {
  return new LamellaError('corrupt', `a page is damaged: ${what}`);
}
