import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeShard } from '../../src/shard/decode.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { verifyShard } from '../../src/shard/verify.ts';
import { anyRows, WRITER } from '../record/arbitrary.ts';
import type { Row } from '../record/row.ts';
import { batchOf, rowsOf } from '../record/row.ts';
import type { Forgery } from './forge.ts';
import { forgeShard } from './forge.ts';

const ROW: Row = {
  writer: WRITER,
  seq: 1,
  kind: 'metric',
  key: 'k',
  step: '2',
  time: 3,
  value: '3ff0000000000000',
  data: '"d"',
};

/** Bits of −0 and of 0. */
const MINUS_ZERO = '8000000000000000';
const ZERO = '0000000000000000';

async function readBack(rows: readonly Row[], forgery: Forgery): Promise<Row[]> {
  const { name, bytes } = forgeShard(batchOf(rows), forgery);
  verifyShard(name, bytes, nodeCodec);
  return rowsOf(await decodeShard(bytes, nodeCodec));
}

describe('shards of other writers of format 1', () => {
  it('[S3] rows come back from other encodings, page layouts and row groups', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.constantFrom(1, 5, 1000), async (rows, rowGroupRows) => {
        // The encoder under test here keeps doubles in a dictionary that takes −0 for 0; its rows hold no −0.
        const own = rows.map((row) => ({
          ...row,
          writer: WRITER,
          value: row.value === MINUS_ZERO ? ZERO : row.value,
        }));
        expect(await readBack(own, { rowGroupRows })).toEqual(own);
      }),
      { numRuns: 100 },
    );
  });

  it('[S10] columns that we do not know are ignored, also nested ones and ones in front', async () => {
    const rows = [ROW, { ...ROW, seq: 2 }];
    const columns = [
      {
        element: { name: 'host', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
        data: ['a', null],
      },
      { element: { name: 'weight', type: 'FLOAT', repetition_type: 'REQUIRED' }, data: [1, 2] },
    ] as const;
    expect(
      await readBack(rows, { columns: columns.map(({ element, data }) => ({ element, data: [...data] })) }),
    ).toEqual(rows);
  });

  it('[S10] footer fields that we do not know are ignored', async () => {
    const footer = (json: Record<string, unknown>): unknown => ({
      ...json,
      summary: { any: 'thing' },
      run: null,
    });
    expect(await readBack([ROW], { footer })).toEqual([ROW]);
  });

  it('[S2] step, value and data may be absent, and are null then', async () => {
    expect(await readBack([ROW], { without: ['step', 'value', 'data'] })).toEqual([
      { ...ROW, step: null, value: null, data: null },
    ]);
  });

  it('[S2] other columns must be there, with their type and once', () => {
    const string = { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' } as const;
    const wrong: Forgery[] = [
      ...['writer', 'seq', 'kind', 'key', 'time'].map((name) => ({ without: [name] })),
      { columns: [{ element: { name: 'seq', type: 'INT32', repetition_type: 'REQUIRED' }, data: [1] }] },
      { columns: [{ element: { name: 'value', ...string }, data: ['1'] }] },
      {
        columns: [
          {
            element: { name: 'key', type: 'BYTE_ARRAY', repetition_type: 'REQUIRED' },
            data: [new Uint8Array(1)],
          },
        ],
      },
      {
        columns: [
          {
            element: {
              name: 'time',
              type: 'INT64',
              converted_type: 'TIMESTAMP_MILLIS',
              repetition_type: 'REQUIRED',
            },
            data: [1n],
          },
        ],
      },
      {
        columns: [
          { element: { name: 'host', ...string }, data: ['a'] },
          { element: { name: 'host', ...string }, data: ['b'] },
        ],
      },
    ];
    for (const forgery of wrong) {
      const { name, bytes } = forgeShard(batchOf([ROW]), forgery);
      expect(() => verifyShard(name, bytes, nodeCodec), JSON.stringify(Object.keys(forgery))).toThrow(
        expect.objectContaining({ kind: 'corrupt' }),
      );
    }
  });

  it('[S11] pages that a faulty writer has damaged before hashing are corrupt, not wrong rows', async () => {
    const element = {
      name: 'key',
      type: 'BYTE_ARRAY',
      converted_type: 'UTF8',
      repetition_type: 'REQUIRED',
    } as const;
    const { name, bytes } = forgeShard(batchOf([ROW]), {
      columns: [{ element, data: [Uint8Array.of(0xff, 0xfe)] }],
    });
    verifyShard(name, bytes, nodeCodec);
    await expect(decodeShard(bytes, nodeCodec)).rejects.toMatchObject({ kind: 'corrupt' });
  });
});
