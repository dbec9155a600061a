/**
 * `TRACKIO_STORAGE_MODE=jsonl`: flushes become fragments in Trackio's inbox, files of their own that nobody else writes. So
 * they are safe on every disk, and Trackio takes them into its database where that is.
 */
import { randomBytes } from 'node:crypto';
import type { FragmentWriter, LogBatch, LogCall } from '@lamella/trackio';
import type { Sink, SinkOptions } from './sink.ts';
import { TrackioBatches } from './trackio-batch.ts';
import type { TrackioFlush } from './trackio-batch.ts';
import type { Trackio } from './trackio-package.ts';
import { goOn } from './trackio-past.ts';
import { trackioSink } from './trackio-sink.ts';

export function fragmentSink(trackio: Trackio, options: SinkOptions): Sink {
  const batches = new TrackioBatches(trackio, options.hello);
  const fragments = new Fragments(trackio.createFragmentWriter(options.hello.dir));
  return trackioSink(options.hello.dir, {
    name: options.hello.dir,
    batches,
    write: async (flush) => await fragments.write(flush),
    past: async () => await goOn(trackio, options, batches),
    close: () => undefined,
  });
}

class Fragments {
  readonly #writer: FragmentWriter;
  /** The flush in hand, as batches of one fragment each that are still to be written. */
  #inHand: { readonly flush: TrackioFlush; readonly rest: LogBatch[] } | null = null;
  /** A config travels with a metric: it waits for one. */
  #config: string | null = null;
  #lastStep: LogCall['step'] = 0;

  constructor(writer: FragmentWriter) {
    this.#writer = writer;
  }

  /** What an earlier attempt has written is not written again. */
  async write(flush: TrackioFlush): Promise<void> {
    if (this.#inHand?.flush !== flush) this.#inHand = { flush, rest: this.#partsOf(flush) };
    const { rest } = this.#inHand;
    for (let part = rest[0]; part !== undefined; part = rest[0]) {
      await this.#writer.write(part);
      rest.shift();
    }
    this.#inHand = null;
  }

  #partsOf({ project, run, config, calls, alerts, isLast }: TrackioFlush): LogBatch[] {
    const common = { project, run, config: null, calls: [] };
    const system = calls.filter(({ kind }) => kind === 'system');
    let metrics = calls.filter(({ kind }) => kind === 'metric');
    this.#lastStep = metrics.at(-1)?.step ?? this.#lastStep;
    this.#config = config ?? this.#config;
    if (metrics.length === 0 && isLast && this.#config !== null) metrics = [this.#emptyCall()];
    const parts: LogBatch[] = [];
    if (metrics.length > 0) {
      parts.push({ ...common, config: this.#config, calls: metrics });
      this.#config = null;
    }
    if (system.length > 0) parts.push({ ...common, calls: system });
    if (alerts !== undefined && alerts.length > 0) parts.push({ ...common, alerts });
    return parts;
  }

  /** Carries the config of a run that ends without another metric. It adds no point, and no step. */
  #emptyCall(): LogCall {
    return {
      kind: 'metric',
      step: this.#lastStep,
      timeUs: Date.now() * 1000,
      logId: randomBytes(16).toString('hex'),
      keys: [],
      values: new Float64Array(0),
    };
  }
}
