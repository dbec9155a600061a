/**
 * Decodes a verified shard to columns. Columns that this version does not know are not read; absent optional
 * ones are null.
 */
import type { ColumnData, FileMetaData } from 'hyparquet';
import { parquetMetadata, parquetRead } from 'hyparquet';
import type { RecordBatch } from '../record/batch.ts';
import { LamellaError } from '../record/error.ts';
import type { MutableBatch } from '../record/select.ts';
import { allocateBatch } from '../record/select.ts';
import type { ByteCodec } from './codec.ts';
import type { ColumnName } from './schema.ts';
import { COLUMNS } from './schema.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const PARSERS = {
  timestampFromMicroseconds: Number,
  // Nulls come without bytes.
  stringFromBytes: (bytes: Uint8Array | undefined): string =>
    bytes ? decoder.decode(bytes) : (undefined as never),
};

/**
 * All rows in file order. `bytes` passed verifyShard; what is wrong inside pages although the hashes agree (a
 * faulty writer) is still refused. Errors: corrupt.
 */
export async function decodeShard(
  bytes: Uint8Array,
  codec: Pick<ByteCodec, 'decompress'>,
): Promise<RecordBatch> {
  try {
    const metadata = parquetMetadata(bytes, { geoparquet: false, parsers: PARSERS });
    return await decodeColumns(bytes, metadata, codec);
  } catch (cause) {
    if (cause instanceof LamellaError) throw cause;
    throw new LamellaError('corrupt', 'a verified shard cannot be decoded: its writer was faulty', { cause });
  }
}

async function decodeColumns(
  bytes: Uint8Array,
  metadata: FileMetaData,
  codec: Pick<ByteCodec, 'decompress'>,
): Promise<RecordBatch> {
  const present = new Set(metadata.schema.slice(1).map(({ name }) => name));
  const columns = Object.keys(COLUMNS).filter((name) => present.has(name));
  const batch = allocateBatch(Number(metadata.num_rows));
  if (!present.has('step')) batch.stepNull.fill(1);
  if (!present.has('value')) batch.valueNull.fill(1);
  const filled = new Map<string, number>();
  await parquetRead({
    // Copied, since a Buffer's own slice is a view whose `buffer` is more than the slice.
    file: {
      byteLength: bytes.length,
      slice: (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer,
    },
    metadata,
    columns,
    parsers: PARSERS,
    compressors: { ZSTD: (input, size) => codec.decompress(input, size) },
    onChunk: (chunk) => {
      fill(batch, chunk);
      filled.set(chunk.columnName, (filled.get(chunk.columnName) ?? 0) + chunk.columnData.length);
    },
  });
  for (const name of columns) {
    if (filled.get(name) !== batch.count) {
      throw new LamellaError(
        'corrupt',
        `column ${name} holds ${filled.get(name) ?? 0} of ${batch.count} rows`,
      );
    }
  }
  return batch;
}

function fill(batch: MutableBatch, { columnName, columnData, rowStart }: ColumnData): void {
  const column = columnName as ColumnName;
  switch (column) {
    case 'writer':
    case 'kind':
    case 'key': {
      fillStrings(batch[column], columnData as string[], rowStart);
      break;
    }
    case 'data': {
      fillTexts(batch.data, columnData as (string | null | undefined)[], rowStart);
      break;
    }
    case 'seq':
    case 'time': {
      fillNumbers(batch[column], columnData as ArrayLike<bigint | number>, rowStart);
      break;
    }
    case 'step': {
      fillNullable(
        batch.step,
        0n,
        batch.stepNull,
        columnData as ArrayLike<bigint | null | undefined>,
        rowStart,
      );
      break;
    }
    case 'value': {
      fillNullable(
        batch.value,
        0,
        batch.valueNull,
        columnData as ArrayLike<number | null | undefined>,
        rowStart,
      );
      break;
    }
  }
}

function fillStrings(to: string[], from: readonly string[], at: number): void {
  for (let i = 0; i < from.length; i++) to[at + i] = from[i] ?? '';
}

function fillTexts(to: (string | null)[], from: readonly (string | null | undefined)[], at: number): void {
  for (let i = 0; i < from.length; i++) to[at + i] = from[i] ?? null;
}

function fillNumbers(to: Float64Array, from: ArrayLike<bigint | number>, at: number): void {
  for (let i = 0; i < from.length; i++) {
    const value = Number(from[i]);
    if (!Number.isSafeInteger(value)) throw new LamellaError('corrupt', `a seq or time of ${from[i]}`);
    to[at + i] = value;
  }
}

function fillNullable<T extends bigint | number>(
  to: { [row: number]: T },
  zero: T,
  nulls: Uint8Array,
  from: ArrayLike<T | null | undefined>,
  at: number,
): void {
  for (let i = 0; i < from.length; i++) {
    const value = from[i] ?? null;
    nulls[at + i] = value === null ? 1 : 0;
    to[at + i] = value ?? zero;
  }
}
