/**
 * One writer: takes log calls, lays them down as shards, strictly in order (SPEC.md, Writing). All of time, randomness
 * and I/O is injected, so the same code runs in the publisher, in tests on virtual time, and in a simulation.
 *
 *   append → CallBuffer (no number yet; may be dropped when memory is full, and is then told in a gap row)
 *          → numbered: flush n, its rows are final → encoded: bytes and name are final
 *          → publish until it succeeds, always the same bytes → acknowledged → n + 1
 *
 * There is one attempt at a time, so flush n is visible only after 0 … n − 1 were acknowledged, and a number
 * missing below a visible one is loss, never delay.
 */
import { bytesSource } from '../backend/source.ts';
import { LamellaError } from '../record/error.ts';
import { newWriterId } from '../record/id.ts';
import { encodeShard } from '../shard/encode.ts';
import { rankGroup, runPrefix } from '../shard/layout.ts';
import { endMarkerName } from '../shard/name.ts';
import { CallBuffer } from './buffer.ts';
import type { LogCall } from './call.ts';
import { refusalOf } from './call.ts';
import { backoffMs, FLUSH_BYTES } from './flush-policy.ts';
import { FlushSchedule } from './flush-schedule.ts';
import { FlushWaiters } from './flush-waiters.ts';
import type { EncodeFlush, Flush } from './flush.ts';
import { encodeOnce, FLUSH_BYTES_MAX, withGapRows } from './flush.ts';
import { GapTally } from './gap.ts';
import { Troubles } from './trouble.ts';
import { WriterCount } from './writer-count.ts';
import type { FinishResult, ShardWriter, WriterEnd, WriterOptions, WriterStats } from './writer.ts';

/** Bytes of calls without a number beyond which calls are dropped. */
const BUFFER_BYTES_MAX = 64 * 1024 * 1024;
/** What is left after a drop: so that a drop is rare, and its cost spread over many calls. */
const BUFFER_SHARE_KEPT = 0.75;
/** An attempt that takes longer is told: the store hangs. */
const HANG_MS = 30_000;

/** A new writer; nothing is touched before its first flush. Errors: invalid (ids, rank). */
export function createWriter(options: WriterOptions): ShardWriter {
  return new Writer(options);
}

class Writer implements ShardWriter {
  readonly id: string;
  readonly #options: WriterOptions;
  readonly #prefix: string;
  readonly #encode: EncodeFlush;
  readonly #buffer: CallBuffer;
  readonly #schedule: FlushSchedule;
  readonly #count: WriterCount | null;
  readonly #gaps = new GapTally();
  readonly #troubles: Troubles;
  readonly #waiters = new FlushWaiters();
  #nextSeq = 0;
  #publishedSeq = 0;
  #publishedRows = 0;
  #refused = 0;
  #dropped = 0;
  /** Number of the flush in hand, or of the next one. */
  #number = 0;
  #inHand: Flush | null = null;
  #failures = 0;
  #hasEnd = false;
  #hasGivenUp = false;
  #loop: Promise<void> | undefined;
  #finishing: Promise<FinishResult> | undefined;
  #wakeUp = new AbortController();

  constructor(options: WriterOptions) {
    const { backend, codec, clock, random, project, run, rank = 0, worldSize } = options;
    this.#options = options;
    this.id = options.writer ?? newWriterId(random);
    this.#prefix = runPrefix(project, run) + rankGroup(rank, worldSize ?? 1);
    this.#encode = options.encode ?? ((batch, meta) => encodeShard(batch, meta, codec));
    this.#buffer = new CallBuffer(this.id);
    this.#count = worldSize === undefined ? new WriterCount(backend, clock, this.#prefix) : null;
    this.#troubles = new Troubles(clock, (message) => options.onTrouble?.(message));
    const cap = options.flushSecondsMax === undefined ? {} : { capSeconds: options.flushSecondsMax };
    this.#schedule = new FlushSchedule({ clock, random, rank, writers: worldSize ?? 1, ...cap });
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  get stats(): WriterStats {
    return {
      rows: this.#publishedRows,
      flushes: this.#number,
      dropped: this.#dropped + this.#refused,
      bufferedRows: this.#buffer.rows + (this.#inHand?.rows ?? 0),
      publishedSeq: this.#publishedSeq,
    };
  }

  append(call: LogCall): number {
    if (this.#hasEnd) throw new LamellaError('invalid', `writer ${this.id} has ended; log before finish`);
    return this.#append(call);
  }

  run(): Promise<void> {
    this.#loop ??= this.#runLoop();
    return this.#loop;
  }

  async flush(): Promise<void> {
    const seqEnd = this.#nextSeq;
    if (!this.#isIdle() && !this.#hasGivenUp && this.#publishedSeq < seqEnd) {
      const settled = this.#waiters.wait(seqEnd);
      this.#hurry();
      await settled;
    }
    if (!this.#isIdle() && this.#publishedSeq < seqEnd) throw this.#gaveUp();
    if (this.#dropped > 0) {
      throw new LamellaError(
        'unavailable',
        `${this.#dropped} log calls before this were dropped; the run says which`,
      );
    }
  }

  finish(end: WriterEnd, deadlineMs?: number): Promise<FinishResult> {
    this.#finishing ??= this.#finish(end, deadlineMs);
    return this.#finishing;
  }

  async #finish({ state, reason }: WriterEnd, deadlineMs: number | undefined): Promise<FinishResult> {
    this.#note('end', JSON.stringify(reason === undefined ? { state } : { state, reason }));
    this.#hasEnd = true;
    this.#hurry();
    const over = new AbortController();
    const ended = this.run().finally(() => over.abort());
    if (deadlineMs === undefined) await ended;
    else await Promise.race([ended, this.#options.clock.sleep(deadlineMs, over.signal)]);
    const { bufferedRows, dropped } = this.stats;
    const published = this.#isIdle();
    if (!published) this.#giveUp();
    return { published, unpublishedRows: bufferedRows, dropped };
  }

  #append(call: LogCall): number {
    const seq = this.#nextSeq;
    const refusal = refusalOf(call);
    const bytesBefore = this.#buffer.bytes;
    if (refusal === null) {
      this.#buffer.add(seq, call, this.#options.codec);
    } else {
      const { kind, timeUs, keys } = call;
      this.#refused += 1;
      this.#gaps.note('the call is larger than allowed', { kind, seq, timeUs, rows: keys.length });
      this.#troubles.report('refused', refusal);
    }
    this.#nextSeq = seq + 1;
    this.#boundMemory();
    // The loop sleeps until the next heartbeat when it has nothing, else until the interval is over.
    const isLarge = bytesBefore < FLUSH_BYTES && this.#buffer.bytes >= FLUSH_BYTES;
    if (bytesBefore === 0 || isLarge) this.#wake();
    return seq;
  }

  #boundMemory(): void {
    const { bufferBytesMax = BUFFER_BYTES_MAX, backend } = this.#options;
    if (this.#buffer.bytes <= bufferBytesMax) return;
    for (const call of this.#buffer.dropTo(bufferBytesMax * BUFFER_SHARE_KEPT)) {
      this.#dropped += 1;
      this.#gaps.note('the store could not take them in time', call);
    }
    const megabytes = Math.round(bufferBytesMax / 2 ** 20);
    this.#troubles.report(
      'dropped',
      `log calls are being dropped: ${backend.name} does not take them in time, and at most ${megabytes} MB are ` +
        'kept in memory; the run will say which are missing',
    );
  }

  /** A row about the run itself. */
  #note(key: string, data: string): void {
    const call = { kind: 'run', timeUs: this.#nowUs(), step: null, keys: [key], values: new Float64Array(1) };
    this.#append({ ...call, isNull: new Uint8Array([1]), data: [data] });
  }

  async #runLoop(): Promise<void> {
    while (!this.#hasGivenUp && !(this.#hasEnd && this.#isIdle())) {
      const waitMs = this.#dueInMs();
      if (waitMs > 0) await this.#sleep(waitMs);
      else await this.#advance();
    }
    if (!this.#hasGivenUp) await this.#publishEndMarker();
  }

  #dueInMs(): number {
    if (this.#isIdle() && this.#schedule.isSilentTooLong()) this.#note('alive', '{}');
    return this.#schedule.dueInMs({
      isAsked: this.#hasEnd || this.#waiters.isWaiting,
      isInHand: this.#inHand !== null,
      isEmpty: this.#isIdle(),
      bytes: this.#buffer.bytes,
    });
  }

  /** Takes the flush in hand one attempt further. */
  async #advance(): Promise<void> {
    try {
      this.#inHand ??= this.#numberNext();
      const { name, bytes } = await encodeOnce(this.#inHand, this.id, this.#encode);
      if (this.#hasGivenUp) return;
      await this.#attempt(this.#prefix + name, bytes);
      this.#acknowledge(this.#inHand, this.#prefix + name);
    } catch (error) {
      this.#failures += 1;
      this.#schedule.retryIn(backoffMs(this.#failures, this.#options.random));
      const reason = error instanceof Error ? error.message : String(error);
      this.#troubles.report(
        'publish',
        `publishing fails: ${reason}; records are kept in memory and sent again`,
      );
    }
  }

  #numberNext(): Flush {
    const calls = this.#buffer.take(FLUSH_BYTES_MAX);
    const gaps = this.#gaps.take().map((data) => ({ seq: this.#nextSeq++, data }));
    const batch = withGapRows(this.id, calls, gaps, this.#nowUs());
    this.#schedule.flushed();
    this.#count?.refresh((writers) => {
      this.#schedule.writers = writers;
    });
    return {
      number: this.#number,
      seqEnd: this.#buffer.firstSeq() ?? this.#nextSeq,
      rows: batch.count,
      end: this.#hasEnd && this.#buffer.rows === 0,
      batch,
      shard: null,
    };
  }

  async #attempt(key: string, bytes: Uint8Array): Promise<void> {
    const { backend, clock, codec } = this.#options;
    const over = new AbortController();
    const watch = async (): Promise<void> => {
      await clock.sleep(HANG_MS, over.signal);
      if (over.signal.aborted) return;
      this.#troubles.report(
        'publish',
        `${backend.name} has not answered for 30 s; records are kept in memory`,
      );
    };
    const watching = watch();
    try {
      await backend.publish(key, bytesSource(bytes, codec));
    } finally {
      over.abort();
      await watching;
    }
  }

  #acknowledge(flush: Flush, key: string): void {
    this.#inHand = null;
    this.#number = flush.number + 1;
    this.#failures = 0;
    this.#publishedRows += flush.rows;
    this.#publishedSeq = this.#isIdle() ? this.#nextSeq : flush.seqEnd;
    this.#troubles.recover('publish', `publishing to ${this.#options.backend.name} works again`);
    this.#waiters.settle(this.#publishedSeq);
    const { number, rows } = flush;
    this.#options.onPublished?.({ flush: number, seqEnd: this.#publishedSeq, rows, key });
  }

  /** A hint for those who count or list writers; nothing depends on it, so one attempt is enough. */
  async #publishEndMarker(): Promise<void> {
    const { backend, codec } = this.#options;
    const key = this.#prefix + endMarkerName(this.id, this.#number - 1);
    try {
      await backend.publish(key, bytesSource(new Uint8Array(), codec));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#troubles.report(
        'end',
        `the end marker of ${this.id} was not written (nothing is lost): ${reason}`,
      );
    }
  }

  /** Nothing waits for a number, and no flush is in hand. */
  #isIdle(): boolean {
    return this.#inHand === null && this.#buffer.rows === 0 && this.#gaps.isEmpty;
  }

  /** Ends every wait of the loop, and starts it for those who did not call run(). */
  #hurry(): void {
    this.#schedule.retryNow();
    this.run().catch(() => this.#giveUp()); // the error itself comes out of run() and finish()
    this.#wake();
  }

  #giveUp(): void {
    this.#hasGivenUp = true;
    this.#waiters.settle(Infinity);
    this.#wake();
  }

  #gaveUp(): LamellaError {
    const { bufferedRows } = this.stats;
    return new LamellaError('unavailable', `writer ${this.id} gave up with ${bufferedRows} rows unpublished`);
  }

  async #sleep(ms: number): Promise<void> {
    this.#wakeUp = new AbortController();
    await this.#options.clock.sleep(ms, this.#wakeUp.signal);
  }

  #wake(): void {
    this.#wakeUp.abort();
  }

  #nowUs(): number {
    return Math.floor(this.#options.clock.now()) * 1000;
  }
}
