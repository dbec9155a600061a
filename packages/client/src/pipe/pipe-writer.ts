/**
 * The trainer's end of the pipe: a non-blocking descriptor, and a bounded buffer for what it did not take.
 *
 * A write gives the kernel all of a call or, when the pipe is full, a part or nothing; what is left waits in
 * order and goes first the next time. So frames never mix, whatever sizes the kernel takes. What waits dies with
 * a killed trainer; therefore the publisher reads before it does anything else, and the pipe stays nearly empty.
 */
import { writeSync } from 'node:fs';

/** What a chunk of the buffer holds at least; a larger frame gets a chunk of its own. */
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
  #chunks: Chunk[] = [];
  #waitingBytes = 0;
  #retryAtMs = 0;
  #closed = false;

  /** `limitBytes`: the most that may wait for the pipe. */
  constructor(fd: number, limitBytes: number) {
    this.#fd = fd;
    this.#limitBytes = limitBytes;
  }

  /** Bytes that the pipe has not taken yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** The other end is gone: nothing can be sent any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends the first `length` of `bytes`, whole frames. `sent`: the kernel has them. `waiting`: they are in the
   * buffer. `full`: no room, nothing was kept; control frames (`mustWait`) are kept beyond the limit instead.
   * `closed`: the pipe broke now or earlier; what was to be sent waits, for `unsentFrames`.
   */
  send(bytes: Buffer, length: number, nowMs: number, mustWait = false): SendResult {
    if (this.#waitingBytes > 0 && nowMs >= this.#retryAtMs) this.drain(nowMs);
    let taken = 0;
    if (this.#waitingBytes === 0 && !this.#closed) {
      taken = this.#write(bytes, 0, length, nowMs);
      if (taken === length) return 'sent';
    } else if (!mustWait && this.#waitingBytes + length > this.#limitBytes) {
      return 'full';
    }
    this.#keep(bytes, length, taken);
    return this.#closed ? 'closed' : 'waiting';
  }

  /** Gives the pipe as much as it takes of what waits. True when nothing waits any more. */
  drain(nowMs: number): boolean {
    while (!this.#closed) {
      const chunk = this.#chunks[0];
      if (!chunk) return true;
      chunk.written += this.#write(chunk.bytes, chunk.written, chunk.end - chunk.written, nowMs);
      this.#waitingBytes = this.#chunks.reduce((sum, { end, written }) => sum + end - written, 0);
      if (chunk.written < chunk.end) return false;
      this.#chunks.shift();
    }
    return false;
  }

  /** The frames that the pipe did not take whole, for another pipe. This one is of no use afterwards. */
  takeUnsent(): Buffer[] {
    const frames: Buffer[] = [];
    for (const chunk of this.#chunks) {
      skipWritten(chunk);
      while (chunk.frame < chunk.end) {
        const next = chunk.frame + 4 + chunk.bytes.readUInt32LE(chunk.frame);
        frames.push(chunk.bytes.subarray(chunk.frame, next));
        chunk.frame = next;
      }
    }
    this.#chunks = [];
    this.#waitingBytes = 0;
    this.#closed = true;
    return frames;
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

  #keep(bytes: Buffer, length: number, taken: number): void {
    let chunk = this.#chunks.at(-1);
    if (!chunk || chunk.bytes.length - chunk.end < length) {
      chunk = { bytes: Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, length)), end: 0, written: 0, frame: 0 };
      this.#chunks.push(chunk);
    }
    if (taken > 0) chunk.written = chunk.end + taken;
    bytes.copy(chunk.bytes, chunk.end, 0, length);
    chunk.end += length;
    this.#waitingBytes += length - taken;
  }
}

/** Moves `frame` past the frames that were written whole. */
function skipWritten(chunk: Chunk): void {
  while (chunk.frame < chunk.end) {
    const next = chunk.frame + 4 + chunk.bytes.readUInt32LE(chunk.frame);
    if (next > chunk.written) return;
    chunk.frame = next;
  }
}
