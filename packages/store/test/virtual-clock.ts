/**
 * Virtual time: nothing happens until a test moves it, then everything that is due happens in order. What runs
 * on it must be free of real I/O, so that each step has settled once the event loop is empty.
 */
import type { Clock, Random } from '../src/writer/clock.ts';

const EPOCH_MS = Date.UTC(2026, 0, 1);

interface Sleeper {
  readonly atMs: number;
  readonly order: number;
  wake(): void;
}

export class VirtualClock implements Clock {
  #ms = 0;
  #order = 0;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return EPOCH_MS + this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const sleeper: Sleeper = {
        atMs: this.#ms + Math.max(0, ms),
        order: this.#order++,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', sleeper.wake, { once: true });
    });
  }

  /** Moves time by `ms`, waking whoever is due on the way. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#ms + ms;
    await settled();
    for (let next = this.#nextBefore(endMs); next !== undefined; next = this.#nextBefore(endMs)) {
      this.#ms = Math.max(this.#ms, next.atMs);
      next.wake();
      await settled();
    }
    this.#ms = endMs;
  }

  /** Moves time until `promise` has settled, by `msMax` at most. */
  async until<T>(promise: Promise<T>, msMax = 3_600_000): Promise<T> {
    let isSettled = false;
    const mark = (): void => {
      isSettled = true;
    };
    promise.then(mark, mark);
    const endMs = this.#ms + msMax;
    await settled();
    while (!isSettled) {
      const next = this.#nextBefore(endMs);
      if (next === undefined) throw new Error(`nothing has happened within ${msMax} ms of virtual time`);
      this.#ms = Math.max(this.#ms, next.atMs);
      next.wake();
      await settled();
    }
    return await promise;
  }

  #nextBefore(endMs: number): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.atMs > endMs) continue;
      const isEarlier = next === undefined || sleeper.atMs < next.atMs;
      if (isEarlier || (sleeper.atMs === next?.atMs && sleeper.order < next.order)) next = sleeper;
    }
    return next;
  }
}

/** Everything that can happen without time has happened. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** The same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { unit, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(unit() * 256)) };
}
