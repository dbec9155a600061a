/**
 * Data-parallel training without a network library: after every epoch each rank writes its weights to a file,
 * waits for the files of the others, and goes on from the mean of all ("local SGD", Stich, 2019).
 */
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;
const PATIENCE_MS = 120_000;

export interface Peers {
  /** A folder that all ranks of the run, and nobody else, use. */
  readonly folder: string;
  readonly rank: number;
  readonly worldSize: number;
}

/**
 * Replaces `weights` by the mean over all ranks, the same bits in every rank. All ranks call it with the same
 * `round`, which counts up from 0. Errors: a rank that does not come within two minutes.
 */
export async function averageWeights(weights: Float32Array, round: number, peers: Peers): Promise<void> {
  if (peers.worldSize === 1) return;
  const fileOf = (rank: number, of: number): string => join(peers.folder, `weights-${of}-${rank}.bin`);
  const mine = fileOf(peers.rank, round);
  await writeFile(`${mine}.part`, weights);
  // A name appears only when its file is complete.
  await rename(`${mine}.part`, mine);

  // Added in the order of the ranks: float addition is not associative, and the ranks must not drift apart.
  const sum = new Float32Array(weights.length);
  for (let rank = 0; rank < peers.worldSize; rank++) {
    const theirs = rank === peers.rank ? weights : await readWeights(fileOf(rank, round));
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (theirs[i] ?? 0);
  }
  for (let i = 0; i < sum.length; i++) weights[i] = (sum[i] ?? 0) / peers.worldSize;

  // Whoever has published this round has read the round before.
  await rm(fileOf(peers.rank, round - 1), { force: true });
}

async function readWeights(file: string): Promise<Float32Array> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await exists(file))) {
    if (performance.now() > deadline)
      throw new Error(`no other rank wrote ${file} in ${PATIENCE_MS / 1000} s`);
    await sleep(POLL_MS);
  }
  const bytes = await readFile(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / Float32Array.BYTES_PER_ELEMENT);
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
