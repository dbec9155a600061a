/**
 * Verifies a whole shard against its name (SPEC.md, Verification): afterwards every byte is known to be the one
 * that was published, and every offset in the footer is known to point where the format allows. Never trusts a
 * length before it has compared it with what is there.
 */
import type { FileMetaData, RowGroup, SchemaElement } from 'hyparquet';
import { parquetMetadata } from 'hyparquet';
import { encodeBase32 } from '../record/base32.ts';
import { LamellaError } from '../record/error.ts';
import { SHARD_BYTES_MAX, TAIL_BYTES_MAX } from '../record/limit.ts';
import type { ByteCodec } from './codec.ts';
import type { RowGroupEntry, ShardFooter } from './footer.ts';
import { FOOTER_KEY, parseFooter } from './footer.ts';
import type { ShardName } from './name.ts';
import { parseShardName } from './name.ts';
import { COLUMNS } from './schema.ts';
import { checkThriftStruct } from './thrift.ts';

const PAR1 = 0x31524150;

/** `PAR1`, at least a byte of row group, metadata, its length, `PAR1`. */
const SHARD_BYTES_MIN = 4 + 1 + 1 + 8;

/**
 * Checks every byte of a file against `name` (without directories) and returns what its footer says.
 * Errors: corrupt, saying what is wrong; unsupported, where a newer Lamella wrote it.
 */
export function verifyShard(name: string, bytes: Uint8Array, codec: Pick<ByteCodec, 'sha256'>): ShardFooter {
  const parsed = parseShardName(name);
  if (!parsed) throw corrupt(name, 'the name is not that of a shard');
  const metadata = parseMetadata(name, bytes);
  const entry = metadata.key_value_metadata?.find(({ key }) => key === FOOTER_KEY)?.value;
  if (entry === undefined) throw corrupt(name, 'not a Lamella shard (a Parquet file of something else)');
  const footer = inFile(name, () => parseFooter(entry));
  checkHashes(name, parsed, bytes, footer.rowGroups, metadata.metadata_length, codec);
  if (!('writer' in footer)) {
    throw new LamellaError(
      'unsupported',
      `${name} was written by a newer Lamella (format ${footer.format}): upgrade`,
    );
  }
  checkName(name, parsed, footer);
  checkColumns(name, metadata);
  checkRowGroups(name, metadata, footer);
  return footer;
}

/** The Parquet metadata of bytes that nobody has vouched for yet. Errors: corrupt. */
function parseMetadata(name: string, bytes: Uint8Array): FileMetaData {
  if (bytes.length < SHARD_BYTES_MIN) throw corrupt(name, `only ${bytes.length} bytes`);
  if (bytes.length > SHARD_BYTES_MAX)
    throw corrupt(name, `${bytes.length} bytes, more than ${SHARD_BYTES_MAX}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isParquet = view.getUint32(0, true) === PAR1 && view.getUint32(bytes.length - 4, true) === PAR1;
  if (!isParquet) throw corrupt(name, 'not a Lamella shard (PAR1 is missing at the beginning or the end)');
  const end = bytes.length - 8;
  const length = view.getUint32(end, true);
  if (length > end - 4 || length > TAIL_BYTES_MAX)
    throw corrupt(name, `a footer of ${length} bytes does not fit`);
  return inFile(name, () => {
    const after = checkThriftStruct(bytes.subarray(0, end), end - length);
    if (after !== end) throw new LamellaError('corrupt', 'the footer does not fill its length');
    return parquetMetadata(bytes, { geoparquet: false, parsers: { timestampFromMicroseconds: (us) => us } });
  });
}

function checkHashes(
  name: string,
  { hash }: ShardName,
  bytes: Uint8Array,
  rowGroups: readonly RowGroupEntry[],
  metadataLength: number,
  codec: Pick<ByteCodec, 'sha256'>,
): void {
  const [offset, length] = rowGroups.at(-1) ?? [4, 0];
  const tailStart = offset + length;
  if (tailStart > bytes.length - 8 - metadataLength)
    throw corrupt(name, 'its row groups reach into the footer');
  if (bytes.length - tailStart > TAIL_BYTES_MAX)
    throw corrupt(name, `a tail of more than ${TAIL_BYTES_MAX} bytes`);
  if (encodeBase32(codec.sha256(bytes.subarray(tailStart)), 26) !== hash) {
    throw corrupt(name, 'the tail is not what the name says');
  }
  for (const [start, size, digest] of rowGroups) {
    const found = codec.sha256(bytes.subarray(start, start + size));
    for (let i = 0; i < 16; i++) {
      if (found[i] !== Number.parseInt(digest.slice(i * 2, i * 2 + 2), 16)) {
        throw corrupt(name, `the row group at byte ${start} is not what the footer says`);
      }
    }
  }
}

function checkName(name: string, parsed: ShardName, footer: ShardFooter): void {
  for (const field of ['writer', 'first', 'last'] as const) {
    if (parsed[field] !== footer[field]) throw corrupt(name, `its footer says ${field} ${footer[field]}`);
  }
}

/** Known columns have their type; required ones are there and first come, first served: no name twice. */
function checkColumns(name: string, { schema }: FileMetaData): void {
  const seen = new Map<string, SchemaElement>();
  let at = 1;
  for (let child = 0; child < (schema[0]?.num_children ?? 0); child++) {
    const element = schema[at];
    if (!element) throw corrupt(name, 'its schema is cut short');
    if (seen.has(element.name)) throw corrupt(name, `two columns are called ${element.name}`);
    seen.set(element.name, element);
    at = afterElement(schema, at);
  }
  if (at !== schema.length) throw corrupt(name, 'its schema has loose ends');
  for (const column of Object.values(COLUMNS)) {
    const found = seen.get(column.name);
    if (!found && column.repetition_type === 'OPTIONAL') continue;
    if (!found || !isTyped(found, column)) {
      throw corrupt(name, `column ${column.name} is missing or not what format 1 says`);
    }
  }
}

function isTyped(found: SchemaElement, column: SchemaElement): boolean {
  if (found.type !== column.type || found.repetition_type === 'REPEATED') return false;
  if (column.type === 'BYTE_ARRAY')
    return found.converted_type === 'UTF8' || found.logical_type?.type === 'STRING';
  return column.name !== 'time' || found.converted_type === 'TIMESTAMP_MICROS' || isMicros(found);
}

function isMicros({ logical_type: type }: SchemaElement): boolean {
  return type?.type === 'TIMESTAMP' && type.unit === 'MICROS' && type.isAdjustedToUTC;
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

/** Parquet's row groups are those of the footer, and every column chunk lies inside its own. */
function checkRowGroups(
  name: string,
  { row_groups: groups, num_rows: total }: FileMetaData,
  footer: ShardFooter,
): void {
  if (groups.length !== footer.rowGroups.length) throw corrupt(name, `it has ${groups.length} row groups`);
  let rows = 0n;
  groups.forEach((group, i) => {
    if (group.num_rows < 1n) throw corrupt(name, `row group ${i} has no rows`);
    rows += group.num_rows;
    checkChunks(name, group, footer.rowGroups[i] ?? [0, 0, '']);
  });
  if (rows !== BigInt(footer.rows) || total !== rows)
    throw corrupt(name, `it holds ${rows} rows, not ${footer.rows}`);
}

function checkChunks(name: string, group: RowGroup, [offset, length]: RowGroupEntry): void {
  const seen = new Set<string>();
  for (const { file_path: path, meta_data: meta, ...chunk } of group.columns) {
    if (
      path !== undefined ||
      chunk.crypto_metadata !== undefined ||
      chunk.encrypted_column_metadata !== undefined
    ) {
      throw corrupt(name, 'a column lies in another file or is encrypted');
    }
    if (!meta) throw corrupt(name, 'a column chunk without metadata');
    const start = meta.dictionary_page_offset ?? meta.data_page_offset;
    const end = start + meta.total_compressed_size;
    const isInside =
      start >= BigInt(offset) &&
      meta.data_page_offset >= start &&
      meta.data_page_offset < end &&
      end <= BigInt(offset + length) &&
      meta.num_values >= 0n;
    if (!isInside)
      throw corrupt(name, `column ${meta.path_in_schema.join('.')} reaches out of its row group`);
    const column = meta.path_in_schema.join('.');
    if (seen.has(column)) throw corrupt(name, `column ${column} twice in a row group`);
    seen.add(column);
    if (Object.hasOwn(COLUMNS, column) && meta.num_values !== group.num_rows) {
      throw corrupt(
        name,
        `column ${column} has ${meta.num_values} values in a row group of ${group.num_rows} rows`,
      );
    }
  }
}

/** Runs a parser on this file: whatever it throws means that the file is corrupt. */
function inFile<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (cause instanceof LamellaError) throw corrupt(name, cause.message);
    throw corrupt(name, 'its Parquet footer cannot be parsed', cause);
  }
}

function corrupt(name: string, what: string, cause?: unknown): LamellaError {
  return new LamellaError('corrupt', `${name}: ${what}`, cause === undefined ? {} : { cause });
}
