/** Refreshing, trouble and memory of a reader (SPEC.md V1, V2, V7 to V14). */
import { describe, expect, test } from 'vitest';
import { LamellaError } from '../../src/record/error.ts';
import { openReader } from '../../src/reader/reader.ts';
import type { EncodedShard } from '../../src/shard/encode.ts';
import { endMarkerName } from '../../src/shard/name.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { bytesSource } from '../../src/backend/source.ts';
import { kindOf } from '../backend/conformance.ts';
import { flushesOf, mergeOf, rangesOf, RUN, setTable, shardOf, WRITER } from './lay.ts';

const singles = (first: number, last: number): EncodedShard[] =>
  Array.from({ length: last - first + 1 }, (_, i) => shardOf(first + i));
const damaged = ({ bytes }: EncodedShard): Uint8Array => bytes.with(50, (bytes[50] ?? 0) ^ 4);

describe('listings', () => {
  test('[V1] projects and runs are what their directories say', async () => {
    const { reader, backend } = setTable();
    const put = (key: string): Promise<void> =>
      backend.publish(key, bytesSource(new Uint8Array(1), nodeCodec));
    for (const key of [
      '_lamella.v1',
      'project=b/run=%41/x',
      'project=a/_project/x',
      'project=a/x',
      'other/run=r/x',
    ])
      await put(key);
    expect(await reader.listProjects()).toEqual(['a', 'b']);
    expect(await reader.listRuns('b')).toEqual(['A']);
    expect(await reader.listRuns('a')).toEqual([]);
    expect(await reader.listRuns('none')).toEqual([]);
    expect(await kindOf(reader.refreshRun('', 'r'))).toBe('invalid');
  });

  test('[V1] a run is its own directory and its rank groups; markers, blobs and the rest do not count', async () => {
    const { lay, layAt, look } = setTable();
    const other = shardOf(0, 0, { writer: 'b'.repeat(26), end: true });
    await lay(shardOf(0));
    await layAt(`g00/${other.name}`, other.bytes);
    await layAt(`x00/${shardOf(1).name}`, shardOf(1).bytes);
    await layAt(endMarkerName(WRITER, 0), new Uint8Array());
    await layAt('_blobs/ab/cd', new Uint8Array(3));
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,0]', '[0,0]']);
    expect(view.bad).toEqual([]);
    expect(view.writers).toEqual([
      { id: WRITER, highest: 0, ended: false, holes: [] },
      { id: 'b'.repeat(26), highest: 0, ended: true, holes: [] },
    ]);
  });

  test('[V12] an unknown run is empty, and a refresh without news costs one listing and gives the same view', async () => {
    const { lay, look, backend } = setTable();
    expect(await look()).toMatchObject({ files: [], writers: [], bad: [], version: 1 });
    await lay(...singles(0, 9));
    const view = await look();
    backend.reads.length = 0;
    backend.listings = 0;
    expect(await look()).toBe(view);
    expect(backend.listings).toBe(1);
    await lay(shardOf(10));
    const next = await look();
    expect(next.version).toBeGreaterThan(view.version);
    expect(backend.reads).toEqual([RUN + shardOf(10).name]);
  });

  test('[V12] refreshes at the same time are one', async () => {
    const { lay, look, backend } = setTable();
    await lay(...singles(0, 9));
    const [a, b] = await Promise.all([look(), look()]);
    expect(a).toBe(b);
    expect(backend.listings).toBe(1);
  });
});

describe('a view never takes back', () => {
  test('[V7] names that a listing leaves out stay', async () => {
    const { reader, lay, look, backend } = setTable();
    await lay(...singles(0, 3));
    const view = await look();
    for (const shard of singles(1, 2)) backend.hidden.add(RUN + shard.name);
    expect(await look()).toBe(view);
    expect(await flushesOf(reader, view)).toEqual([0, 1, 2, 3]);
  });

  test('[V7] a cover that is seen late replaces what was removed for it', async () => {
    const { lay, take, look, backend } = setTable();
    await lay(...singles(0, 3));
    await look();
    const cover = mergeOf(singles(0, 3));
    await lay(cover);
    backend.hidden.add(RUN + cover.name);
    await take(...singles(0, 3));
    expect(rangesOf(await look())).toEqual(['[0,0]', '[1,1]', '[2,2]', '[3,3]']);
    backend.hidden.clear();
    expect(rangesOf(await look())).toEqual(['[0,3]']);
  });

  test('[V7] a cover that was shown stays when stale listings show its inputs again', async () => {
    const { lay, look, backend } = setTable();
    const cover = mergeOf(singles(0, 3));
    await lay(cover);
    await look();
    backend.hidden.add(RUN + cover.name);
    await lay(...singles(0, 3));
    expect(rangesOf(await look())).toEqual(['[0,3]']);
  });

  test('[V8] a name that vanishes while it is read is looked for in another listing', async () => {
    const { reader, lay, take, look, backend } = setTable();
    await lay(...singles(0, 3));
    backend.beforeRead = async () => {
      await lay(mergeOf(singles(0, 3)));
      await take(...singles(0, 3));
    };
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,3]']);
    expect(await flushesOf(reader, view)).toEqual([0, 1, 2, 3]);
  });

  test('[V8] a listing that goes on showing what is gone does not hold the reader', async () => {
    const { lay, look, backend } = setTable();
    await lay(shardOf(0));
    backend.phantoms.add(RUN + shardOf(1).name);
    expect(rangesOf(await look())).toEqual(['[0,0]']);
    expect(backend.listings).toBe(3);
    backend.phantoms.clear();
    await lay(shardOf(1));
    expect(rangesOf(await look())).toEqual(['[0,0]', '[1,1]']);
  });

  test('[V8] rows of a view whose files were replaced meanwhile are read from the files that replace them', async () => {
    const { reader, lay, take, look, backend } = setTable();
    await lay(...singles(0, 3));
    const view = await look();
    const fresh = setTable();
    await lay(mergeOf(singles(0, 3)));
    await take(...singles(0, 3));
    expect(await flushesOf(reader, view)).toEqual([0, 1, 2, 3]);
    // Another reader, which keeps nothing in memory, has to list again.
    const other = openReader({ backend, codec: nodeCodec, clock: fresh.clock });
    expect(await flushesOf(other, view)).toEqual([0, 1, 2, 3]);
    await take(mergeOf(singles(0, 3)));
    expect(
      await kindOf(
        openReader({ backend, codec: nodeCodec, clock: fresh.clock }).readShard(view.files[0] as never),
      ),
    ).toBe('not-found');
  });

  test('[V7] a listing that fails leaves the view as it was', async () => {
    const { lay, look, backend } = setTable();
    await lay(shardOf(0));
    await look();
    const { list } = backend;
    backend.list = async () => {
      throw new LamellaError('unavailable', 'the server is gone');
    };
    expect(await kindOf(look())).toBe('unavailable');
    backend.list = list;
    expect(rangesOf(await look())).toEqual(['[0,0]']);
  });
});

describe('files that are no good', () => {
  test('[V2] damaged and foreign files are reported, and the rest goes on', async () => {
    const { reader, lay, layAt, look } = setTable();
    await lay(shardOf(0));
    await layAt(shardOf(1).name, damaged(shardOf(1)));
    await layAt('notes.txt', new Uint8Array(7));
    await layAt(`${shardOf(2).name}/inside`, new Uint8Array(7));
    const view = await look();
    expect(await flushesOf(reader, view)).toEqual([0]);
    expect(view.bad.map(({ key, size }) => [key.slice(RUN.length), size])).toEqual([
      ['notes.txt', 7],
      [shardOf(2).name, 0],
      [shardOf(1).name, shardOf(1).bytes.length],
    ]);
    expect(view.bad.every(({ reason }) => reason.length > 10)).toBe(true);
  });

  test('[V2] a damaged file that a good one replaces is of no interest', async () => {
    const { lay, layAt, look } = setTable();
    await lay(shardOf(1));
    await layAt(shardOf(0).name, damaged(shardOf(0)));
    expect((await look()).bad).toHaveLength(1);
    await lay(mergeOf(singles(0, 1)));
    expect((await look()).bad).toEqual([]);
  });

  test('[V14] a file that verifies and does not decode is set aside, and what it covered is used', async () => {
    const { reader, lay, look } = setTable();
    const cover = mergeOf(singles(0, 1), { isFaulty: true });
    await lay(cover, ...singles(0, 2), shardOf(3, 3, { isFaulty: true }));
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,1]', '[2,2]', '[3,3]']);
    expect(await flushesOf(reader, view)).toEqual([0, 1, 2]);
    const next = await look();
    expect(rangesOf(next)).toEqual(['[0,0]', '[1,1]', '[2,2]']);
    expect(next.bad.map(({ key }) => key)).toEqual([
      RUN + cover.name,
      RUN + shardOf(3, 3, { isFaulty: true }).name,
    ]);
    expect(next.version).toBeGreaterThan(view.version);
  });

  test('[V11] files of a newer format are listed as unsupported, and their numbers are no holes', async () => {
    const { lay, layAt, look, clock, backend } = setTable();
    await lay(shardOf(0), shardOf(2));
    await layAt(shardOf(1).name, shardOf(1).bytes);
    backend.faults.set(RUN + shardOf(1).name, new LamellaError('unsupported', 'format 2: upgrade'));
    await look();
    await clock.advance(200_000);
    const view = await look();
    expect(view.unsupported).toEqual([{ key: RUN + shardOf(1).name, reason: 'format 2: upgrade' }]);
    expect(view.bad).toEqual([]);
    expect(view.writers[0]?.holes).toEqual([]);
    expect(backend.reads.filter((key) => key === RUN + shardOf(1).name)).toHaveLength(1);
  });

  test('[V9] a bad file is read again after 1, 10, 60 s, then every 10 min, and used once it is good', async () => {
    const { lay, look, clock, backend } = setTable();
    const shard = shardOf(0);
    const key = RUN + shard.name;
    await lay(shard);
    backend.faults.set(key, damaged(shard));
    const readAtMs: number[] = [];
    for (let second = 0; second < 2000; second++) {
      const before = backend.reads.length;
      await look();
      if (backend.reads.length > before) readAtMs.push(second);
      await clock.advance(1000);
    }
    expect(readAtMs).toEqual([0, 1, 11, 71, 671, 1271, 1871]);
    backend.faults.clear();
    await clock.advance(600_000);
    expect(rangesOf(await look())).toEqual(['[0,0]']);
    expect((await look()).bad).toEqual([]);
  });

  test('[V9] at once when it has another size', async () => {
    const { lay, layAt, look } = setTable();
    await layAt(shardOf(0).name, shardOf(0).bytes.subarray(0, 100));
    expect((await look()).files).toEqual([]);
    await lay(shardOf(0));
    expect(rangesOf(await look())).toEqual(['[0,0]']);
  });

  test('[V9] at once when a file inside its range vanishes', async () => {
    const { lay, take, look, backend } = setTable();
    const cover = mergeOf(singles(0, 1));
    await lay(cover, ...singles(0, 1));
    backend.faults.set(RUN + cover.name, damaged(cover));
    expect(rangesOf(await look())).toEqual(['[0,0]', '[1,1]']);
    backend.faults.clear();
    expect(rangesOf(await look())).toEqual(['[0,0]', '[1,1]']);
    await take(shardOf(0));
    expect(rangesOf(await look())).toEqual(['[0,1]']);
  });

  test('[V9] and not at every look from then on', async () => {
    const { lay, take, look, backend } = setTable();
    const cover = mergeOf(singles(0, 1));
    await lay(cover, ...singles(0, 1));
    backend.faults.set(RUN + cover.name, damaged(cover));
    await look();
    await take(shardOf(0));
    backend.reads.length = 0;
    for (let i = 0; i < 20; i++) await look();
    expect(backend.reads).toEqual([RUN + cover.name]);
  });

  test('[V14] who decodes by other means tells what does not decode', async () => {
    const { reader, lay, look } = setTable();
    const faulty = mergeOf(singles(0, 1), { isFaulty: true });
    await lay(faulty, ...singles(0, 2));
    const view = await look();
    expect(rangesOf(view)).toEqual(['[0,1]', '[2,2]']);
    const answers = await Promise.all(view.files.map((file) => reader.checkRows(view, file)));
    expect(answers).toEqual([false, true]);
    const next = await look();
    expect(rangesOf(next)).toEqual(['[0,0]', '[1,1]', '[2,2]']);
    expect(next.bad).toMatchObject([{ key: RUN + faulty.name }]);
  });

  test('[V13] bytes that are bad in passing are read once more, lasting ones are corrupt', async () => {
    const { lay, look, backend, clock } = setTable();
    await lay(shardOf(0));
    const view = await look();
    const reader = openReader({ backend, codec: nodeCodec, clock });
    const [file] = view.files;
    if (file === undefined) throw new Error('nothing is shown');
    backend.faults.set(file.key, damaged(shardOf(0)));
    expect(await kindOf(reader.readShard(file))).toBe('corrupt');
    backend.beforeRead = async () => {
      backend.beforeRead = async () => {
        backend.faults.clear();
      };
    };
    expect(await reader.readShard(file)).toEqual(shardOf(0).bytes);
  });
});

describe('lost flushes', () => {
  test('[V10] a number missing below a visible one, in two listings 90 s apart, is lost', async () => {
    const { lay, look, clock } = setTable();
    await lay(shardOf(1), shardOf(5), shardOf(6));
    expect((await look()).writers[0]?.holes).toEqual([]);
    await clock.advance(89_999);
    expect((await look()).writers[0]?.holes).toEqual([]);
    await clock.advance(1);
    expect((await look()).writers[0]?.holes).toEqual([
      [0, 0],
      [2, 4],
    ]);
    await lay(shardOf(3), shardOf(9));
    expect((await look()).writers[0]?.holes).toEqual([
      [0, 0],
      [2, 2],
      [4, 4],
    ]);
    await lay(shardOf(0, 7));
    expect((await look()).writers[0]).toMatchObject({ highest: 9, holes: [] });
    await clock.advance(90_000);
    expect((await look()).writers[0]?.holes).toEqual([[8, 8]]);
  });

  test('[V10] what one listing leaves out and the next one has is not', async () => {
    const { lay, look, clock, backend } = setTable();
    await lay(...singles(0, 2));
    backend.hidden.add(RUN + shardOf(1).name);
    await look();
    await clock.advance(60_000);
    backend.hidden.clear();
    await look();
    await clock.advance(60_000);
    expect((await look()).writers[0]?.holes).toEqual([]);
  });

  test('[V10] nothing is lost above the highest visible number, whatever else lies there', async () => {
    const { lay, layAt, look, clock } = setTable();
    await lay(shardOf(1));
    await layAt(shardOf(500).name, damaged(shardOf(500)));
    await look();
    await clock.advance(100_000);
    const view = await look();
    expect(view.writers).toEqual([{ id: WRITER, highest: 1, ended: false, holes: [[0, 0]] }]);
    expect(view.bad).toHaveLength(1);
  });

  test('[V10] a file that is there and bad is reported as bad, not as lost', async () => {
    const { lay, layAt, look, clock } = setTable();
    await lay(shardOf(1));
    await layAt(shardOf(0).name, damaged(shardOf(0)));
    await look();
    await clock.advance(100_000);
    const view = await look();
    expect(view.writers[0]?.holes).toEqual([]);
    expect(view.bad).toHaveLength(1);
  });
});
