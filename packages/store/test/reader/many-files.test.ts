/** More files, and more names in a footer, than a call of a function can have arguments. */
import { describe, expect, test } from 'vitest';
import { chooseFiles } from '../../src/reader/choose.ts';
import { missingRanges } from '../../src/reader/hole.ts';
import type { Candidate } from '../../src/reader/range-tree.ts';
import { encodeShard } from '../../src/shard/encode.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { formatShardName } from '../../src/shard/name.ts';
import { rangesOf, rowsOfRange, setTable, shardOf, WRITER } from './lay.ts';

const MANY = 2 ** 18;

const { footer } = shardOf(0);

function candidate(first: number, last: number, state: Partial<Candidate> = {}): Candidate {
  const name = { writer: WRITER, first, last, hash: 'a'.repeat(26) };
  const base = formatShardName(name);
  return { key: base, base, name, footer, isAside: false, ...state };
}

const singles = Array.from({ length: MANY }, (_, flush) => candidate(flush, flush));
const never = (): boolean => false;

describe('a quarter of a million', () => {
  test('[V2] files of one range are all asked for', () => {
    const rivals = singles.map(({ key }) => candidate(0, 0, { key, footer: null }));
    expect(chooseFiles(rivals, never).toVerify).toHaveLength(MANY);
  });

  test('[V3] tiles below a bad file make up a cover', () => {
    const holding = (files: number): Candidate['footer'] => {
      const sum = BigInt.asUintN(64, BigInt(files) * BigInt(`0x${footer.sum}`));
      return { ...footer, rows: files * footer.rows, sum: sum.toString(16).padStart(16, '0') };
    };
    const bad = candidate(0, MANY - 1, { footer: null, isAside: true });
    const next = candidate(MANY, 2 * MANY - 1);
    const cover = candidate(0, 2 * MANY - 1, { footer: holding(MANY + 1) });
    expect(chooseFiles([...singles, bad, next, cover], never).shown).toEqual([
      { file: cover, conflict: false },
    ]);
  });

  test('[V10] gaps are found', () => {
    expect(missingRanges(singles.map(({ name }) => [name.first * 2, name.last * 2]))).toHaveLength(MANY - 1);
  });

  test('[S8] inputs in a footer are taken for what they are', async () => {
    const { lay, look } = setTable();
    const inputs = Array.from({ length: MANY }, (_, i) => `x${i}`);
    const cover = encodeShard(rowsOfRange(0, 1), { writer: WRITER, first: 0, last: 1, inputs }, nodeCodec);
    await lay(shardOf(0), cover);
    expect(rangesOf(await look())).toEqual(['[0,1]']);
  });
});
