/**
 * Where calls wait when the pipe is full: a file in memory (tmpfs) that has no name any more and that both processes
 * hold open. A burst of calls is then as safe as the pipe itself: a trainer that is killed leaves it to the
 * publisher. On a machine without `/dev/shm`, or when it is full, calls wait in the trainer and die with it.
 *
 * Never a file on a disk: a disk may hang, and the trainer must not.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';

const DIRECTORY = '/dev/shm';

/** Others need the tmpfs, too (in a container it may have 64 MB): we take this share of what is free at most. */
const SHARE_OF_FREE = 1 / 4;

/** What a reader takes at once. */
const READ_BYTES = 1024 * 1024;

/** Both processes' descriptor of a fresh spill file; null where there is no tmpfs. */
export function openSpillFile(): number | null {
  const path = `${DIRECTORY}/lamella-${randomBytes(8).toString('hex')}`;
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  try {
    const fd = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    unlinkSync(path);
    return fd;
  } catch {
    return null; // no tmpfs, or a full one: the trainer's own memory does
  }
}

/** How much of `limitBytes` a spill file may take, given what is free on its tmpfs now. */
export function spillRoom(limitBytes: number): number {
  const { bavail, bsize } = statfsSync(DIRECTORY);
  return Math.min(limitBytes, Math.floor(bavail * bsize * SHARE_OF_FREE));
}

/** The trainer's side: whole frames are added at the end, and told to the publisher range by range. */
export class SpillWriter {
  readonly #fd: number;
  readonly #limitBytes: number;
  /** What the publisher was not told yet begins here. */
  #from: number;
  #end: number;
  #isBroken = false;

  /** Goes on at the end of what the file holds: an earlier pipe's, which this one's publisher is not to read. */
  constructor(fd: number, limitBytes: number) {
    this.#fd = fd;
    this.#limitBytes = limitBytes;
    this.#end = fstatSync(fd).size;
    this.#from = this.#end;
  }

  /** The range that the publisher was not told yet. */
  get untold(): { readonly from: number; readonly to: number } {
    return { from: this.#from, to: this.#end };
  }

  get untoldBytes(): number {
    return this.#end - this.#from;
  }

  /** Adds frames. False: no room, or the tmpfs is full; nothing was added. */
  add(bytes: Buffer, length: number): boolean {
    if (this.#isBroken || this.#end + length > this.#limitBytes) return false;
    try {
      for (let done = 0; done < length;)
        done += writeSync(this.#fd, bytes, done, length - done, this.#end + done);
    } catch {
      this.#isBroken = true; // what stands beyond the end is never told, but at the end of a killed trainer's pipe
      this.#cut();
      return false;
    }
    this.#end += length;
    return true;
  }

  /** The publisher was told of everything so far. */
  told(): void {
    this.#from = this.#end;
  }

  /** Begins again at the start of the file, when the publisher has read all of it and knows. */
  restart(): void {
    this.#from = 0;
    this.#end = 0;
    this.#cut();
  }

  /** The untold frames, for the case that there is no publisher any more. */
  readUntold(): Buffer {
    const bytes = Buffer.alloc(this.untoldBytes);
    for (let done = 0; done < bytes.length;) {
      const length = readSync(this.#fd, bytes, done, bytes.length - done, this.#from + done);
      if (length === 0) break;
      done += length;
    }
    return bytes;
  }

  #cut(): void {
    try {
      ftruncateSync(this.#fd, this.#end);
    } catch {
      this.#isBroken = true; // a tmpfs that does not even shrink is of no use
    }
  }
}

/** The publisher's side. */
export class SpillReader {
  readonly #fd: number;
  readonly #push: (bytes: Uint8Array) => void;
  #at = 0;

  /** `push` gets whole frames, in any pieces. */
  constructor(fd: number, push: (bytes: Uint8Array) => void) {
    this.#fd = fd;
    this.#push = push;
  }

  /** Reads the range that the trainer tells. */
  read({ from, to }: { readonly from: number; readonly to: number }): void {
    this.#at = from;
    this.#readTo(to);
  }

  /** Reads what a trainer that is gone did not come to tell. */
  readRest(): void {
    this.#readTo(fstatSync(this.#fd).size);
  }

  #readTo(to: number): void {
    while (this.#at < to) {
      const bytes = Buffer.allocUnsafe(Math.min(READ_BYTES, to - this.#at));
      const length = readSync(this.#fd, bytes, 0, bytes.length, this.#at);
      if (length === 0) return;
      this.#push(bytes.subarray(0, length));
      this.#at += length;
    }
  }
}

/** Gives the file's memory back, once the other process has closed it, too. */
export function closeSpillFile(fd: number): void {
  closeSync(fd);
}
