/**
 * Files that could not be verified are set aside, in this process only and for a while: network file systems
 * serve torn or old bytes for a second, and a file that is bad here may be good elsewhere (SPEC.md V9).
 */
import type { Clock } from '../writer/clock.ts';

/** After the first, second, third … bad read; the last one repeats. */
const RETRY_MS: readonly number[] = [1_000, 10_000, 60_000, 600_000];

/** One bad file. */
export class SetAside {
  reason: string;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #reads = 0;
  #untilMs = 0;

  constructor(clock: Pick<Clock, 'monotonic'>, reason: string) {
    this.#clock = clock;
    this.reason = reason;
    this.again(reason);
  }

  /** Bad once more. */
  again(reason: string): void {
    this.reason = reason;
    const waitMs = RETRY_MS[Math.min(this.#reads, RETRY_MS.length - 1)] ?? 0;
    this.#reads += 1;
    this.#untilMs = this.#clock.monotonic() + waitMs;
  }

  /** Something happened that makes another look worth it now. */
  expire(): void {
    this.#untilMs = 0;
  }

  /** True while the file is not to be read again. */
  isActive(): boolean {
    return this.#clock.monotonic() < this.#untilMs;
  }
}
