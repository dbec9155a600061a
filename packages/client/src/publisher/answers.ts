/**
 * Acknowledgements to the trainer, over a non-blocking pipe that it may not read for a long time (a loop that
 * never logs). Counts are cumulative, so only the latest is kept waiting; everything else waits in order.
 */
import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { encodeAcknowledgement } from '../pipe/acknowledgement.ts';
import type { Acknowledgement } from '../pipe/acknowledgement.ts';

const RETRY_MS = 20;

/** Nobody reads thousands of troubles; the first ones matter. */
const WAITING_MAX = 1000;

export class Answers {
  readonly #fd: number;
  #waiting: Acknowledgement[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  send(message: Acknowledgement): void {
    if (this.#isClosed) return;
    if (message.type === 'published')
      this.#waiting = this.#waiting.filter(({ type }) => type !== 'published');
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(message);
    this.#drain();
  }

  #drain(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (let message = this.#waiting[0]; message !== undefined; message = this.#waiting[0]) {
      try {
        writeSync(this.#fd, encodeAcknowledgement(message));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
          this.#timer = setTimeout(() => this.#drain(), RETRY_MS);
        } else {
          this.#isClosed = true; // the trainer is gone: nobody is left to tell
          this.#waiting = [];
        }
        return;
      }
      this.#waiting.shift();
    }
  }
}

/**
 * Makes an inherited descriptor non-blocking where it is a socket (the trainer had no `mkfifo`); FIFOs come
 * non-blocking. Node has no other way to set the flag than to open a stream over it.
 */
export function setNonBlocking(fd: number): void {
  if (!fstatSync(fd).isSocket()) return;
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.unref();
  kept.push(socket);
}

/** A stream that is collected closes its descriptor. */
const kept: Socket[] = [];
