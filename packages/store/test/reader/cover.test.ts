/** Which files a view shows: covers, rivals, conflicts (SPEC.md V3 to V6). */
import { describe, expect, test } from 'vitest';
import { concatBatches } from '../../src/record/select.ts';
import type { EncodedShard } from '../../src/shard/encode.ts';
import { flushesOf, mergeOf, rangesOf, rowsOfRange, RUN, setTable, shardOf } from './lay.ts';

const single = (flush: number): EncodedShard => shardOf(flush);
const singles = (first: number, last: number): EncodedShard[] =>
  Array.from({ length: last - first + 1 }, (_, i) => single(first + i));
const upTo = (last: number): number[] => Array.from({ length: last + 1 }, (_, i) => i);

describe('ranges wider than one flush', () => {
  test('[V3] a wide shard replaces the narrow ones inside it', async () => {
    const { reader, lay, look, backend } = setTable();
    await lay(...singles(0, 4), mergeOf(singles(0, 3)));
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,3]', '[4,4]']);
    expect(await flushesOf(reader, view)).toEqual(upTo(4));
    expect(view.conflicts).toEqual([]);
    expect(backend.reads).toHaveLength(2);
  });

  test('[V3] whatever part of the narrow ones is removed already', async () => {
    const inside = singles(0, 3);
    for (let left = 0; left < 16; left++) {
      const { reader, lay, look } = setTable();
      await lay(mergeOf(inside), ...inside.filter((_, i) => ((left >> i) & 1) === 1));
      const view = await look();
      expect(rangesOf(view), `left ${left}`).toEqual(['[0,3]']);
      expect(await flushesOf(reader, view)).toEqual(upTo(3));
    }
  });

  test('[V3] covers of covers, with singles beside them', async () => {
    const { reader, lay, look, backend } = setTable();
    const quarters = [0, 4, 8, 12].map((first) => mergeOf(singles(first, first + 3)));
    const [, second, third] = quarters as [EncodedShard, EncodedShard, EncodedShard, EncodedShard];
    await lay(mergeOf(quarters), second, third, ...singles(0, 1), ...singles(9, 10), ...singles(16, 17));
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,15]', '[16,16]', '[17,17]']);
    expect(await flushesOf(reader, view)).toEqual(upTo(17));
    expect(view.conflicts).toEqual([]);
    // The singles are named by nobody who is left, except through [8,11]: those of [0,3] are compared.
    expect(backend.reads.length).toBeGreaterThan(3);
  });

  test('[V3] a parent over uneven children', async () => {
    const { reader, lay, look } = setTable();
    const pair = mergeOf(singles(0, 1));
    const parent = mergeOf([pair, single(2), single(3)]);
    await lay(parent, pair, single(0), single(3), mergeOf([single(4), single(5)]), single(6));
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,3]', '[4,5]', '[6,6]']);
    expect(await flushesOf(reader, view)).toEqual(upTo(6));
  });

  test('[V3] a cover that replaces what was shown is checked against its sum, not read for it', async () => {
    const { lay, look, backend } = setTable();
    await lay(...singles(0, 3));
    await look();
    // By another merger, which had merged pairs first: it names none of what was shown.
    const cover = mergeOf([mergeOf(singles(0, 1)), mergeOf(singles(2, 3))]);
    await lay(cover);
    backend.reads.length = 0;
    expect(rangesOf(await look())).toEqual(['[0,3]']);
    expect(backend.reads).toEqual([RUN + cover.name]);
  });

  test('[V4] a cover that cannot be verified covers nothing', async () => {
    const { reader, lay, layAt, look } = setTable();
    const cover = mergeOf(singles(0, 3));
    await lay(...singles(0, 3));
    await layAt(cover.name, cover.bytes.with(100, (cover.bytes[100] ?? 0) ^ 1));
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,0]', '[1,1]', '[2,2]', '[3,3]']);
    expect(await flushesOf(reader, view)).toEqual(upTo(3));
    expect(view.bad.map(({ key }) => key)).toEqual([RUN + cover.name]);
  });

  test('[V4] a narrower cover is used when the widest is bad', async () => {
    const { lay, layAt, look } = setTable();
    const pairs = [mergeOf(singles(0, 1)), mergeOf(singles(2, 3))];
    await lay(...pairs, ...singles(0, 3));
    await layAt(mergeOf(pairs).name, new Uint8Array(500));
    expect(rangesOf(await look())).toEqual(['[0,1]', '[2,3]']);
  });
});

describe('equal ranges', () => {
  test('[V5] of files with equal rows and sum the one with the smaller hash is shown', async () => {
    const { lay, look } = setTable();
    const rivals = Array.from({ length: 4 }, (_, attempt) => shardOf(0, 0, { attempt }));
    await lay(...rivals);
    const view = await look();
    const hashes = rivals.map(({ name }) => name.split('.')[2] ?? '');
    const smallest = hashes.reduce((least, hash) => (hash < least ? hash : least));
    expect(view.files.map(({ name }) => name.hash)).toEqual([smallest]);
    expect(view.conflicts).toEqual([]);
  });

  test('[V6] with other rows they are a conflict: both are shown, and repeats count once', async () => {
    const { reader, lay, look } = setTable();
    const other = concatBatches([rowsOfRange(0, 0), rowsOfRange(7, 7)]);
    await lay(shardOf(0), shardOf(0, 0, { rows: other }), shardOf(1));
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,0]!', '[0,0]!', '[1,1]']);
    expect(view.conflicts).toHaveLength(1);
    expect(await flushesOf(reader, view)).toEqual([0, 1, 7]);
  });

  test('[V6][V14] rows that the other image published in its next flush count once too', async () => {
    const { reader, lay, look } = setTable();
    await lay(...[0, 1, 2].map((flush) => shardOf(flush)));
    await lay(shardOf(1, 1, { rows: rowsOfRange(1, 2) }));
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,0]', '[1,1]!', '[1,1]!', '[2,2]']);
    expect(await flushesOf(reader, view)).toEqual([0, 1, 2]);
  });

  test('[V6] the same record with another value is two records that contradict each other: both are shown', async () => {
    const { reader, lay, look } = setTable();
    await lay(shardOf(0), shardOf(0, 0, { rows: rowsOfRange(0, 0, Number.NaN) }));
    const rows = await reader.readRows(await look());
    expect(
      [...rows.value].filter((_, row) => rows.key[row] === 'loss').toSorted((a, b) => a - b),
    ).toHaveLength(2);
    expect(rows.count).toBe(3);
  });
});

describe('files inside a cover', () => {
  const twin = shardOf(1, 1, { rows: rowsOfRange(1, 1, 42) });

  test('[V6] one that no footer names and whose rows are not all in it is a conflict', async () => {
    const { reader, lay, look } = setTable();
    await lay(mergeOf(singles(0, 3)), single(1), twin);
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,3]!', '[1,1]!']);
    expect(view.conflicts).toEqual([
      {
        keys: view.files.map(({ key }) => key),
        reason: 'a wider file does not hold all rows of files inside its range',
      },
    ]);
    expect(await flushesOf(reader, view)).toEqual([0, 1, 1, 2, 3]);
  });

  test('[V6] also when its siblings were shown before, and stays one', async () => {
    const { lay, look } = setTable();
    await lay(...singles(0, 3), twin);
    expect(rangesOf(await look())).toEqual(['[0,0]', '[1,1]!', '[1,1]!', '[2,2]', '[3,3]']);
    await lay(mergeOf(singles(0, 3)));
    expect(rangesOf(await look())).toEqual(['[0,3]!', '[1,1]!']);
    await lay(mergeOf([mergeOf(singles(0, 3)), mergeOf(singles(4, 7))]));
    expect(rangesOf(await look())).toEqual(['[0,7]!', '[1,1]!']);
  });

  test('[V6] tiles hide nothing that lies inside them', async () => {
    const { lay, look } = setTable();
    const pairs = [mergeOf(singles(0, 1)), mergeOf(singles(2, 3))];
    await lay(...pairs, twin);
    expect(rangesOf(await look())).toEqual(['[0,1]!', '[1,1]!', '[2,3]']);
    await lay(mergeOf(pairs));
    expect(rangesOf(await look())).toEqual(['[0,3]!', '[1,1]!']);
  });

  test('[V3] one whose rows are all in the cover is replaced, named or not', async () => {
    const { lay, look } = setTable();
    const unnamed = shardOf(1, 1, { attempt: 3 });
    await lay(shardOf(0, 3), unnamed, single(2));
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,3]']);
    expect(view.conflicts).toEqual([]);
  });

  test('[V6] a faulty merge that lost rows does not replace those that were shown', async () => {
    const { reader, lay, look } = setTable();
    await lay(...singles(0, 1));
    await look();
    await lay(mergeOf(singles(0, 1), { rows: rowsOfRange(0, 0) }));
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,1]!', '[1,1]!']);
    expect(view.conflicts[0]?.reason).toBe('a merged file does not hold the rows of the files it replaces');
    expect(await flushesOf(reader, view)).toEqual([0, 1]);
  });

  test('[V6] a hostile cover hides nothing that was shown', async () => {
    const { reader, lay, look } = setTable();
    await lay(...singles(0, 1));
    await look();
    await lay(mergeOf(singles(0, 1), { rows: rowsOfRange(500, 500) }));
    expect(await flushesOf(reader, await look())).toEqual([0, 1, 500]);
  });
});
