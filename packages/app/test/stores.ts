/** Real stores for the tests: shards encoded as writers do, put where writers put them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchBuilder, encodeShard, runPrefix } from '@lamella/store';
import type { ByteCodec, RecordBatch } from '@lamella/store';
import { nodeCodec, openStore } from '@lamella/store/node';
import { onTestFinished } from 'vitest';

/** One row as a test writes it; what is absent gets a plain default. */
export interface Row {
  readonly kind?: string;
  readonly key: string;
  readonly seq?: number;
  readonly step?: number | bigint | null;
  /** Microseconds since 1970 UTC. */
  readonly timeUs?: number;
  readonly value?: number | null;
  readonly data?: string | null;
}

/** 2026-01-01T00:00:00Z in microseconds. */
export const T0_US = 1_767_225_600_000_000;

/** A writer id that is easy to tell apart in a failure; `n` below 32768. */
export function writerId(n: number): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  let name = '';
  for (let rest = n; name.length < 25; rest = Math.floor(rest / 32)) {
    name = alphabet[rest % 32]! + name;
  }
  return `${name}a`;
}

/** An empty store in a new directory that goes when the test ends. */
export async function emptyStore(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'lamella-test-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await openStore(dir, { create: true });
  return dir;
}

/** Rows as a batch of one writer. `seq` defaults to the row's position. */
export function batchOf(writer: string, rows: readonly Row[]): RecordBatch {
  const builder = new BatchBuilder(writer);
  rows.forEach((row, i) => {
    const step = row.step === undefined ? i : row.step;
    const value = row.value === undefined ? (row.data === undefined ? i : null) : row.value;
    builder.add(
      row.seq ?? i,
      row.kind ?? 'metric',
      row.key,
      step,
      row.timeUs ?? T0_US + i * 1000,
      value,
      row.data ?? null,
    );
  });
  return builder.take();
}

export interface ShardPlace {
  readonly project: string;
  readonly run: string;
  readonly writer: string;
  readonly first?: number;
  readonly last?: number;
  readonly end?: boolean;
}

/** Publishes `batch` as one shard; answers its path. */
export async function putShard(
  dir: string,
  place: ShardPlace,
  batch: RecordBatch,
  codec: ByteCodec = nodeCodec,
): Promise<string> {
  const first = place.first ?? 0;
  const meta = {
    writer: place.writer,
    first,
    last: place.last ?? first,
    ...(place.end ? { end: true } : {}),
  };
  const { name, bytes } = encodeShard(batch, meta, codec);
  const folder = join(dir, runPrefix(place.project, place.run));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

/** The start record of a writer. */
export function startRow(data: Readonly<Record<string, unknown>> = {}, timeUs: number = T0_US): Row {
  return { kind: 'run', key: 'start', step: null, value: null, timeUs, data: JSON.stringify(data) };
}

/** The end record of a writer. */
export function endRow(
  state: 'finished' | 'failed',
  reason: string | null = null,
  timeUs: number = T0_US,
): Row {
  return {
    kind: 'run',
    key: 'end',
    step: null,
    value: null,
    timeUs,
    data: JSON.stringify({ state, reason }),
  };
}
