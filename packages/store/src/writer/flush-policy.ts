/**
 * When a writer flushes (SPEC.md W1 to W5). Pure functions of age, number of writers and a random number.
 *
 * A run's writers together publish about 20 files a second, so each waits `writers / 20` seconds; a young run
 * is watched live, so the interval begins at half a second and grows with age. Every interval is jittered,
 * because ranks that were started together would otherwise march, and merge, in step.
 */
import type { Random } from './clock.ts';

/** Files a second that all writers of a run publish together, on average. */
const RUN_FLUSHES_PER_SECOND = 20;
/** A live curve: the shortest interval of a writer that is alone. */
const INTERVAL_MS_MIN = 500;
/** The most that a lost node loses of a small run. */
export const INTERVAL_SECONDS_MAX: number = 5;
/** One flush per hundredth of the age: 60 flushes in the first minute, 460 in the first ten, then one per 5 s. */
const AGE_SHARE = 0.01;
/** An interval varies by ±20 %: its mean stays. */
const JITTER = 0.2;
/** A writer that is alive flushes at least that often: that is the heartbeat. */
const HEARTBEAT_MS = 60_000;

/** Buffered bytes at which a flush is due before its interval is over. */
export const FLUSH_BYTES: number = 8 * 1024 * 1024;

/** The shortest time between two flushes of one of `writers` writers, in milliseconds, whatever is buffered. */
export function shortestIntervalMs(writers: number): number {
  return (Math.max(1, writers) * 1000) / RUN_FLUSHES_PER_SECOND;
}

export interface FlushInterval {
  /** Monotonic age of the writer in milliseconds. */
  readonly ageMs: number;
  /** Writers of the run, at least 1. */
  readonly writers: number;
  readonly random: Pick<Random, 'unit'>;
  /** Upper bound of the part that grows with age, in seconds (LAMELLA_FLUSH_SECONDS); default 5. */
  readonly capSeconds?: number;
}

/** Milliseconds from one flush to the next: max(writers/20 s, 1 % of the age within 0.5 s and the cap), ±20 %. */
export function flushIntervalMs({ ageMs, writers, random, capSeconds }: FlushInterval): number {
  const cap = (capSeconds ?? INTERVAL_SECONDS_MAX) * 1000;
  const byAge = Math.min(cap, Math.max(INTERVAL_MS_MIN, ageMs * AGE_SHARE));
  const jitter = 1 - JITTER + 2 * JITTER * random.unit();
  return Math.max(shortestIntervalMs(writers), byAge) * jitter;
}

/** Milliseconds from a writer's birth to its first flush: rank 0 shows the run at once, the others spread out. */
export function firstFlushMs(rank: number, writers: number, random: Pick<Random, 'unit'>): number {
  return random.unit() * (rank === 0 ? INTERVAL_MS_MIN : shortestIntervalMs(writers));
}

/** Milliseconds of silence after which a writer without rows flushes a heartbeat. */
export function heartbeatMs(writers: number, capSeconds: number = INTERVAL_SECONDS_MAX): number {
  return Math.max(HEARTBEAT_MS, shortestIntervalMs(writers), capSeconds * 1000);
}

const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 15_000;

/** Milliseconds to wait after the `failures`-th failed attempt in a row (from 1): doubling, bounded, jittered. */
export function backoffMs(failures: number, random: Pick<Random, 'unit'>): number {
  const bound = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(16, failures - 1));
  return bound * (0.5 + 0.5 * random.unit());
}
