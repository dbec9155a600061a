/**
 * A run's link to its publisher: hands calls over, reads acknowledgements, and starts the publisher once more when it
 * died. Nothing here waits.
 */
import { AcknowledgementReader, readAvailable } from '../pipe/acknowledgement.ts';
import type { Acknowledgement } from '../pipe/acknowledgement.ts';
import { encodeJsonFrame, FrameEncoder } from '../pipe/encode.ts';
import type { Finish, Hello } from '../pipe/frame.ts';
import { FRAME } from '../pipe/frame.ts';
import { isDue, PipeWriter } from '../pipe/pipe-writer.ts';
import { closeSpillFile, openSpillFile, spillRoom, SpillWriter } from '../pipe/spill-file.ts';
import { CallTally } from './call-tally.ts';
import type { CallCounts } from './call-tally.ts';
import type { PublisherProcess } from './publisher-process.ts';
import { startPublisher } from './publisher-process.ts';
import { warn, warnOnce } from './warning.ts';

/** A training loop that never yields looks for acknowledgements this often; each look costs 15 µs. */
const POLL_MS = 1000;

/** While something waits for the pipe and nobody logs. */
const DRAIN_MS = 10;

/** Publishers that one run may use up. */
const PUBLISHERS_MAX = 2;

export interface LinkOptions {
  /** For messages. */
  readonly run: string;
  readonly bufferBytes: number;
  readonly debug: boolean;
  /** The first frame for a publisher, as things are now. */
  hello(lost: Hello['lost']): Hello;
  /** Everything that calls refer to. */
  defineShapes(into: FrameEncoder): void;
}

export class Link {
  readonly #options: LinkOptions;
  #process: PublisherProcess | null = null;
  #writer: PipeWriter | null = null;
  #reader = new AcknowledgementReader();
  readonly #answers = Buffer.allocUnsafeSlow(64 * 1024);
  #publishers = 0;
  #spillFd: number | null = null;
  /** Everything in the spill file below `toldBytes` is read when `calls` calls are settled. */
  #spillMark: { readonly toldBytes: number; readonly calls: number } = { toldBytes: 0, calls: 0 };
  #timer: NodeJS.Timeout | null = null;
  #drainTimer: NodeJS.Timeout | null = null;
  #pollAtMs = 0;

  readonly #tally = new CallTally();
  #nextFlush = 0;
  readonly #flushes = new Map<number, { published: boolean; reason?: string } | null>();
  #finish: Finish | null = null;
  #finished: Extract<Acknowledgement, { type: 'finished' }> | null = null;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Starts the publisher. Never throws: without one, calls are counted as dropped. */
  open(): void {
    this.#spillFd = openSpillFile();
    this.#start(null);
    this.#timer = setInterval(() => this.poll(Date.now()), POLL_MS);
    this.#timer.unref();
  }

  /** What became of the calls so far. */
  get counts(): CallCounts {
    return this.#tally.counts;
  }

  /** There is no publisher, and there will be none. */
  get isGone(): boolean {
    return this.#writer === null;
  }

  /** The publisher said that all is done. */
  get finished(): Extract<Acknowledgement, { type: 'finished' }> | null {
    return this.#finished;
  }

  /** Hands over the call that `frames` holds. */
  sendCall(frames: FrameEncoder, rows: number, nowMs: number): void {
    const writer = this.#writer;
    if (writer === null) {
      this.#tally.drop();
      return;
    }
    const result = writer.send(frames.bytes, frames.length, nowMs);
    if (result === 'full') {
      this.#drop(frames, rows, nowMs);
      return;
    }
    this.#tally.accept();
    if (result !== 'sent') this.#afterTrouble(result === 'closed');
    if (isDue(this.#pollAtMs, POLL_MS, nowMs)) this.poll(nowMs);
  }

  /** Sends a definition or a control frame, which always finds room. */
  sendControl(frame: Buffer, nowMs: number): void {
    if (this.#writer === null) return;
    const result = this.#writer.send(frame, frame.length, nowMs, true);
    if (result !== 'sent') this.#afterTrouble(result === 'closed');
  }

  /** Counts a call that was refused before it could be sent; the next poll has it told in the run. */
  noteRefused(rows: number, nowMs: number, reason: string): void {
    this.#tally.dropAndTell(rows, nowMs, reason);
  }

  /** Gives the pipe what waits and takes note of acknowledgements. */
  poll(nowMs: number): void {
    this.#pollAtMs = nowMs + POLL_MS;
    const writer = this.#writer;
    if (writer === null || this.#process === null) return;
    if (writer.waitingBytes > 0) writer.drain(nowMs);
    if (writer.waitingBytes * 2 <= this.#options.bufferBytes) this.#tellDropped(nowMs);
    const isOpen = this.#readAnswers(this.#process) && !writer.closed;
    // A publisher that has finished closes its ends: that is no death.
    if (this.#finished === null) {
      if (!isOpen) this.#replace();
    } else if (this.#finish === null) {
      this.#endRefused(this.#finished);
    }
  }

  /** Asks for a flush; `takeFlush` has its answer later. */
  beginFlush(nowMs: number): number {
    const id = this.#nextFlush++;
    this.#flushes.set(id, null);
    this.sendControl(encodeJsonFrame(FRAME.flush, { id }), nowMs);
    return id;
  }

  /** The answer, once. Null: none yet. */
  takeFlush(id: number): { readonly published: boolean; readonly reason?: string } | null {
    const answer = this.#flushes.get(id) ?? null;
    if (answer === null && this.isGone) {
      return { published: false, reason: this.#finished?.reason ?? 'there is no publisher any more' };
    }
    if (answer !== null) this.#flushes.delete(id);
    return answer;
  }

  /** Says that nothing more comes. */
  beginFinish(finish: Finish, nowMs: number): void {
    if (this.#finish !== null) return;
    this.#tellDropped(nowMs);
    this.#finish = finish;
    this.sendControl(encodeJsonFrame(FRAME.finish, finish), nowMs);
  }

  /** Closes the pipe: the publisher ends when it has published what it was given. */
  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    if (this.#drainTimer) clearTimeout(this.#drainTimer);
    // What is in the spill file is the publisher's to read when the pipe has ended.
    this.#tally.giveUp(countCalls(this.#writer?.takeUnsent(false) ?? []));
    this.#process?.close();
    if (this.#spillFd !== null) closeSpillFile(this.#spillFd);
    this.#process = null;
    this.#writer = null;
    this.#spillFd = null;
  }

  #start(lost: Hello['lost']): void {
    const { bufferBytes, debug } = this.#options;
    this.#publishers++;
    try {
      const spill = this.#spillFd === null ? null : new SpillWriter(this.#spillFd, spillRoom(bufferBytes));
      this.#process = startPublisher(debug, this.#spillFd);
      this.#writer = new PipeWriter(this.#process.callsFd, bufferBytes, spill);
    } catch (error) {
      warnOnce(
        'start',
        `no publisher could be started: ${(error as Error).message}; training goes on, nothing is logged`,
      );
      return;
    }
    this.#reader = new AcknowledgementReader();
    const frames = new FrameEncoder();
    frames.json(FRAME.hello, this.#options.hello(lost));
    this.#options.defineShapes(frames);
    this.#writer.send(frames.bytes, frames.length, Date.now(), true);
  }

  /** False when the other end is closed. */
  #readAnswers(publisher: PublisherProcess): boolean {
    for (const early of publisher.takeEarlyAnswers()) this.#takeNote(early);
    for (;;) {
      const bytes = readAvailable(publisher.answersFd, this.#answers);
      if (bytes === null) return false;
      if (bytes.length === 0) return true;
      this.#takeNote(bytes);
    }
  }

  #takeNote(bytes: Buffer): void {
    for (const message of this.#reader.push(bytes)) {
      if (message.type === 'published') {
        this.#tally.acknowledge(message.calls, message.dropped);
        this.#reuseSpill();
      } else if (message.type === 'flushed') {
        if (this.#flushes.has(message.id)) this.#flushes.set(message.id, message);
      } else if (message.type === 'finished') {
        this.#finished = message;
      } else if (message.type === 'trouble') {
        warnOnce(`publisher:${message.text}`, message.text);
      }
    }
  }

  /** The publisher is gone: starts another one, once, with everything that the pipe had not taken. */
  #replace(): void {
    const old = this.#process;
    const unsent = this.#writer?.takeUnsent(true) ?? [];
    const waiting = countCalls(unsent);
    const lost = this.#tally.publisherDied(waiting);
    old?.close();
    this.#process = null;
    this.#writer = null;
    const how = old?.ended() ?? null;
    const isLast = this.#publishers >= PUBLISHERS_MAX;
    const died = `the publisher of run ${this.#options.run} died${isLast ? ' again' : ''}${how === null ? '' : ` (${how})`}`;
    const loss = lost === 0 ? 'no call is lost' : `up to ${lost} calls that it had not acknowledged are lost`;
    if (isLast) {
      this.#tally.giveUp(waiting);
      warn(`${died}; ${loss}; training goes on, but nothing more of this run is logged`);
      return;
    }
    warn(`${died}; ${loss}; another one was started and logging goes on`);
    this.#start(lost === 0 ? null : { calls: lost });
    if (this.isGone) {
      this.#tally.giveUp(waiting);
      return;
    }
    const nowMs = Date.now();
    for (const frame of unsent) this.sendControl(frame, nowMs);
    // What the dead one was asked and had not answered; a frame that is asked twice is answered twice.
    for (const [id, answer] of this.#flushes) {
      if (answer === null) this.sendControl(encodeJsonFrame(FRAME.flush, { id }), nowMs);
    }
    if (this.#finish !== null) this.sendControl(encodeJsonFrame(FRAME.finish, this.#finish), nowMs);
  }

  /** The publisher finished unasked: the store refuses for good, and another publisher would fare no better. */
  #endRefused({ reason = 'the publisher gave up' }: { readonly reason?: string }): void {
    this.#tally.giveUp(this.#tally.pending);
    this.#process?.close();
    this.#process = null;
    this.#writer = null;
    warn(`${reason}; training goes on, but nothing of run ${this.#options.run} is logged from here on`);
  }

  /** The spill file is used from its start again once the publisher has acknowledged what came after it. */
  #reuseSpill(): void {
    const writer = this.#writer;
    if (writer === null || writer.toldBytes === 0 || this.#finish !== null) return;
    if (this.#spillMark.toldBytes !== writer.toldBytes) {
      this.#spillMark = { toldBytes: writer.toldBytes, calls: this.#tally.accepted };
    } else if (this.#tally.accepted - this.#tally.pending >= this.#spillMark.calls) {
      writer.restartSpill(Date.now());
    }
  }

  #afterTrouble(isBroken: boolean): void {
    if (isBroken) {
      this.poll(Date.now());
      return;
    }
    if (this.#drainTimer !== null) return;
    this.#drainTimer = setTimeout(() => {
      this.#drainTimer = null;
      this.poll(Date.now());
      if ((this.#writer?.waitingBytes ?? 0) > 0) this.#afterTrouble(false);
    }, DRAIN_MS);
    this.#drainTimer.unref();
  }

  #drop(frames: FrameEncoder, rows: number, nowMs: number): void {
    // A definition that stands before the call is sent all the same: later calls refer to it.
    if (frames.bytes[4] === FRAME.shape) {
      this.sendControl(frames.bytes.subarray(0, 4 + frames.bytes.readUInt32LE(0)), nowMs);
    }
    this.#tally.dropAndTell(rows, nowMs, 'the buffer of the training process was full');
    warnOnce(
      `full:${this.#options.run}`,
      `the publisher of run ${this.#options.run} does not keep up: ${this.#options.bufferBytes / 2 ** 20} MB wait and ` +
        'calls are dropped now (finish counts them); log less often, or set LAMELLA_BUFFER_MB',
    );
  }

  #tellDropped(nowMs: number): void {
    for (const dropped of this.#tally.takeUntold()) {
      this.sendControl(encodeJsonFrame(FRAME.dropped, dropped), nowMs);
    }
  }
}

function countCalls(frames: readonly Buffer[]): number {
  return frames.filter((frame) => frame[4] === FRAME.numbers || frame[4] === FRAME.values).length;
}
