import * as fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { BatchBuilder } from '../../src/record/builder.ts';
import { emptyBatch } from '../../src/record/select.ts';
import { sortBatch } from '../../src/record/sort.ts';
import { sumRows } from '../../src/record/sum.ts';
import { decodeShard } from '../../src/shard/decode.ts';
import { encodeShard } from '../../src/shard/encode.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { parseShardName } from '../../src/shard/name.ts';
import { verifyShard } from '../../src/shard/verify.ts';
import { anyRows, WRITER } from '../record/arbitrary.ts';
import { batchOf, rowsOf } from '../record/row.ts';

const META = { writer: WRITER, first: 4, last: 7 };

describe('encodeShard and decodeShard', () => {
  it('[S1] every row comes back exactly, in order, whatever the row groups are', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.constantFrom(1, 2, 7, 32_768), async (rows, rowGroupRows) => {
        const batch = batchOf(rows);
        const shard = encodeShard(batch, META, nodeCodec, { rowGroupRows });
        const footer = verifyShard(shard.name, shard.bytes, nodeCodec);
        const back = await decodeShard(shard.bytes, nodeCodec);
        expect(rowsOf(back)).toEqual(rowsOf(sortBatch(batch)));
        expect(footer).toEqual(shard.footer);
        expect(footer).toMatchObject({ ...META, format: 1, rows: rows.length, sum: sumRows(batch) });
        expect(footer.rowGroups).toHaveLength(Math.ceil(rows.length / rowGroupRows));
        expect(footer.calls).toBe(rows.some(({ kind }) => kind === 'call'));
      }),
      { numRuns: 200 },
    );
  });

  it('[S1] long runs, gaps and jumps of integers come back', async () => {
    const anyNumbers = fc.array(
      fc.oneof(
        fc.constant(1),
        fc.integer({ min: -300, max: 70_000 }),
        fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      ),
      { minLength: 100, maxLength: 700 },
    );
    await fc.assert(
      fc.asyncProperty(anyNumbers, fc.boolean(), async (deltas, isWide) => {
        const builder = new BatchBuilder(WRITER);
        let time = isWide ? -(2 ** 51) : 0;
        deltas.forEach((delta, seq) => {
          time += delta;
          builder.add(seq, 'metric', 'k', seq, time, time / 3, null);
        });
        const batch = builder.take();
        const { bytes } = encodeShard(batch, META, nodeCodec);
        expect(rowsOf(await decodeShard(bytes, nodeCodec))).toEqual(rowsOf(batch));
      }),
      { numRuns: 60 },
    );
  });

  it('[S6] the same rows and meta always give the same bytes and name', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const one = encodeShard(batchOf(rows), META, nodeCodec);
        const two = encodeShard(sortBatch(batchOf(rows)), META, nodeCodec);
        expect(two.name).toBe(one.name);
        expect(Buffer.compare(one.bytes, two.bytes)).toBe(0);
      }),
    );
  });

  it('[S4] [N7] end, attempt and inputs are in the footer, and an attempt changes the name but not the sum', () => {
    const builder = new BatchBuilder(WRITER);
    builder.add(0, 'run', 'end', null, 1_700_000_000_000_000, null, '{"state":"finished"}');
    const batch = builder.take();
    const plain = encodeShard(batch, META, nodeCodec);
    const other = encodeShard(batch, { ...META, end: true, attempt: 2, inputs: [plain.name] }, nodeCodec);
    expect(verifyShard(plain.name, plain.bytes, nodeCodec)).toMatchObject({
      end: false,
      attempt: 0,
      inputs: [],
    });
    expect(verifyShard(other.name, other.bytes, nodeCodec)).toMatchObject({
      end: true,
      attempt: 2,
      inputs: [plain.name],
    });
    expect(other.name).not.toBe(plain.name);
    expect(other.footer.sum).toBe(plain.footer.sum);
    expect(parseShardName(other.name)).toMatchObject(META);
  });

  it('[S3] a row group ends after 32,768 rows, or once its data reaches 4 MB', () => {
    const many = new BatchBuilder(WRITER);
    for (let i = 0; i < 70_000; i++) many.add(i, 'metric', 'k', i, i * 1000, i, null);
    expect(encodeShard(many.take(), META, nodeCodec).footer.rowGroups).toHaveLength(3);
    const large = new BatchBuilder(WRITER);
    for (let i = 0; i < 10; i++)
      large.add(i, 'metric', 'k', i, i * 1000, null, JSON.stringify('x'.repeat(1024 * 1024)));
    expect(encodeShard(large.take(), META, nodeCodec).footer.rowGroups).toHaveLength(3);
  });

  it('[S3] columns without values cost next to nothing', () => {
    const builder = new BatchBuilder(WRITER);
    for (let i = 0; i < 32_768; i++) builder.add(i, 'system', 'cpu', null, i * 1000, 1, null);
    const { bytes } = encodeShard(builder.take(), META, nodeCodec);
    const chunks = parquetMetadata(bytes).row_groups[0]?.columns ?? [];
    const sizes = Object.fromEntries(
      chunks.map(({ meta_data: meta }) => [meta?.path_in_schema[0], Number(meta?.total_compressed_size)]),
    );
    expect(sizes['step']).toBeLessThan(64);
    expect(sizes['data']).toBeLessThan(64);
  });

  it('[S1] refuses a shard without rows', () => {
    expect(() => encodeShard(emptyBatch(), META, nodeCodec)).toThrow('without rows');
  });

  it('[N1] refuses a range that is not dyadic', () => {
    const batch = batchOf([
      { writer: WRITER, seq: 0, kind: 'run', key: 'start', step: null, time: 0, value: null, data: null },
    ]);
    expect(() => encodeShard(batch, { ...META, first: 1, last: 2 }, nodeCodec)).toThrow('not a shard name');
  });
});
