/** What a writer takes, does and promises (SPEC.md, Writing). The implementation is in `shard-writer.ts`. */
import type { Backend } from '../backend/backend.ts';
import type { ByteCodec } from '../shard/codec.ts';
import type { LogCall } from './call.ts';
import type { Clock, Random } from './clock.ts';
import type { EncodeFlush } from './flush.ts';

export interface WriterOptions {
  readonly backend: Backend;
  readonly codec: ByteCodec;
  readonly clock: Clock;
  readonly random: Random;
  readonly project: string;
  readonly run: string;
  /** From 0; default 0. */
  readonly rank?: number;
  /** Writers of the run, from the launcher; default: counted by a listing every ten minutes. */
  readonly worldSize?: number;
  /** Writer id; default: a fresh one. Never that of a writer that has published already. */
  readonly writer?: string;
  /** Cap of the age-dependent part of the flush interval, in seconds (LAMELLA_FLUSH_SECONDS); default 5. */
  readonly flushSecondsMax?: number;
  /** Bytes of calls kept in memory while the store cannot take them; default 64 MB. */
  readonly bufferBytesMax?: number;
  /** Encodes a flush, possibly in another thread; default: encodeShard, here. */
  readonly encode?: EncodeFlush;
  /** A sentence for the user, once per kind of trouble and once when it is over. */
  onTrouble?(message: string): void;
  /** After every acknowledged flush: all calls with seq < `seqEnd` are published (or told as dropped). */
  onPublished?(flush: { flush: number; seqEnd: number; rows: number; key: string }): void;
}

export interface WriterStats {
  /** Rows published. */
  readonly rows: number;
  /** Flushes published; also the number of the next flush. */
  readonly flushes: number;
  /** Calls that were not kept: dropped for want of memory, or refused as too large. */
  readonly dropped: number;
  /** Rows not yet published. */
  readonly bufferedRows: number;
  /** All calls with a smaller seq are published or dropped. */
  readonly publishedSeq: number;
}

export interface WriterEnd {
  readonly state: 'finished' | 'failed';
  readonly reason?: string;
}

export interface FinishResult {
  /** Everything that was appended and not dropped is published, with the end. */
  readonly published: boolean;
  readonly unpublishedRows: number;
  /** As in WriterStats. */
  readonly dropped: number;
}

export interface ShardWriter {
  /** Writer id. */
  readonly id: string;
  /** The seq that the next call gets. */
  readonly nextSeq: number;
  readonly stats: WriterStats;
  /** Takes a call and returns its seq. Never waits. Errors: invalid (step, time; ended writer). */
  append(call: LogCall): number;
  /**
   * Publishes at once what was appended before, and resolves when it is. Errors: unavailable, when the writer
   * gave up, or when a call before was dropped for want of memory: then not everything is published.
   */
  flush(): Promise<void>;
  /**
   * Publishes the rest with the `run`/`end` row, then the end marker. Answers at the deadline at the latest
   * (milliseconds from now), whatever the store does; the writer then gives up. A second call waits for the
   * first one's end.
   */
  finish(end: WriterEnd, deadlineMs?: number): Promise<FinishResult>;
  /** The background loop: flushes by itself until the writer is finished. Calling it again joins it. */
  run(): Promise<void>;
}
