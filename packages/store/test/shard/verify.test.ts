import * as fc from 'fast-check';
import { ByteWriter, parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { BatchBuilder } from '../../src/record/builder.ts';
import { LamellaError } from '../../src/record/error.ts';
import { decodeShard } from '../../src/shard/decode.ts';
import { encodeShard } from '../../src/shard/encode.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { verifyShard } from '../../src/shard/verify.ts';
import { WRITER } from '../record/arbitrary.ts';
import { forgeShard } from './forge.ts';

function sample(rows = 40): ReturnType<BatchBuilder['take']> {
  const builder = new BatchBuilder(WRITER);
  for (let i = 0; i < rows; i++)
    builder.add(i, 'metric', i % 2 ? 'loss' : 'acc', i, i * 1000, i / 7, i % 5 ? null : 'true');
  return builder.take();
}

const SHARD = encodeShard(sample(), { writer: WRITER, first: 0, last: 0 }, nodeCodec, { rowGroupRows: 16 });

/** `accepted`, or the kind of the error thrown. */
function verdictOn(name: string, bytes: Uint8Array): string {
  try {
    verifyShard(name, bytes, nodeCodec);
    return 'accepted';
  } catch (error) {
    return error instanceof LamellaError ? error.kind : String(error);
  }
}

function expectCorrupt(name: string, bytes: Uint8Array, message = ''): void {
  expect(() => verifyShard(name, bytes, nodeCodec)).toThrow(
    expect.objectContaining({
      name: 'LamellaError',
      kind: 'corrupt',
      message: expect.stringContaining(message),
    }),
  );
}

describe('verifyShard finds damage', () => {
  it('[S7] every single bit of a shard matters', () => {
    const undetected: string[] = [];
    for (let bit = 0; bit < SHARD.bytes.length * 8; bit++) {
      const bytes = SHARD.bytes.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const verdict = verdictOn(SHARD.name, bytes);
      if (verdict !== 'corrupt') undetected.push(`bit ${bit}: ${verdict}`);
    }
    expect(undetected).toEqual([]);
  });

  it('[S7] truncated, extended, zeroed, shifted and mixed bytes are corrupt', () => {
    const { name, bytes } = SHARD;
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(),
        fc.constantFrom('cut', 'head', 'zero', 'extend', 'insert', 'noise'),
        (x, y, how) => {
          const at = x % bytes.length;
          const length = 1 + (y % (bytes.length - at));
          let damaged = bytes.slice();
          if (how === 'cut') damaged = damaged.slice(0, at);
          if (how === 'head') damaged = damaged.slice(at + 1);
          if (how === 'zero') damaged.fill(0, at, at + length);
          if (how === 'noise') damaged.fill((y % 255) + 1, at, at + length);
          if (how === 'extend') damaged = Uint8Array.from([...damaged, ...damaged.slice(at, at + length)]);
          if (how === 'insert') damaged = Uint8Array.from([...damaged.slice(0, at), 0, ...damaged.slice(at)]);
          fc.pre(Buffer.compare(damaged, bytes) !== 0);
          expectCorrupt(name, damaged);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('[S7] a file under the name of another writer, range or hash is corrupt', () => {
    const { name, bytes } = SHARD;
    expectCorrupt(name.replace(WRITER, 'b'.repeat(26)), bytes, 'its footer says writer');
    expectCorrupt(
      name.replace('0000000000-0000000000', '0000000000-0000000001'),
      bytes,
      'its footer says last',
    );
    expectCorrupt(
      name.replace('0000000000-0000000000', '0000000001-0000000001'),
      bytes,
      'its footer says first',
    );
    expectCorrupt(
      name.replace(/.\.parquet/, 'a.parquet').replace(/(.)a\.parquet/, 'aa.parquet'),
      bytes,
      'the tail',
    );
    expectCorrupt('hello.parquet', bytes, 'the name');
  });

  it('[S7] accepts what it should, also as a view into a larger buffer', () => {
    const buffer = new Uint8Array(SHARD.bytes.length + 100).fill(7);
    buffer.set(SHARD.bytes, 50);
    const view = buffer.subarray(50, 50 + SHARD.bytes.length);
    expect(verifyShard(SHARD.name, view, nodeCodec).rows).toBe(40);
  });
});

describe('verifyShard and foreign files', () => {
  it('[S9] a Parquet file of something else is not a Lamella shard', () => {
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'a', data: [1, 2, 3] }] }));
    expectCorrupt(SHARD.name, bytes, 'not a Lamella shard');
    expectCorrupt(SHARD.name, new TextEncoder().encode('{"metric": 1}\n'.repeat(10)), 'not a Lamella shard');
    expectCorrupt(SHARD.name, new Uint8Array(0), 'only 0 bytes');
    expectCorrupt(SHARD.name, new Uint8Array(4096), 'not a Lamella shard');
    expectCorrupt(SHARD.name, new TextEncoder().encode('PAR1'.repeat(100)));
  });

  it('[S9] a newer format is unsupported, once its hash agrees, and damaged otherwise', () => {
    const newer = forgeShard(sample(), {
      footer: ({ row_groups }) => ({ format: 2, row_groups, whatever: [1] }),
      without: ['seq'],
    });
    expect(() => verifyShard(newer.name, newer.bytes, nodeCodec)).toThrow(
      expect.objectContaining({
        kind: 'unsupported',
        message: expect.stringContaining('newer Lamella (format 2): upgrade'),
      }),
    );
    const bytes = newer.bytes.slice();
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    expectCorrupt(newer.name, bytes);
  });
});

describe('verifyShard and footers that lie, although every hash is right', () => {
  const lies: Record<string, Parameters<typeof forgeShard>[1]> = {
    'no entry': { footer: () => null },
    'an entry that is no object': { footer: () => [1] },
    'format 0': { footer: (json) => ({ ...json, format: 0 }) },
    'format 1.5': { footer: (json) => ({ ...json, format: 1.5 }) },
    'too many rows': { footer: (json) => ({ ...json, rows: 41 }) },
    'huge rows': { footer: (json) => ({ ...json, rows: 2 ** 52 }) },
    'no sum': { footer: (json) => ({ ...json, sum: undefined }) },
    'an upper-case sum': { footer: (json) => ({ ...json, sum: 'ABCDEF0123456789' }) },
    'no row groups': { footer: (json) => ({ ...json, row_groups: [] }) },
    'a gap': { footer: (json) => ({ ...json, row_groups: [[5, 10, '0'.repeat(32)]] }) },
    'a negative length': { footer: (json) => ({ ...json, row_groups: [[4, -1, '0'.repeat(32)]] }) },
    'a length beyond the file': { footer: (json) => ({ ...json, row_groups: [[4, 1e9, '0'.repeat(32)]] }) },
    'inputs that are no names': { footer: (json) => ({ ...json, inputs: [1] }) },
    'end that is no flag': { footer: (json) => ({ ...json, end: 'yes' }) },
    'attempt -1': { footer: (json) => ({ ...json, attempt: -1 }) },
    'another file': { rowGroups: ([group]) => group?.columns.forEach((chunk) => (chunk.file_path = 'x')) },
    'a chunk before its group': {
      rowGroupRows: 16,
      rowGroups: (groups) => (groups[1] as { columns: unknown }) && (groups[1]!.columns = groups[0]!.columns),
    },
    'a chunk beyond its group': {
      rowGroups: ([group]) => (group!.columns.at(-1)!.meta_data!.total_compressed_size += 1n),
    },
    'a huge chunk': {
      rowGroups: ([group]) => (group!.columns[0]!.meta_data!.total_compressed_size = 2n ** 62n),
    },
    'a negative offset': { rowGroups: ([group]) => (group!.columns[1]!.meta_data!.data_page_offset = -5n) },
    'a row group without rows': { rowGroups: ([group]) => (group!.num_rows = 0n) },
    'more values than rows': {
      rowGroups: ([group]) => (group!.columns[1]!.meta_data!.num_values = 2n ** 40n),
    },
    'a column that differs from another by a capital': {
      columns: [
        {
          element: { name: 'Value', type: 'INT64', repetition_type: 'REQUIRED' },
          data: Array.from({ length: 40 }, () => 1n),
        },
      ],
    },
    'a column twice in a group': { rowGroups: ([group]) => group!.columns.push(group!.columns[0]!) },
    'a missing row group': { rowGroupRows: 16, rowGroups: (groups) => groups.pop() },
  };
  for (const [what, forgery] of Object.entries(lies)) {
    it(`[S8] ${what} is corrupt`, () => {
      const { name, bytes } = forgeShard(sample(), forgery);
      expectCorrupt(name, bytes);
    });
  }

  it('[S8] the forger itself makes good shards', async () => {
    const { name, bytes } = forgeShard(sample());
    expect(verifyShard(name, bytes, nodeCodec).rows).toBe(40);
    expect((await decodeShard(bytes, nodeCodec)).count).toBe(40);
  });

  const metadataBombs: Record<string, number[]> = {
    'a list of two thousand million structs': [0x29, 0xfc, 0xff, 0xff, 0xff, 0x07],
    'lists in lists': Array.from({ length: 3000 }, () => [0x19, 0xf9, 0xff, 0xff, 0x03]).flat(),
    'structs in structs': Array.from({ length: 100_000 }, () => 0x1c),
    'an endless number': Array.from({ length: 2_000_000 }, () => 0x80).with(0, 0x16),
    'a string of 4 GB': [0x18, 0xff, 0xff, 0xff, 0xff, 0x0f],
    nothing: [0],
    'an unknown type': [0x1b, 0, 0],
    'millions of empty structs': [
      0x29,
      0xfc,
      0x80,
      0x80,
      0x80,
      0x02,
      ...Array.from({ length: 2 ** 22 }, () => 0),
      0,
    ],
  };
  for (const [what, metadata] of Object.entries(metadataBombs)) {
    it(`[S8] ${what} in the footer is refused without building it`, () => {
      const out = new ByteWriter();
      out.appendBytes(new TextEncoder().encode('PAR1xxxx'));
      out.appendBytes(Uint8Array.from(metadata));
      out.appendUint32(metadata.length);
      out.appendBytes(new TextEncoder().encode('PAR1'));
      expectCorrupt(SHARD.name, out.getBytes());
    });
  }

  it('[S8] random metadata never does anything but be corrupt', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (metadata) => {
        const out = new ByteWriter();
        out.appendBytes(new TextEncoder().encode('PAR1xxxx'));
        out.appendBytes(metadata);
        out.appendUint32(metadata.length);
        out.appendBytes(new TextEncoder().encode('PAR1'));
        expectCorrupt(SHARD.name, out.getBytes());
      }),
      { numRuns: 2000 },
    );
  });
});
