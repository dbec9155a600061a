/**
 * The calls of a writer that have no flush number yet. Only these may be dropped. They lie in chunks of columns,
 * each holding whole calls in the order of their seq, so taking a flush and dropping the oldest are cheap.
 */
import type { RecordBatch } from '../record/batch.ts';
import { BatchBuilder } from '../record/builder.ts';
import { limitKey } from '../record/limit.ts';
import { concatBatches, selectRows } from '../record/select.ts';
import type { ByteCodec } from '../shard/codec.ts';
import type { LogCall } from './call.ts';

/** A chunk is closed when it is that large; also bounds what one drop copies at a time. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Bytes of a row besides its strings, as BatchBuilder counts them. */
const ROW_BYTES = 64;

/** A call that was dropped. */
export interface DroppedCall {
  readonly kind: string;
  readonly seq: number;
  readonly rows: number;
  readonly timeUs: number;
}

interface Chunk {
  readonly batch: RecordBatch;
  readonly bytes: number;
}

export class CallBuffer {
  readonly #builder: BatchBuilder;
  #chunks: Chunk[] = [];
  #chunkRows = 0;
  #chunkBytes = 0;

  constructor(writer: string) {
    this.#builder = new BatchBuilder(writer);
  }

  get rows(): number {
    return this.#chunkRows + this.#builder.count;
  }

  /** About how much memory the calls take. */
  get bytes(): number {
    return this.#chunkBytes + this.#builder.bytes;
  }

  /** Adds a whole call, or nothing. Errors: invalid (step or time). */
  add(seq: number, call: LogCall, codec: Pick<ByteCodec, 'sha256'>): void {
    const { kind, step, timeUs, keys, values, isNull, data } = call;
    for (let row = 0; row < keys.length; row++) {
      const value = isNull?.[row] === 1 ? null : (values[row] ?? null);
      // Only step, time and seq can be refused, which all rows share: so only the first row can throw.
      this.#builder.add(
        seq,
        kind,
        limitKey(keys[row] ?? '', codec),
        step,
        timeUs,
        value,
        data?.[row] ?? null,
      );
    }
    if (this.#builder.bytes >= CHUNK_BYTES) this.#seal();
  }

  /** The oldest calls, at least one chunk of them and about `bytesMax` bytes at most; null when there are none. */
  take(bytesMax: number): RecordBatch | null {
    this.#seal();
    let bytes = 0;
    let taken = 0;
    for (const chunk of this.#chunks) {
      if (taken > 0 && bytes + chunk.bytes > bytesMax) break;
      bytes += chunk.bytes;
      taken += 1;
    }
    const batches = this.#chunks.slice(0, taken).map(({ batch }) => batch);
    this.#replace(this.#chunks.slice(taken));
    return taken === 0 ? null : concatBatches(batches);
  }

  /** The seq of the oldest call; null when there is none. */
  firstSeq(): number | null {
    this.#seal();
    return this.#chunks[0]?.batch.seq[0] ?? null;
  }

  /**
   * Drops whole calls until about `bytesMax` bytes are left: the oldest system metrics first, then the oldest
   * of everything else; what says what the run is (run and config) goes last.
   */
  dropTo(bytesMax: number): DroppedCall[] {
    this.#seal();
    const dropped: DroppedCall[] = [];
    for (let turn = 0; turn < 3 && this.#chunkBytes > bytesMax; turn++) {
      let excess = this.#chunkBytes - bytesMax;
      const kept = this.#chunks.map((chunk) => {
        const left = dropCalls(chunk, turn, excess, dropped);
        excess -= chunk.bytes - left.bytes;
        return left;
      });
      this.#replace(kept.filter(({ batch }) => batch.count > 0));
    }
    return dropped;
  }

  #seal(): void {
    const { bytes, count } = this.#builder;
    if (count > 0) this.#replace([...this.#chunks, { batch: this.#builder.take(), bytes }]);
  }

  #replace(chunks: Chunk[]): void {
    this.#chunks = chunks;
    this.#chunkRows = chunks.reduce((sum, { batch }) => sum + batch.count, 0);
    this.#chunkBytes = chunks.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** In which turn a call of this kind is dropped: 0 first. */
function turnOf(kind: string): number {
  if (kind === 'system') return 0;
  return kind === 'run' || kind === 'config' ? 2 : 1;
}

/** The chunk without its oldest calls of that turn that together weigh `excess` bytes. */
function dropCalls({ batch, bytes }: Chunk, turn: number, excess: number, dropped: DroppedCall[]): Chunk {
  const kept = new Uint32Array(batch.count);
  let keptRows = 0;
  let freed = 0;
  for (let start = 0, end = 0; start < batch.count; start = end) {
    const seq = batch.seq[start] ?? 0;
    const kind = batch.kind[start] ?? '';
    while (end < batch.count && batch.seq[end] === seq) end++;
    if (freed < excess && turnOf(kind) === turn) {
      freed += weigh(batch, start, end);
      dropped.push({ kind, seq, rows: end - start, timeUs: batch.time[start] ?? 0 });
    } else {
      for (let row = start; row < end; row++) kept[keptRows++] = row;
    }
  }
  if (keptRows === batch.count) return { batch, bytes };
  return { batch: selectRows(batch, kept.subarray(0, keptRows)), bytes: bytes - freed };
}

function weigh(batch: RecordBatch, start: number, end: number): number {
  let bytes = 0;
  for (let row = start; row < end; row++) {
    bytes += ROW_BYTES + (batch.key[row]?.length ?? 0) + (batch.data[row]?.length ?? 0);
  }
  return bytes;
}
