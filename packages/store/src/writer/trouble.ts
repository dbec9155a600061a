/** Tells a person about trouble once, and that it is over once, however often it happens in between. */
import type { Clock } from './clock.ts';

/** A trouble of the same kind is told again only when the last telling is that long ago. */
const TELL_AGAIN_MS = 10 * 60_000;

export class Troubles {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #tell: (message: string) => void;
  readonly #toldAtMs = new Map<string, number>();
  readonly #open = new Set<string>();

  constructor(clock: Pick<Clock, 'monotonic'>, tell: (message: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Trouble of a kind; `message` is a whole sentence. */
  report(kind: string, message: string): void {
    const nowMs = this.#clock.monotonic();
    const toldAtMs = this.#toldAtMs.get(kind);
    if (toldAtMs !== undefined && nowMs - toldAtMs < TELL_AGAIN_MS) return;
    this.#toldAtMs.set(kind, nowMs);
    this.#open.add(kind);
    this.#tell(message);
  }

  /** That kind of trouble is over; told only if the trouble was. */
  recover(kind: string, message: string): void {
    if (this.#open.delete(kind)) this.#tell(message);
  }
}
