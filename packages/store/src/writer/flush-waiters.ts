/** Those who wait in flush() for what they appended before. */

interface Waiter {
  readonly seqEnd: number;
  resolve(): void;
}

export class FlushWaiters {
  #waiters: Waiter[] = [];

  get isWaiting(): boolean {
    return this.#waiters.length > 0;
  }

  /** Resolves once every seq below `seqEnd` is settled, or the writer gives up. */
  wait(seqEnd: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ seqEnd, resolve });
    });
  }

  /** Every seq below `seqEnd` is published or dropped. */
  settle(seqEnd: number): void {
    const settled = this.#waiters.filter((waiter) => waiter.seqEnd <= seqEnd);
    this.#waiters = this.#waiters.filter((waiter) => waiter.seqEnd > seqEnd);
    for (const waiter of settled) waiter.resolve();
  }
}
