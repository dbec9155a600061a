/**
 * Pages that lie although all hashes agree: only a faulty or hostile writer makes them. Decoding is tried on
 * damaged bytes directly; an uncompressed shard lets the damage through to every decoder.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchBuilder } from '../../src/record/builder.ts';
import { LamellaError } from '../../src/record/error.ts';
import { readDeltas, readHybrid } from '../../src/shard/bits.ts';
import type { ByteCodec } from '../../src/shard/codec.ts';
import { decodeShard } from '../../src/shard/decode.ts';
import { encodeShard } from '../../src/shard/encode.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { WRITER } from '../record/arbitrary.ts';
import { forgeShard } from './forge.ts';

const identity: ByteCodec = {
  sha256: nodeCodec.sha256,
  compress: (bytes) => bytes,
  decompress: (bytes) => bytes,
};

function sample(): ReturnType<BatchBuilder['take']> {
  const builder = new BatchBuilder(WRITER);
  for (let i = 0; i < 300; i++) {
    const step = i % 7 === 0 ? null : i * i;
    builder.add(
      i,
      i % 2 ? 'metric' : 'system',
      `k${i % 5}`,
      step,
      i * 1000,
      i % 3 ? i / 7 : null,
      i % 4 ? null : `"${i}"`,
    );
  }
  return builder.take();
}

const meta = { writer: WRITER, first: 0, last: 0 };
const ours = encodeShard(sample(), meta, identity, { rowGroupRows: 128 });
const packed = encodeShard(sample(), meta, nodeCodec, { rowGroupRows: 128 });
const foreign = forgeShard(sample(), { rowGroupRows: 128 });

async function verdictOn(bytes: Uint8Array, codec: ByteCodec): Promise<string> {
  try {
    return (await decodeShard(bytes, codec)).count === 300 ? 'rows' : 'other rows';
  } catch (error) {
    return error instanceof LamellaError ? error.kind : String(error);
  }
}

describe('pages that lie', () => {
  const shards = {
    'without compression': { bytes: ours.bytes, codec: identity, end: ours.footer.rowGroups.at(-1) },
    'with zstd': { bytes: packed.bytes, codec: nodeCodec, end: packed.footer.rowGroups.at(-1) },
    'of another encoder': { bytes: foreign.bytes, codec: nodeCodec, end: undefined },
  };
  for (const [what, { bytes, codec, end }] of Object.entries(shards)) {
    it(`[S11] ${what} are corrupt or rows, nothing else`, async () => {
      const limit = end ? end[0] + end[1] : Math.floor(bytes.length / 2);
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 4, max: limit - 1 }),
          fc.uint8Array({ minLength: 1, maxLength: 12 }),
          async (at, noise) => {
            const damaged = bytes.slice();
            damaged.set(noise.subarray(0, limit - at), at);
            expect(['rows', 'corrupt']).toContain(await verdictOn(damaged, codec));
          },
        ),
        { numRuns: 2000 },
      );
    });
  }

  it('[S8] pages that together unpack to more than is allowed are corrupt', async () => {
    const builder = new BatchBuilder(WRITER);
    const text = 'a'.repeat(1_000_000);
    for (let i = 0; i < 9; i++) builder.add(i, 'metric', 'k', i, 0, null, text);
    const { bytes } = encodeShard(builder.take(), meta, nodeCodec, { rowGroupRows: 1 });
    expect(bytes.length).toBeLessThan(20_000);
    expect((await decodeShard(bytes, nodeCodec, 10_000_000)).count).toBe(9);
    await expect(decodeShard(bytes, nodeCodec, 8_000_000)).rejects.toMatchObject({ kind: 'corrupt' });
  });

  it('[S11] a run of a thousand million values fills no more than there are rows', () => {
    const out = new Uint8Array(10);
    readHybrid(Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x0f, 1), 0, 1, out);
    expect([...out]).toEqual(Array.from({ length: 10 }, () => 1));
  });

  it('[S11] empty runs, early ends and endless numbers are refused', () => {
    const out = new Uint32Array(10);
    const bad = [[], [0, 0, 0, 0], [0x15, 1], Array.from({ length: 100 }, () => 0x80), [20]];
    for (const bytes of bad) {
      expect(() => readHybrid(Uint8Array.from(bytes), 0, 9, out)).toThrow('a page is damaged');
    }
    const halves = new Int32Array(20);
    const badDeltas = [
      [128, 1, 4, 10, 0],
      [128, 1, 0, 10, 0],
      [128, 1, 4, 9, 0, 0, 1, 1, 1, 1],
      [128, 1, 4, 10, 0, 0, 65, 0, 0, 0],
      [128, 1, 4, 10, 0, 0, 64, 0, 0, 0],
      [128, 1, 4, 10, ...Array.from({ length: 11 }, () => 0x80)],
      [255, 255, 255, 255, 127, 4, 10, 0],
    ];
    for (const bytes of badDeltas) {
      expect(() => readDeltas(Uint8Array.from(bytes), halves), String(bytes)).toThrow('a page is damaged');
    }
  });
});
