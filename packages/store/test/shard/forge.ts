/**
 * Makes shards that an honest encodeShard would not: other columns, other encodings, other footers, each with
 * the right hashes, so that tests reach the checks behind the hashes.
 */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnSource } from 'hyparquet-writer';
import type { RowGroup, SchemaElement } from 'hyparquet';
import { encodeBase32 } from '../../src/record/base32.ts';
import type { RecordBatch } from '../../src/record/batch.ts';
import { sumRows } from '../../src/record/sum.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { formatShardName } from '../../src/shard/name.ts';
import { COLUMNS } from '../../src/shard/schema.ts';

export interface Forgery {
  /** More columns, or others in place of known ones of the same name. */
  readonly columns?: readonly { readonly element: SchemaElement; readonly data: ColumnSource['data'] }[];
  /** Known columns to leave out. */
  readonly without?: readonly string[];
  readonly rowGroupRows?: number;
  /** Changes the footer's JSON; null leaves the whole entry out. */
  readonly footer?: (json: Record<string, unknown>) => unknown;
  /** Changes the Parquet metadata just before it is written. */
  readonly rowGroups?: (groups: RowGroup[]) => void;
}

/** A shard of these rows, in the order given, written by hyparquet-writer's own encoders. */
export function forgeShard(batch: RecordBatch, forgery: Forgery = {}): { name: string; bytes: Uint8Array } {
  const columns = columnsOf(batch, forgery);
  const writer = new ByteWriter();
  const schema = [{ name: 'root', num_children: columns.length }, ...columns.map(({ element }) => element)];
  const parquet = new ParquetWriter({
    writer,
    schema,
    codec: 'ZSTD',
    compressors: { ZSTD: (bytes) => nodeCodec.compress(bytes) },
  });
  void parquet.write({
    columnData: columns.map(({ element, data }) => ({ name: element.name, data })),
    rowGroupSize: forgery.rowGroupRows ?? 1000,
  });
  const tailStart = writer.offset;
  const json = {
    format: 1,
    writer: batch.writer[0],
    first: 0,
    last: 0,
    rows: batch.count,
    sum: sumRows(batch),
    row_groups: entriesOf(parquet.row_groups, writer),
  };
  const entry = forgery.footer ? forgery.footer(json) : json;
  if (entry !== null) parquet.kvMetadata = [{ key: 'lamella', value: JSON.stringify(entry) }];
  forgery.rowGroups?.(parquet.row_groups);
  void parquet.finish();
  const bytes = writer.getBytes();
  const hash = encodeBase32(nodeCodec.sha256(bytes.subarray(tailStart)), 26);
  return { name: formatShardName({ writer: batch.writer[0] ?? '', first: 0, last: 0, hash }), bytes };
}

function entriesOf(groups: readonly RowGroup[], writer: ByteWriter): unknown[] {
  let offset = 4;
  return groups.map((group) => {
    const length = Number(group.total_compressed_size);
    const digest = nodeCodec.sha256(writer.getBytes().subarray(offset, offset + length));
    const entry = [offset, length, Buffer.from(digest.subarray(0, 16)).toString('hex')];
    offset += length;
    return entry;
  });
}

function columnsOf(
  batch: RecordBatch,
  { columns = [], without = [] }: Forgery,
): NonNullable<Forgery['columns']> {
  const rows = Array.from({ length: batch.count }, (_, i) => i);
  const known: Record<string, ColumnSource['data']> = {
    writer: [...batch.writer],
    seq: rows.map((i) => BigInt(batch.seq[i] ?? 0)),
    kind: [...batch.kind],
    key: [...batch.key],
    step: rows.map((i) => (batch.stepNull[i] === 1 ? null : batch.step[i])),
    time: rows.map((i) => BigInt(batch.time[i] ?? 0)),
    value: rows.map((i) => (batch.valueNull[i] === 1 ? null : batch.value[i])),
    data: [...batch.data],
  };
  const replaced = new Set([...without, ...columns.map(({ element }) => element.name)]);
  const kept = Object.values(COLUMNS).filter(({ name }) => !replaced.has(name));
  return [...kept.map((element) => ({ element, data: known[element.name] ?? [] })), ...columns];
}
