/**
 * How many of the calls that came over the pipe are published, from the writer's seq. Calls get consecutive seqs but
 * for what the publisher and the writer add in between (samples, config, gaps), so a few spans say it all.
 */
export class PublishedCalls {
  /** Spans of calls with consecutive seqs, oldest first. */
  readonly #spans: { seq: number; calls: number }[] = [];
  #calls = 0;

  /** The next call of the pipe got this seq. */
  add(seq: number): void {
    const last = this.#spans.at(-1);
    if (last !== undefined && last.seq + last.calls === seq) last.calls++;
    else this.#spans.push({ seq, calls: 1 });
  }

  /** All seqs below `seqEnd` are published or dropped: the number of calls that this settles, from the first. */
  settle(seqEnd: number): number {
    for (let span = this.#spans[0]; span !== undefined && span.seq < seqEnd; span = this.#spans[0]) {
      const settled = Math.min(span.calls, seqEnd - span.seq);
      this.#calls += settled;
      if (settled === span.calls) {
        this.#spans.shift();
      } else {
        span.seq += settled;
        span.calls -= settled;
      }
    }
    return this.#calls;
  }
}
