/**
 * The steps of a run's calls. Automatic ones count 0, 1, 2, …; an explicit one may be anything, in any order, and
 * moves the counter to max(counter, step + 1), as in Trackio.
 */
import { isInt64 } from './value.ts';

export class StepCounter {
  /** A number while that is exact. */
  #next: number | bigint = 0;

  /** The step that the next call without one gets. */
  get next(): number | bigint {
    return this.#next;
  }

  /** The next automatic step. */
  take(): number | bigint {
    const step = this.#next;
    this.#next = after(step);
    return step;
  }

  /** Notes an explicit step. False when it is not one: an integer of 64 bit, or a fraction below 2^53. */
  note(step: unknown): step is number | bigint {
    if (typeof step === 'bigint') {
      if (!isInt64(step)) return false;
      const next = after(step);
      if (next > this.#next) this.#next = next;
      return true;
    }
    if (typeof step !== 'number' || !(Math.abs(step) <= Number.MAX_SAFE_INTEGER)) return false;
    const next = after(Math.floor(step));
    if (next > this.#next) this.#next = next;
    return true;
  }
}

function after(step: number | bigint): number | bigint {
  if (typeof step === 'number' && step < Number.MAX_SAFE_INTEGER) return step + 1;
  const next = BigInt(step) + 1n;
  return isInt64(next) ? next : BigInt(step);
}
