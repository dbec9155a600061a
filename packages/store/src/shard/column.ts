/**
 * Writes one column chunk: dictionary page (if any) and one data page, both inside the row group, and the
 * metadata that points at them. One page a chunk: row groups are small, and a page index would only repeat what
 * the chunk's statistics say.
 */
import type { ColumnChunk, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import type { ByteCodec } from './codec.ts';
import type { EncodedValues } from './values.ts';

/** One column of one row group, ready to be written. */
export interface ColumnPart {
  readonly element: SchemaElement;
  readonly values: EncodedValues;
  /** Rows of the row group. */
  readonly rows: number;
  /** 1 where the row is null; null for a required column. */
  readonly nulls: Uint8Array | null;
}

/** Appends the chunk to `out` and returns its metadata. */
export function writeColumnChunk(out: ByteWriter, part: ColumnPart, codec: ByteCodec): ColumnChunk {
  const { element, values, rows, nulls } = part;
  const start = out.offset;
  let uncompressed = 0;
  let dictionaryOffset: bigint | undefined;
  if (values.dictionary) {
    dictionaryOffset = BigInt(out.offset);
    uncompressed += writeDictionaryPage(out, values.dictionary, codec);
  }
  const dataOffset = BigInt(out.offset);
  const nullCount = countNulls(nulls);
  uncompressed += writeDataPage(out, part, nullCount, codec);
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: element.type ?? 'BYTE_ARRAY',
      encodings: values.dictionary ? ['PLAIN', values.encoding] : [values.encoding],
      path_in_schema: [element.name],
      codec: 'ZSTD',
      num_values: BigInt(rows),
      total_uncompressed_size: BigInt(uncompressed),
      total_compressed_size: BigInt(out.offset - start),
      data_page_offset: dataOffset,
      ...(dictionaryOffset === undefined ? {} : { dictionary_page_offset: dictionaryOffset }),
      statistics: { ...values.bounds, null_count: BigInt(nullCount) },
    },
  };
}

function writeDictionaryPage(
  out: ByteWriter,
  dictionary: { readonly bytes: Uint8Array; readonly count: number },
  codec: ByteCodec,
): number {
  const start = out.offset;
  const compressed = codec.compress(dictionary.bytes);
  writePageHeader(out, {
    type: 'DICTIONARY_PAGE',
    uncompressed_page_size: dictionary.bytes.length,
    compressed_page_size: compressed.length,
    dictionary_page_header: { num_values: dictionary.count, encoding: 'PLAIN' },
  });
  const header = out.offset - start;
  out.appendBytes(compressed);
  return header + dictionary.bytes.length;
}

function writeDataPage(out: ByteWriter, part: ColumnPart, nullCount: number, codec: ByteCodec): number {
  const { values, rows, nulls } = part;
  const levels = definitionLevels(nulls);
  const compressed = codec.compress(values.bytes, values.windowLog);
  const isSmaller = compressed.length < values.bytes.length;
  const body = isSmaller ? compressed : values.bytes;
  const start = out.offset;
  writePageHeader(out, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: levels.length + values.bytes.length,
    compressed_page_size: levels.length + body.length,
    data_page_header_v2: {
      num_values: rows,
      num_nulls: nullCount,
      num_rows: rows,
      encoding: values.encoding,
      definition_levels_byte_length: levels.length,
      repetition_levels_byte_length: 0,
      is_compressed: isSmaller,
    },
  });
  const header = out.offset - start;
  out.appendBytes(levels);
  out.appendBytes(body);
  return header + levels.length + values.bytes.length;
}

/** One bit a row, 1 where there is a value; nothing for a required column. */
function definitionLevels(nulls: Uint8Array | null): Uint8Array {
  const out = new ByteWriter(64);
  if (nulls) {
    const levels = new Uint8Array(nulls.length);
    for (let i = 0; i < nulls.length; i++) levels[i] = 1 - (nulls[i] ?? 0);
    writeRleBitPackedHybrid(out, levels, 1);
  }
  return out.getBytes();
}

function countNulls(nulls: Uint8Array | null): number {
  let count = 0;
  if (nulls) for (let i = 0; i < nulls.length; i++) count += nulls[i] ?? 0;
  return count;
}
