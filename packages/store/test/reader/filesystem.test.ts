/** Real writers and a real reader in one directory, with things planted in it that belong to nobody. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../src/backend/open-store.ts';
import { openReader } from '../../src/reader/reader.ts';
import type { RunView } from '../../src/reader/view.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { systemClock, systemRandom } from '../../src/writer/node-clock.ts';
import { createWriter } from '../../src/writer/shard-writer.ts';
import type { ShardWriter } from '../../src/writer/writer.ts';
import { callOf } from '../writer/stage.ts';
import { shardOf } from './lay.ts';

const CALLS = 200;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lamella-reader-'));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function writerOf(rank: number): Promise<ShardWriter> {
  const backend = await openStore(root, { create: true });
  const place = { project: 'p', run: 'r', rank, worldSize: 2 };
  return createWriter({ backend, codec: nodeCodec, clock: systemClock, random: systemRandom, ...place });
}

test('[V2][V7] ranks of a run are read while they write, and nothing planted stops the reader', async () => {
  const directory = join(root, 'project=p', 'run=r');
  await mkdir(directory, { recursive: true });
  const names = Array.from({ length: 4 }, (_, flush) => shardOf(flush).name) as [
    string,
    string,
    string,
    string,
  ];
  await symlink('/etc/hosts', join(directory, names[0]));
  await mkdir(join(directory, names[1]));
  await writeFile(join(directory, names[2]), 'torn');
  await writeFile(join(directory, '.t-somebody-0123'), 'torn');
  spawnSync('mkfifo', [join(directory, names[3])]);

  const backend = await openStore(root, { create: false });
  const reader = openReader({ backend, codec: nodeCodec, clock: systemClock });
  const views: RunView[] = [];
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver) views.push(await reader.refreshRun('p', 'r'));
  };
  const write = async (writer: ShardWriter): Promise<void> => {
    for (let call = 0; call < CALLS; call++) {
      writer.append(callOf(3));
      if (call % 10 === 9) await writer.flush();
    }
    await writer.finish({ state: 'finished' }, 20_000);
  };
  const watching = watch();
  await Promise.all([write(await writerOf(0)), write(await writerOf(1))]);
  isOver = true;
  await watching;
  const view = await reader.refreshRun('p', 'r');

  const keysOf = ({ files }: RunView): string[] => files.map(({ key }) => key);
  const lost = views.flatMap((earlier, i) =>
    keysOf(earlier).filter((key) => !keysOf(views[i + 1] ?? view).includes(key)),
  );
  expect(lost).toEqual([]);
  expect(view.files).toHaveLength(2 * (CALLS / 10 + 1));
  expect(view.writers.map(({ ended, holes }) => [ended, holes])).toEqual([
    [true, []],
    [true, []],
  ]);
  expect((await reader.readRows(view)).count).toBe(2 * (3 * CALLS + 1));
  expect(view.bad.map(({ key }) => key.slice(key.lastIndexOf('/') + 1)).toSorted()).toEqual(
    [names[1], names[2]].toSorted(),
  );
  expect((await readdir(directory)).filter((name) => name.startsWith('.t-'))).toEqual(['.t-somebody-0123']);
});
