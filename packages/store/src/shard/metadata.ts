/**
 * Parquet metadata of bytes that nobody has vouched for: bounded first, parsed then. hyparquet parses; what it
 * would allocate or recurse for has been checked before (thrift.ts).
 */
import type { ColumnChunk, FileMetaData, SchemaElement } from 'hyparquet';
import { parquetMetadata } from 'hyparquet';
import { LamellaError } from '../record/error.ts';
import { SHARD_BYTES_MAX, TAIL_BYTES_MAX } from '../record/limit.ts';
import { checkThriftStruct } from './thrift.ts';

/** `PAR1` as a little-endian word. */
export const PAR1: number = 0x31524150;

/** `PAR1`, at least a byte of row group and one of metadata, its length, `PAR1`. */
const SHARD_BYTES_MIN = 4 + 1 + 1 + 8;

/** Errors: corrupt, without the name of the file. */
export function readMetadata(bytes: Uint8Array): FileMetaData {
  if (bytes.length < SHARD_BYTES_MIN) throw corrupt(`only ${bytes.length} bytes`);
  if (bytes.length > SHARD_BYTES_MAX) throw corrupt(`${bytes.length} bytes, more than ${SHARD_BYTES_MAX}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isParquet = view.getUint32(0, true) === PAR1 && view.getUint32(bytes.length - 4, true) === PAR1;
  if (!isParquet) throw corrupt('not a Lamella shard (PAR1 is missing at the beginning or the end)');
  const end = bytes.length - 8;
  const length = view.getUint32(end, true);
  if (length > end - 4 || length > TAIL_BYTES_MAX) throw corrupt(`a footer of ${length} bytes does not fit`);
  const after = checkThriftStruct(bytes.subarray(0, end), end - length);
  if (after !== end) throw corrupt('the footer does not fill its length');
  try {
    return parquetMetadata(bytes, { geoparquet: false, parsers: { timestampFromMicroseconds: (us) => us } });
  } catch (cause) {
    throw corrupt('its Parquet footer cannot be parsed', cause);
  }
}

/**
 * The columns below the root, by name. Errors: corrupt (a name twice, where case does not count, as it does not for
 * SQL engines; a schema that does not add up).
 */
export function topColumns(schema: readonly SchemaElement[]): Map<string, SchemaElement> {
  const columns = new Map<string, SchemaElement>();
  const names = new Set<string>();
  let at = 1;
  for (let child = 0; child < (schema[0]?.num_children ?? 0); child++) {
    const element = schema[at];
    if (!element) throw corrupt('its schema is cut short');
    const name = element.name.toLowerCase();
    if (names.has(name)) throw corrupt(`two columns are called ${name}`);
    names.add(name);
    columns.set(element.name, element);
    at = afterElement(schema, at);
  }
  if (at !== schema.length) throw corrupt('its schema has loose ends');
  return columns;
}

/** Where a column chunk's first page begins and its last one ends. Errors: corrupt. */
export function chunkRange({ meta_data: meta }: ColumnChunk): {
  readonly start: bigint;
  readonly end: bigint;
} {
  if (!meta) throw corrupt('a column chunk without metadata');
  const start = meta.dictionary_page_offset ?? meta.data_page_offset;
  return { start, end: start + meta.total_compressed_size };
}

/** The index after an element and all its descendants. */
function afterElement(schema: readonly SchemaElement[], at: number): number {
  let open = 1;
  let next = at;
  while (open > 0 && next < schema.length) {
    open += (schema[next]?.num_children ?? 0) - 1;
    next++;
  }
  return next;
}

function corrupt(what: string, cause?: unknown): LamellaError {
  return new LamellaError('corrupt', what, cause === undefined ? {} : { cause });
}
