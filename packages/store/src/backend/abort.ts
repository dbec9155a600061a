import { LamellaError } from '../record/error.ts';

/** Throws `unavailable` once the caller of a listing has given it up. */
export function checkNotAborted(prefix: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new LamellaError('unavailable', `the listing of '${prefix}' was given up`, { cause: signal.reason });
}
