/**
 * Verifies a whole shard against its name (SPEC.md, S7 to S9): afterwards every byte is known to be the one
 * that was published, and every offset in the footer is known to point where the format allows. Never trusts a
 * length before it has compared it with what is there.
 */
import type { FileMetaData, RowGroup, SchemaElement } from 'hyparquet';
import { encodeBase32 } from '../record/base32.ts';
import { isKind, LamellaError } from '../record/error.ts';
import { SHARD_ROWS_MAX, TAIL_BYTES_MAX } from '../record/limit.ts';
import type { ByteCodec } from './codec.ts';
import type { RowGroupEntry, ShardFooter } from './footer.ts';
import { FOOTER_KEY, parseFooter } from './footer.ts';
import { chunkRange, readMetadata, topColumns } from './metadata.ts';
import type { ShardName } from './name.ts';
import { parseShardName } from './name.ts';
import { COLUMNS } from './schema.ts';

/**
 * Checks every byte of a file against `name` (without directories) and returns what its footer says.
 * Errors: corrupt, saying what is wrong; unsupported, where a newer Lamella wrote it.
 */
export function verifyShard(name: string, bytes: Uint8Array, codec: Pick<ByteCodec, 'sha256'>): ShardFooter {
  const parsed = parseShardName(name);
  if (!parsed) throw corrupt(name, 'the name is not that of a shard');
  const metadata = inFile(name, () => readMetadata(bytes));
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

/** Known columns have their type, required ones are there, and no two share a name. */
function checkColumns(name: string, { schema }: FileMetaData): void {
  const seen = inFile(name, () => topColumns(schema));
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

/** Parquet's row groups are those of the footer, and every column chunk lies inside its own. */
function checkRowGroups(
  name: string,
  { row_groups: groups, num_rows: total }: FileMetaData,
  footer: ShardFooter,
): void {
  if (footer.rows > SHARD_ROWS_MAX) throw corrupt(name, `${footer.rows} rows, more than ${SHARD_ROWS_MAX}`);
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
    const { start, end } = chunkRange({ meta_data: meta, ...chunk });
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

/** Runs a check that does not know the file's name. */
function inFile<T>(name: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!isKind(error, 'corrupt')) throw error;
    throw new LamellaError('corrupt', `${name}: ${error.message}`, { cause: error.cause });
  }
}

function corrupt(name: string, what: string): LamellaError {
  return new LamellaError('corrupt', `${name}: ${what}`);
}
