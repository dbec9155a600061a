/** The clock and the randomness of this machine, for everything that is not a test or a simulation. */
import { randomBytes } from 'node:crypto';
import type { Clock, Random } from './clock.ts';

/** Longest delay that a Node timer keeps (2^31 − 1 ms); a longer sleep ends early, and its caller looks again. */
const TIMER_MS_MAX = 2_147_483_647;

/** Wall clock, monotonic clock and timers of this process. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const wake = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(Math.max(0, ms), TIMER_MS_MAX));
      signal?.addEventListener('abort', wake, { once: true });
    }),
};

/** `Math.random` for jitter, `node:crypto` for bytes that must not repeat (writer ids). */
export const systemRandom: Random = {
  unit: () => Math.random(),
  bytes: (length) => randomBytes(length),
};
