import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sumRows } from '../../src/record/sum.ts';
import { decodeShard } from '../../src/shard/decode.ts';
import type { ShardFooter } from '../../src/shard/footer.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { verifyShard } from '../../src/shard/verify.ts';
import type { Row } from '../record/row.ts';
import { rowsOf } from '../record/row.ts';

interface Golden {
  readonly shard: string;
  readonly footer: ShardFooter;
  readonly rows: readonly Row[];
}

const FOLDER = new URL('../fixtures/format-1/', import.meta.url);
const files = readdirSync(FOLDER);
const labels = files.filter((file) => file.endsWith('.json'));

describe('golden files of format 1', () => {
  it('[S12] are all described', () => {
    expect(labels.length).toBeGreaterThanOrEqual(7);
    expect(files.filter((file) => file.endsWith('.parquet'))).toHaveLength(labels.length);
  });

  for (const label of labels) {
    it(`[S12] ${label} decodes to the rows it always had`, async () => {
      const golden = JSON.parse(readFileSync(new URL(label, FOLDER), 'utf8')) as Golden;
      const bytes = readFileSync(new URL(golden.shard, FOLDER));
      expect(verifyShard(golden.shard, bytes, nodeCodec)).toEqual(golden.footer);
      const batch = await decodeShard(bytes, nodeCodec);
      expect(rowsOf(batch)).toEqual(golden.rows);
      expect(sumRows(batch)).toBe(golden.footer.sum);
    });
  }
});
