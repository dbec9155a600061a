/**
 * The trainer's end of the pipe: a non-blocking descriptor, and a bounded place to wait for what it did not take.
 *
 * A write gives the kernel all of a call or, when the pipe is full, a part or nothing. What is left waits in order
 * and goes first the next time, so frames never mix. It waits, in this order, in three places:
 *
 * - `rest`: the rest of a frame that the pipe took in part (only frames above 4 KB can be), in memory;
 * - the spill file, which outlives the trainer; the pipe gets one `spill` frame that tells its range;
 * - `chunks`, in memory: what the spill file did not take, or everything where there is none.
 */
import { writeSync } from 'node:fs';
import { encodeJsonFrame } from './encode.ts';
import { FRAME } from './frame.ts';
import type { SpillWriter } from './spill-file.ts';

/** What a chunk of memory holds at least; a larger frame gets a chunk of its own. */
const CHUNK_BYTES = 1024 * 1024;

/**
 * After a full pipe, calls do not try again for so long: a failed write costs an exception (15 µs), and half a
 * pipe is read in this time at the rates that matter.
 */
const RETRY_MS = 1;

interface Chunk {
  readonly bytes: Buffer;
  end: number;
  /** What the pipe took. */
  written: number;
  /** Where the first frame begins that the pipe did not take whole. */
  frame: number;
}

export type SendResult = 'sent' | 'waiting' | 'full' | 'closed';

/** Not thread-safe, not reentrant; one per pipe. */
export class PipeWriter {
  readonly #fd: number;
  readonly #limitBytes: number;
  readonly #spill: SpillWriter | null;
  #rest: Chunk | null = null;
  #chunks: Chunk[] = [];
  #memoryBytes = 0;
  #retryAtMs = 0;
  #closed = false;

  /** `limitBytes`: the most that may wait for the pipe. */
  constructor(fd: number, limitBytes: number, spill: SpillWriter | null = null) {
    this.#fd = fd;
    this.#limitBytes = limitBytes;
    this.#spill = spill;
    // Where this pipe's publisher begins in a file that an earlier one has read in part.
    if (spill !== null && spill.untold.from > 0) this.#tell(spill.untold.from, 0);
  }

  /** Bytes that the pipe has not taken, or been told of, yet. */
  get waitingBytes(): number {
    return this.#memoryBytes + (this.#spill?.untoldBytes ?? 0);
  }

  /** The other end is gone: nothing can be sent any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends the first `length` of `bytes`, whole frames. `sent`: the kernel has them. `waiting`: they wait.
   * `full`: no room, nothing was kept; control frames (`mustWait`) are kept beyond the limit instead.
   * `closed`: the pipe broke now or earlier; what was to be sent waits, for `takeUnsent`.
   */
  send(bytes: Buffer, length: number, nowMs: number, mustWait = false): SendResult {
    if (this.waitingBytes === 0 || (isDue(this.#retryAtMs, RETRY_MS, nowMs) && this.drain(nowMs))) {
      const taken = this.#closed ? 0 : this.#write(bytes, 0, length, nowMs);
      if (taken === length) return 'sent';
      if (taken > 0) {
        this.#rest = { bytes: Buffer.from(bytes.subarray(0, length)), end: length, written: taken, frame: 0 };
        this.#memoryBytes += length - taken;
        return this.#closed ? 'closed' : 'waiting';
      }
    } else if (!mustWait && this.waitingBytes + length > this.#limitBytes) {
      return 'full';
    }
    // Memory stands behind the file: what comes after something in memory must wait there, too.
    if (this.#chunks.length > 0 || this.#spill === null || !this.#spill.add(bytes, length))
      this.#keep(bytes, length);
    return this.#closed ? 'closed' : 'waiting';
  }

  /** Gives the pipe as much as it takes of what waits. True when nothing waits any more. */
  drain(nowMs: number): boolean {
    if (this.#rest !== null) {
      if (!this.#drainChunk(this.#rest, nowMs)) return false;
      this.#rest = null;
    }
    if (this.#spill !== null && this.#spill.untoldBytes > 0) {
      if (!this.#tell(this.#spill.untold.to, nowMs)) return false;
      this.#spill.told();
    }
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      if (!this.#drainChunk(chunk, nowMs)) return false;
      this.#chunks.shift();
    }
    return !this.#closed;
  }

  /** Uses the spill file from its start again; only when the publisher has read everything that it was told of. */
  restartSpill(nowMs: number): void {
    const spill = this.#spill;
    if (spill === null || spill.untold.from === 0 || this.waitingBytes > 0) return;
    if (this.#send(encodeJsonFrame(FRAME.spill, { from: 0, to: 0 }), nowMs)) spill.restart();
  }

  /** How much of the spill file the publisher was told of. */
  get toldBytes(): number {
    return this.#spill?.untold.from ?? 0;
  }

  /**
   * The frames that the pipe did not take whole, for another pipe; without those in the spill file, if they are to
   * stay there. This pipe is of no use afterwards.
   */
  takeUnsent(withSpilled: boolean): Buffer[] {
    const spill = withSpilled ? this.#spill : null;
    const frames: Buffer[] = [];
    const add = (bytes: Buffer, from: number, to: number): void => {
      for (let at = from; to - at >= 4;) {
        const next = at + 4 + bytes.readUInt32LE(at);
        if (next > to) return;
        frames.push(bytes.subarray(at, next));
        at = next;
      }
    };
    const chunks = this.#rest === null ? this.#chunks : [this.#rest, ...this.#chunks];
    for (const chunk of chunks) {
      if (chunk !== this.#rest) addSpilled(spill, add);
      skipWritten(chunk);
      add(chunk.bytes, chunk.frame, chunk.end);
    }
    addSpilled(spill, add);
    this.#rest = null;
    this.#chunks = [];
    this.#memoryBytes = 0;
    this.#closed = true;
    return frames;
  }

  #tell(to: number, nowMs: number): boolean {
    const from = this.#spill?.untold.from ?? 0;
    return this.#send(encodeJsonFrame(FRAME.spill, { from, to }), nowMs);
  }

  /** A frame that is short enough to go whole or not at all. */
  #send(frame: Buffer, nowMs: number): boolean {
    return !this.#closed && this.#write(frame, 0, frame.length, nowMs) === frame.length;
  }

  #drainChunk(chunk: Chunk, nowMs: number): boolean {
    if (this.#closed) return false;
    const taken = this.#write(chunk.bytes, chunk.written, chunk.end - chunk.written, nowMs);
    chunk.written += taken;
    this.#memoryBytes -= taken;
    return chunk.written === chunk.end;
  }

  /** How much the kernel took; 0 when the pipe is full or broken. */
  #write(bytes: Buffer, offset: number, length: number, nowMs: number): number {
    let taken = 0;
    try {
      while (taken < length) taken += writeSync(this.#fd, bytes, offset + taken, length - taken);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EAGAIN') this.#retryAtMs = nowMs + RETRY_MS;
      // EPIPE: the publisher is gone. Any other failure of a pipe is as final.
      else if (code !== 'EINTR') this.#closed = true;
    }
    return taken;
  }

  #keep(bytes: Buffer, length: number): void {
    let chunk = this.#chunks.at(-1);
    if (!chunk || chunk.bytes.length - chunk.end < length) {
      chunk = { bytes: Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, length)), end: 0, written: 0, frame: 0 };
      this.#chunks.push(chunk);
    }
    bytes.copy(chunk.bytes, chunk.end, 0, length);
    chunk.end += length;
    this.#memoryBytes += length;
  }
}

/** True from `dueMs` on, which was set to `pauseMs` from then; also when the clock was set back meanwhile. */
export function isDue(dueMs: number, pauseMs: number, nowMs: number): boolean {
  return nowMs >= dueMs || nowMs < dueMs - pauseMs;
}

/** Takes the frames of the spill file that no publisher was told of. */
function addSpilled(spill: SpillWriter | null, add: (bytes: Buffer, from: number, to: number) => void): void {
  if (spill === null || spill.untoldBytes === 0) return;
  const bytes = spill.readUntold();
  add(bytes, 0, bytes.length);
  spill.told();
}

/** Moves `frame` past the frames that were written whole. */
function skipWritten(chunk: Chunk): void {
  while (chunk.frame < chunk.end) {
    const next = chunk.frame + 4 + chunk.bytes.readUInt32LE(chunk.frame);
    if (next > chunk.written) return;
    chunk.frame = next;
  }
}
