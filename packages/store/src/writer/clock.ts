/** Time and randomness as the store's core sees them: injected, so that a simulation can replay a seed. */
export interface Clock {
  /** Wall clock, milliseconds since 1970 UTC; may jump. Used only to stamp records. */
  now(): number;
  /** Milliseconds that never go back; the only clock that decides anything. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` aborts (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** Uniform in [0, 1). */
  unit(): number;
  /** `length` unpredictable bytes. */
  bytes(length: number): Uint8Array;
}
