/**
 * DuckDB is the other reader of shards: it must see the rows that decodeShard sees, and its pruning by
 * statistics must never hide a row.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordBatch } from '../../src/record/batch.ts';
import { BatchBuilder } from '../../src/record/builder.ts';
import { sortBatch } from '../../src/record/sort.ts';
import { decodeShard } from '../../src/shard/decode.ts';
import { encodeShard } from '../../src/shard/encode.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { anyRows, WRITER } from '../record/arbitrary.ts';
import type { Row } from '../record/row.ts';
import { batchOf, rowsOf } from '../record/row.ts';

let directory = '';
let duckdb: DuckDBConnection;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lamella-duckdb-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  duckdb = await instance.connect();
});

afterAll(() => {
  duckdb.closeSync();
  rmSync(directory, { recursive: true });
});

async function query(sql: string, ...values: (string | number)[]): Promise<unknown[][]> {
  const reader = await duckdb.runAndReadAll(sql, values);
  return reader.getRows();
}

/**
 * The rows of a file as DuckDB sees them. Strings come as hex, because the Node binding drops a leading U+FEFF.
 */
async function duckdbRows(file: string): Promise<Row[]> {
  const rows = await query(
    `select writer, seq::varchar, hex(kind), hex(key), step::varchar, epoch_us(time)::varchar,
            value, hex(data) from read_parquet('${file}', file_row_number = true) order by file_row_number`,
  );
  return rows.map(([writer, seq, kind, key, step, time, value, data]) => {
    const builder = new BatchBuilder(String(writer));
    const exactStep = step === null ? null : BigInt(step as string);
    const text = data === null ? null : unhex(data);
    builder.add(Number(seq), unhex(kind), unhex(key), exactStep, Number(time), value as number | null, text);
    return rowsOf(builder.take())[0] as Row;
  });
}

function unhex(hex: unknown): string {
  return Buffer.from(String(hex), 'hex').toString();
}

function store(batch: RecordBatch, rowGroupRows: number): { file: string; bytes: Uint8Array } {
  const shard = encodeShard(batch, { writer: WRITER, first: 0, last: 0 }, nodeCodec, { rowGroupRows });
  const file = join(directory, shard.name);
  writeFileSync(file, shard.bytes);
  return { file, bytes: shard.bytes };
}

describe('DuckDB on a shard', () => {
  it('[S1] sees the same rows in the same order as decodeShard', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.constantFrom(1, 3, 1000), async (rows, rowGroupRows) => {
        const batch = sortBatch(batchOf(rows));
        const { file, bytes } = store(batch, rowGroupRows);
        expect(await duckdbRows(file)).toEqual(rowsOf(batch));
        expect(rowsOf(await decodeShard(bytes, nodeCodec))).toEqual(rowsOf(batch));
      }),
      { numRuns: 60 },
    );
  });

  it('[S5] finds with any filter what is there: NaN, ±Inf, −0 and null included', async () => {
    const values = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      -0,
      0,
      1,
      -1,
      5e-324,
      1e308,
      null,
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 24 }),
        fc.constantFrom(...values.filter((value) => value !== null)),
        fc.constantFrom('>', '>=', '<', '<=', '=', '<>'),
        fc.constantFrom(1, 2, 5),
        async (column, bound, operator, rowGroupRows) => {
          const builder = new BatchBuilder(WRITER);
          column.forEach((value, i) => builder.add(i, 'metric', 'k', i, 0, value, null));
          const { file } = store(builder.take(), rowGroupRows);
          const literal = Number.isFinite(bound) ? `${Object.is(bound, -0) ? '-0.0' : bound}` : `'${bound}'`;
          const condition = `value ${operator} ${literal}::double`;
          const pruned = await query(
            `select seq::int from read_parquet('${file}') where ${condition} order by seq`,
          );
          const every = await query(
            `select seq::int from (select * from read_parquet('${file}') offset 0) where ${condition} order by seq`,
          );
          const expected = column.flatMap((value, i) =>
            value !== null && holds(value, operator, bound) ? [[i]] : [],
          );
          expect(pruned).toEqual(expected);
          expect(every).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('[S5] finds keys and steps across row groups, also keys beyond the length of bounds', async () => {
    const long = 'x'.repeat(100);
    const keys = [
      '',
      'a',
      'Ａ',
      '😀',
      long,
      `${long}y`,
      `${long}z`,
      '\u{10FFFF}'.repeat(40),
      '\uFFFF'.repeat(40),
    ];
    const rows: Row[] = keys.flatMap((key, k) =>
      ['-9223372036854775808', '-1', '0', '9223372036854775807', null].map((step, i): Row => {
        const seq = k * 10 + i;
        return { writer: WRITER, seq, kind: 'metric', key, step, time: 0, value: null, data: null };
      }),
    );
    const { file } = store(batchOf(rows), 2);
    const found: unknown[] = [];
    for (const { key, step, seq } of rows) {
      const where = step === null ? 'step is null' : `step = '${step}'::bigint`;
      found.push([
        seq,
        ...(await query(`select seq::int from read_parquet('${file}') where key = ? and ${where}`, key)),
      ]);
    }
    expect(found).toEqual(rows.map(({ seq }) => [seq, [seq]]));
  });

  it('[S2] reads files with and without optional columns by name', async () => {
    const { file } = store(
      batchOf([
        {
          ...({} as Row),
          writer: WRITER,
          seq: 0,
          kind: 'run',
          key: 'start',
          step: null,
          time: 0,
          value: null,
          data: '{}',
        },
      ]),
      10,
    );
    const [row] =
      await query(`select typeof(writer), typeof(seq), typeof(step), typeof(time), typeof(value), typeof(data)
      from read_parquet('${file}', union_by_name = true)`);
    expect(row).toEqual(['VARCHAR', 'BIGINT', 'BIGINT', 'TIMESTAMP WITH TIME ZONE', 'DOUBLE', 'VARCHAR']);
  });
});

/** DuckDB's order of doubles: NaN is greater than everything and equal to itself; zeros are equal. */
function holds(value: number, operator: string, bound: number): boolean {
  const rank = (x: number): number => (Number.isNaN(x) ? Number.POSITIVE_INFINITY : x);
  const isNan = [Number.isNaN(value), Number.isNaN(bound)] as const;
  const order =
    isNan[0] || isNan[1] ? Number(isNan[0]) - Number(isNan[1]) : Math.sign(rank(value) - rank(bound) || 0);
  const equal = value === bound || (isNan[0] && isNan[1]);
  if (operator === '=') return equal;
  if (operator === '<>') return !equal;
  if (operator === '>') return !equal && order > 0;
  if (operator === '<') return !equal && order < 0;
  return equal || (operator === '>=' ? order > 0 : order < 0);
}
