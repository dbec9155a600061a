/**
 * Decodes a verified shard to columns. Columns that this version does not know are not read; absent optional
 * ones are null. Pages are read by code of our own (page.ts, read-values.ts, bits.ts) because it writes straight
 * into typed columns and believes no count in a page: a hostile file is corrupt, never a crash.
 */
import type { ColumnChunk, SchemaElement } from 'hyparquet';
import type { RecordBatch } from '../record/batch.ts';
import { LamellaError } from '../record/error.ts';
import { SHARD_PAGE_BYTES_MAX, SHARD_ROWS_MAX } from '../record/limit.ts';
import type { MutableBatch } from '../record/select.ts';
import { allocateBatch, halvesOf } from '../record/select.ts';
import type { ByteCodec } from './codec.ts';
import { chunkRange, readMetadata, topColumns } from './metadata.ts';
import { readPages } from './page.ts';
import { numberDictionary, readNumbers, readStrings, stringDictionary } from './read-values.ts';
import type { ColumnName } from './schema.ts';
import { COLUMNS } from './schema.ts';

type Codec = Pick<ByteCodec, 'decompress'>;

/**
 * All rows in file order. `bytes` passed verifyShard; what is wrong inside pages although the hashes agree (a
 * faulty writer) is refused, and so are pages that unpack to more than `pageBytesMax` bytes. Errors: corrupt.
 */
export async function decodeShard(
  bytes: Uint8Array,
  codec: Codec,
  pageBytesMax: number = SHARD_PAGE_BYTES_MAX,
): Promise<RecordBatch> {
  const { schema, row_groups: groups } = readMetadata(bytes);
  const elements = topColumns(schema);
  let count = 0;
  for (const { num_rows: rows } of groups) count += Number(rows);
  if (!(count <= SHARD_ROWS_MAX)) throw corrupt(`${count} rows, more than ${SHARD_ROWS_MAX}`);
  const batch = allocateBatch(count);
  const bounded = boundedCodec(codec, pageBytesMax);
  let row = 0;
  for (const { columns, num_rows: rows } of groups) {
    for (const { name } of Object.values(COLUMNS)) {
      const chunk = columns.find(({ meta_data: meta }) => meta?.path_in_schema.join('.') === name);
      fillColumn(batch, name as ColumnName, {
        bytes,
        chunk,
        element: elements.get(name),
        row,
        rows: Number(rows),
        codec: bounded,
      });
    }
    row += Number(rows);
  }
  return batch;
}

/** Unpacks `bytesMax` bytes at most, all pages together. */
function boundedCodec({ decompress }: Codec, bytesMax: number): Codec {
  let left = bytesMax;
  return {
    decompress(bytes, size) {
      left -= size;
      if (left < 0) throw corrupt(`its pages unpack to more than ${bytesMax} bytes`);
      return decompress(bytes, size);
    },
  };
}

/** A column chunk and the rows of the batch that it fills. */
interface Part {
  readonly bytes: Uint8Array;
  readonly chunk: ColumnChunk | undefined;
  readonly element: SchemaElement | undefined;
  readonly row: number;
  readonly rows: number;
  readonly codec: Codec;
}

function fillColumn(batch: MutableBatch, column: ColumnName, part: Part): void {
  switch (column) {
    case 'writer':
    case 'kind':
    case 'key': {
      fillStrings(part, (row, text) => (batch[column][row] = text ?? refuseNull(column)));
      break;
    }
    case 'data': {
      fillStrings(part, (row, text) => (batch.data[row] = text));
      break;
    }
    case 'step': {
      fillNumbers(part, halvesOf(batch.step).subarray(part.row * 2), batch.stepNull.subarray(part.row));
      break;
    }
    case 'value': {
      fillNumbers(part, halvesOf(batch.value).subarray(part.row * 2), batch.valueNull.subarray(part.row));
      break;
    }
    case 'seq':
    case 'time': {
      const nulls = new Uint8Array(part.rows);
      const halves = new Int32Array(part.rows * 2);
      fillNumbers(part, halves, nulls);
      if (nulls.includes(1)) refuseNull(column);
      toDoubles(halves, batch[column].subarray(part.row, part.row + part.rows));
      break;
    }
  }
}

function fillStrings(part: Part, set: (row: number, text: string | null) => void): void {
  const { row: start, rows } = part;
  let dictionary: string[] | null = null;
  let row = start;
  for (const page of pagesOf(part)) {
    if (page.type === 'dictionary') {
      dictionary = stringDictionary(page);
      continue;
    }
    const strings = page.count === 0 ? [] : readStrings(page, dictionary);
    let next = 0;
    for (let i = 0; i < page.rows; i++) {
      const isPresent = page.present === null || page.present[i] === 1;
      set(row++, isPresent ? (strings[next++] ?? '') : null);
    }
  }
  while (row < start + rows) set(row++, null); // an absent column
}

function fillNumbers(part: Part, halves: Int32Array, nulls: Uint8Array): void {
  let dictionary: Int32Array | null = null;
  let row = 0;
  for (const page of pagesOf(part)) {
    if (page.type === 'dictionary') {
      dictionary = numberDictionary(page);
      continue;
    }
    const numbers = page.count === 0 ? new Int32Array(0) : readNumbers(page, dictionary);
    if (page.count === page.rows) {
      halves.set(numbers, row * 2);
      row += page.rows;
      continue;
    }
    let next = 0;
    for (let i = 0; i < page.rows; i++, row++) {
      if (page.present?.[i] === 1) {
        halves[row * 2] = numbers[next++] ?? 0;
        halves[row * 2 + 1] = numbers[next++] ?? 0;
      } else {
        nulls[row] = 1;
      }
    }
  }
  if (row < part.rows) nulls.fill(1, row, part.rows); // an absent column
}

function* pagesOf({ bytes, chunk, element, rows, codec }: Part): ReturnType<typeof readPages> {
  if (!chunk || !element) return;
  const { start, end } = chunkRange(chunk);
  const pages = bytes.subarray(Number(start), Number(end));
  yield* readPages(pages, chunk, rows, element.repetition_type !== 'REQUIRED', codec);
}

function toDoubles(halves: Int32Array, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) {
    const value = (halves[i * 2 + 1] ?? 0) * 4_294_967_296 + ((halves[i * 2] ?? 0) >>> 0);
    if (!Number.isSafeInteger(value)) throw corrupt(`a seq or time of about ${value}`);
    out[i] = value;
  }
}

function refuseNull(column: string): never {
  throw corrupt(`column ${column} has no value in some row`);
}

function corrupt(what: string): LamellaError {
  return new LamellaError('corrupt', `a shard that cannot be decoded: ${what}`);
}
