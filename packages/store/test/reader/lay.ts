/**
 * Shards laid by hand: flush n of a writer holds two metric rows that only it has, a range holds those of all
 * its flushes. And a store that counts what is read and lies on demand.
 */
import type { Backend, ByteRange, Listing, ListOptions } from '../../src/backend/backend.ts';
import { createMemoryBackend } from '../../src/backend/memory.ts';
import { bytesSource } from '../../src/backend/source.ts';
import type { RecordBatch } from '../../src/record/batch.ts';
import { BatchBuilder } from '../../src/record/builder.ts';
import { LamellaError } from '../../src/record/error.ts';
import type { StoreReader } from '../../src/reader/reader.ts';
import { openReader } from '../../src/reader/reader.ts';
import type { RunView } from '../../src/reader/view.ts';
import type { ByteCodec } from '../../src/shard/codec.ts';
import type { EncodedShard } from '../../src/shard/encode.ts';
import { encodeShard } from '../../src/shard/encode.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import { VirtualClock } from '../virtual-clock.ts';

export const WRITER: string = 'a'.repeat(26);
export const RUN = 'project=p/run=r/';

/** Rows of the flushes from `first` to `last`; `value` tells process images apart that ran twice. */
export function rowsOfRange(first: number, last: number, value = 0, writer: string = WRITER): RecordBatch {
  const builder = new BatchBuilder(writer);
  for (let flush = first; flush <= last; flush++) {
    builder.add(flush, 'metric', 'loss', flush, 1000, value, null);
    builder.add(flush, 'metric', 'text', flush, 1000, null, `"${flush}"`);
  }
  return builder.take();
}

export interface Shape {
  readonly writer?: string;
  readonly rows?: RecordBatch;
  readonly inputs?: readonly EncodedShard[];
  readonly end?: boolean;
  /** Other bytes, and so another hash, for the same rows. */
  readonly attempt?: number;
  /** Its hashes agree and its pages are nonsense. */
  readonly isFaulty?: boolean;
}

const faultyCodec: ByteCodec = { ...nodeCodec, compress: (bytes) => bytes.map((byte) => byte ^ 0x55) };

/** A shard of the flushes `first` to `last`. */
export function shardOf(first: number, last: number = first, shape: Shape = {}): EncodedShard {
  const { writer = WRITER, inputs = [], end = false, attempt = 0, isFaulty = false } = shape;
  const rows = shape.rows ?? rowsOfRange(first, last, 0, writer);
  const meta = { writer, first, last, end, attempt, inputs: inputs.map(({ name }) => name) };
  return encodeShard(rows, meta, isFaulty ? faultyCodec : nodeCodec);
}

/** A cover of `inputs`, which are given in order. */
export function mergeOf(inputs: readonly EncodedShard[], shape: Shape = {}): EncodedShard {
  return shardOf(inputs[0]?.footer.first ?? 0, inputs.at(-1)?.footer.last ?? 0, { ...shape, inputs });
}

export class WatchedBackend implements Backend {
  readonly name = 'watched';
  readonly reads: string[] = [];
  listings = 0;
  /** Keys that listings leave out although they are there. */
  readonly hidden = new Set<string>();
  /** Keys that listings show although they are gone. */
  readonly phantoms = new Set<string>();
  /** Keys whose reads fail, or give other bytes. */
  readonly faults = new Map<string, LamellaError | Uint8Array>();
  /** Called once, before the next read. */
  beforeRead: (() => Promise<void>) | null = null;
  readonly #memory = createMemoryBackend();

  async list(prefix: string, options?: ListOptions): Promise<Listing> {
    this.listings += 1;
    const { objects, prefixes } = await this.#memory.list(prefix, options);
    const gone = [...this.phantoms].map((key) => ({ key, size: 1000 }));
    return { objects: [...objects.filter(({ key }) => !this.hidden.has(key)), ...gone], prefixes };
  }

  async read(key: string, range?: ByteRange): Promise<Uint8Array> {
    const before = this.beforeRead;
    this.beforeRead = null;
    await before?.();
    this.reads.push(key);
    const fault = this.faults.get(key);
    if (fault instanceof LamellaError) throw fault;
    return fault ?? (await this.#memory.read(key, range));
  }

  readonly publish: Backend['publish'] = (key, source) => this.#memory.publish(key, source);
  readonly remove: Backend['remove'] = (key) => this.#memory.remove(key);
}

export interface Table {
  readonly backend: WatchedBackend;
  readonly clock: VirtualClock;
  readonly reader: StoreReader;
  lay(...shards: readonly EncodedShard[]): Promise<void>;
  layAt(key: string, bytes: Uint8Array): Promise<void>;
  take(...shards: readonly EncodedShard[]): Promise<void>;
  look(): Promise<RunView>;
}

/** An empty store and a reader of it. */
export function setTable(): Table {
  const backend = new WatchedBackend();
  const clock = new VirtualClock();
  const reader = openReader({ backend, codec: nodeCodec, clock });
  const layAt = async (key: string, bytes: Uint8Array): Promise<void> => {
    await backend.publish(RUN + key, bytesSource(bytes, nodeCodec));
  };
  return {
    backend,
    clock,
    reader,
    layAt,
    async lay(...shards) {
      for (const { name, bytes } of shards) await layAt(name, bytes);
    },
    async take(...shards) {
      for (const { name } of shards) await backend.remove(RUN + name);
    },
    look: () => reader.refreshRun('p', 'r'),
  };
}

/** `[0,3]`, `[4,4]!` (a conflict) …: the ranges of a view, in order. */
export function rangesOf(view: RunView): string[] {
  return view.files.map(({ name, conflict }) => `[${name.first},${name.last}]${conflict ? '!' : ''}`);
}

/** The flushes whose rows a view shows, each as often as it does. */
export async function flushesOf(reader: StoreReader, view: RunView): Promise<number[]> {
  const rows = await reader.readRows(view);
  return [...rows.seq].filter((_, row) => rows.key[row] === 'loss').toSorted((a, b) => a - b);
}
