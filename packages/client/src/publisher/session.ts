/**
 * One run of one training process, in its publisher: turns frames into calls of the store's writer, adds what the
 * run says about itself (start, config, gaps, system metrics), and answers.
 */
import { createWriter } from '@lamella/store';
import type { LogCall, ShardWriter } from '@lamella/store';
import { nodeCodec, systemClock, systemRandom } from '@lamella/store/node';
import type { Call, FrameHandler } from '../pipe/decode.ts';
import type { Dropped, Finish, Hello } from '../pipe/frame.ts';
import { CALL_KIND, FRAME, PIPE_VERSION } from '../pipe/frame.ts';
import { SystemSampler } from '../system/sampler.ts';
import type { Answers } from './answers.ts';
import { openSink } from './open-sink.ts';
import { PublishedCalls } from './published-calls.ts';
import { watchRefusal } from './refusal.ts';
import { ResumedSteps } from './resume.ts';
import type { Sink } from './sink.ts';

/** The first sample comes early, so that a run of a few seconds has one. */
const FIRST_SAMPLE_SECONDS = 1;

/** A run to go on with is looked at for so long; then its steps begin at 0. */
const RESUME_MS = 30_000;

const DIED = 'the training process ended without finish (killed, or out of memory)';

export interface SessionOptions {
  readonly answers: Pick<Answers, 'send'>;
  onDeadline(ms: number): void;
  onDone(): void;
}

export class Session implements FrameHandler {
  readonly #options: SessionOptions;
  readonly #published = new PublishedCalls();
  #sink: Sink | null = null;
  #writer: ShardWriter | null = null;
  #deadlineMs = 0;
  #sampling: NodeJS.Timeout | null = null;
  #finish: Finish | null = null;
  #isEnding = false;
  /** What came while the past of a resumed run is being read. Null: nothing is held. */
  #held: (() => void)[] | null = null;
  /** Null for a new run: its steps are as the trainer counts them. */
  #steps: ResumedSteps | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  call(call: Call): void {
    if (this.#held !== null) {
      const copy = copyOf(call);
      this.#held.push(() => this.call(copy));
      return;
    }
    const step = this.#steps === null ? call.step : this.#steps.stepOf(call.step, call.isAutomatic);
    const kind = call.kind === CALL_KIND.system ? 'system' : 'metric';
    const isFraction = typeof step === 'number' && !Number.isInteger(step);
    const data = isFraction ? withStep(call, step) : call.data;
    const seq = this.#append({
      kind,
      timeUs: Math.round(call.timeMs * 1000),
      step: isFraction ? Math.floor(step) : step,
      keys: call.keys,
      values: call.values,
      isNull: call.isNull,
      data,
    });
    this.#published.add(seq);
  }

  /** The writer refuses what no trainer of ours sends (a step beyond 64 bit): then the gap takes the call's place. */
  #append(call: LogCall): number {
    const writer = this.#open();
    try {
      return writer.append(call);
    } catch (error) {
      const reason = messageOf(error);
      this.#options.answers.send({ type: 'trouble', text: `a call was not kept: ${reason}` });
      const seq = writer.nextSeq;
      const timeMs = Date.now();
      this.#gap({ calls: 1, rows: call.keys.length, firstTimeMs: timeMs, lastTimeMs: timeMs, reason });
      return seq;
    }
  }

  message(type: number, body: unknown): void {
    if (this.#held !== null) {
      this.#held.push(() => this.message(type, body));
      return;
    }
    if (type === FRAME.hello) this.#begin(body as Hello);
    else if (type === FRAME.config) this.#config(body as Hello['config']);
    else if (type === FRAME.flush) void this.#flush((body as { readonly id: number }).id);
    else if (type === FRAME.dropped) this.#gap(body as Dropped);
    else if (type === FRAME.finish) {
      this.#finish = body as Finish;
      void this.#end();
    }
  }

  /** The pipe's end. Without a `finish` before it, the training process died. */
  end(): void {
    if (this.#held === null) void this.#end();
    else this.#held.push(() => this.end());
  }

  #begin(hello: Hello): void {
    if (hello.pipe !== PIPE_VERSION) {
      throw new Error(
        `the pipe speaks version ${hello.pipe}, this publisher ${PIPE_VERSION}; install one version`,
      );
    }
    const { answers } = this.#options;
    this.#deadlineMs = hello.deadlineMs;
    this.#options.onDeadline(hello.deadlineMs);
    const tell = (text: string): void => answers.send({ type: 'trouble', text });
    const sink = openSink({ hello, env: process.env, tell });
    this.#sink = sink;
    if (hello.resume !== 'never' && hello.lost === null) void this.#resume(sink, hello);
    const writer = createWriter({
      backend: watchRefusal(sink.backend, (reason) => this.#refuse(reason)),
      encode: sink.encode,
      codec: nodeCodec,
      clock: systemClock,
      random: systemRandom,
      project: hello.project,
      run: hello.run,
      rank: hello.rank,
      // One process of its own may have company that no launcher knows of: the writer counts.
      ...(hello.worldSize > 1 ? { worldSize: hello.worldSize } : {}),
      ...(hello.flushSecondsMax === null ? {} : { flushSecondsMax: hello.flushSecondsMax }),
      onTrouble: tell,
      onPublished: () => this.#acknowledge(),
    });
    this.#writer = writer;
    this.#note('run', { start: JSON.stringify(startOf(hello)) });
    this.#config(hello.config);
    if (hello.lost !== null) {
      this.#note('run', {
        gap: JSON.stringify({
          calls: hello.lost.calls,
          rows: null,
          reason: 'the publisher before this one died; some of these calls may be there',
        }),
      });
    }
    if (hello.systemSeconds > 0) this.#sample(new SystemSampler(), hello.systemSeconds);
    void writer.run();
  }

  /** Finds where the run's steps ended; what comes meanwhile waits, so that no step is used twice. */
  async #resume(sink: Sink, hello: Hello): Promise<void> {
    this.#held = [];
    const { answers } = this.#options;
    const about = `run ${hello.run} of project ${hello.project} in ${hello.dir}`;
    const late = AbortSignal.timeout(RESUME_MS);
    try {
      const past = await Promise.race([sink.past(), rejection(late)]);
      if (!past.exists && hello.resume === 'must') {
        answers.send({ type: 'trouble', text: `resume: there is no ${about}; a new one is begun` });
      }
      this.#steps = new ResumedSteps(past.nextStep);
    } catch (error) {
      const why = late.aborted ? `not within ${RESUME_MS / 1000} s` : messageOf(error);
      answers.send({
        type: 'trouble',
        text: `resume: the last step of ${about} is unknown (${why}); steps begin at 0`,
      });
    }
    const held = this.#held;
    this.#held = null;
    for (const again of held) again();
  }

  /** The writer; a stream that does not begin with `hello` is damage. */
  #open(): ShardWriter {
    if (this.#writer === null) throw new Error('the pipe does not begin with hello');
    return this.#writer;
  }

  #acknowledge(): void {
    const { publishedSeq, dropped } = this.#open().stats;
    this.#options.answers.send({ type: 'published', calls: this.#published.settle(publishedSeq), dropped });
  }

  async #flush(id: number): Promise<void> {
    const { answers } = this.#options;
    try {
      await this.#open().flush();
      this.#acknowledge();
      answers.send({ type: 'flushed', id, published: true });
    } catch (error) {
      answers.send({ type: 'flushed', id, published: false, reason: messageOf(error) });
    }
  }

  async #end(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#sampling !== null) clearTimeout(this.#sampling);
    const { answers } = this.#options;
    if (this.#writer !== null) {
      const { state, reason } = this.#finish ?? { state: 'failed', reason: DIED };
      const result = await this.#writer.finish(
        { state, ...(reason === null ? {} : { reason }) },
        this.#deadlineMs,
      );
      this.#acknowledge();
      this.#sink?.close();
      const { published, unpublishedRows, dropped } = result;
      answers.send({
        type: 'finished',
        published: published && dropped === 0,
        dropped,
        ...(published
          ? dropped > 0 && { reason: `${dropped} calls were dropped; the run says which` }
          : { reason: `${unpublishedRows} rows could not be written` }),
      });
    }
    this.#options.onDone();
  }

  /** The store will take nothing: the trainer hears it once, and nothing waits for a deadline. */
  #refuse(reason: string): void {
    const { dropped } = this.#open().stats;
    this.#options.answers.send({ type: 'finished', published: false, dropped, reason });
    this.#options.onDone();
  }

  #config(texts: Hello['config']): void {
    if (Object.keys(texts).length > 0) this.#note('config', texts);
  }

  #gap(dropped: Dropped): void {
    const { calls, rows, firstTimeMs, lastTimeMs, reason } = dropped;
    const time = [firstTimeMs * 1000, lastTimeMs * 1000];
    this.#note('run', { gap: JSON.stringify({ calls, rows, reason, time }) });
  }

  /** Rows without number and step, from JSON texts by key. */
  #note(kind: string, texts: Readonly<Record<string, string>>): void {
    const keys = Object.keys(texts);
    this.#open().append({
      kind,
      timeUs: Date.now() * 1000,
      step: null,
      keys,
      values: new Float64Array(keys.length).fill(Number.NaN),
      isNull: new Uint8Array(keys.length).fill(1),
      data: Object.values(texts),
    });
  }

  #sample(sampler: SystemSampler, seconds: number): void {
    const again = (pauseSeconds: number): void => {
      this.#sampling = setTimeout(() => {
        const metrics = sampler.sample();
        this.#open().append({
          kind: 'system',
          timeUs: Date.now() * 1000,
          step: null,
          keys: [...metrics.keys()],
          values: Float64Array.from(metrics.values()),
        });
        again(seconds);
      }, pauseSeconds * 1000);
    };
    again(Math.min(FIRST_SAMPLE_SECONDS, seconds));
  }
}

/** A call of its own: the decoder uses its arrays again. */
function copyOf(call: Call): Call {
  return { ...call, values: call.values.slice(), isNull: call.isNull?.slice() ?? null };
}

async function rejection(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('too late')), { once: true });
  });
}

/** `data` of a call with a fractional step: the exact step, wherever the row has no data of its own. */
function withStep(call: Call, step: number): (string | null)[] {
  const exact = JSON.stringify({ _step: step });
  return call.keys.map((_key, i) => call.data?.[i] ?? exact);
}

/** What a run says about the process that writes it. */
function startOf(hello: Hello): Record<string, unknown> {
  return {
    name: hello.name,
    group: hello.group,
    tags: hello.tags,
    notes: hello.notes,
    rank: hello.rank,
    world_size: hello.worldSize,
    host: hello.host,
    pid: hello.pid,
    job: hello.job,
    launcher: hello.launcher,
    sdk: hello.sdk,
    resume: hello.resume,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
