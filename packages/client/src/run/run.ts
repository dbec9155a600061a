/**
 * A run, as the training process sees it. After `init` nothing here throws, waits (but for a process's exit) or
 * prints twice about the same trouble.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeJsonFrame } from '../pipe/encode.ts';
import { CALL_KIND, FRAME, STEP_ORIGIN } from '../pipe/frame.ts';
import { CallEncoder } from './call-encoder.ts';
import type { Metrics } from './call-encoder.ts';
import { createConfig } from './config.ts';
import type { RunConfig } from './config.ts';
import { finishAtExit, forgetAtExit } from './exit.ts';
import { Link } from './link.ts';
import { kindOf } from './name.ts';
import { configTexts } from './options.ts';
import type { RunPlan } from './options.ts';
import { StepCounter } from './step.ts';
import { warn, warnOnce } from './warning.ts';

/** The step of a call, alone or as an option. */
export type LogOptions = number | bigint | { readonly step?: number | bigint | null | undefined };

/** What `flush` found. */
export interface FlushResult {
  /** Every call before it is in the store: none was dropped, lost, or is still on its way. */
  readonly published: boolean;
  /** Why not. */
  readonly reason?: string;
}

/** What `finish` found. */
export interface FinishResult extends FlushResult {
  /** Calls of `log` that had anything to keep. */
  readonly calls: number;
  /** Calls that were not kept: no room, no publisher, larger than allowed. */
  readonly dropped: number;
  /** Calls that went down with a publisher that had not acknowledged them; some may have been published. */
  readonly lost: number;
}

const PAUSES_MS = [1, 1, 2, 2, 4, 8, 15];

export class Run {
  readonly project: string;
  readonly id: string;
  readonly name: string;
  readonly group: string | null;
  /** Directory of the store, absolute. */
  readonly dir: string;
  /** From 0, and of how many processes; from the launcher's variables. */
  readonly rank: number;
  readonly worldSize: number;
  /** Changes are recorded: `run.config.lr = 0.1`, `run.config.update({lr: 0.1})`. */
  readonly config: RunConfig;
  readonly #plan: RunPlan;
  readonly #encoder: CallEncoder;
  readonly #link: Link;
  readonly #steps = new StepCounter();
  /** Only the process that made a run may write it; a process image that was copied must not. */
  readonly #pid = process.pid;
  #isFinishing = false;
  #finished: Promise<FinishResult> | null = null;
  readonly #atExit: Parameters<typeof finishAtExit>[0];

  /** Use `init`. */
  constructor(plan: RunPlan) {
    const { hello } = plan;
    this.#plan = plan;
    this.project = hello.project;
    this.id = hello.run;
    this.name = hello.name;
    this.group = hello.group;
    this.dir = hello.dir;
    this.rank = hello.rank;
    this.worldSize = hello.worldSize;
    this.config = createConfig(plan.config, (texts) => {
      if (!this.#isFinishing) this.#link.sendControl(encodeJsonFrame(FRAME.config, texts), Date.now());
    });
    this.#encoder = new CallEncoder((topic, text) => warnOnce(`${this.id}:${topic}`, text));
    this.#link = new Link({
      run: this.id,
      bufferBytes: plan.settings.bufferBytes,
      debug: plan.settings.debug,
      hello: (lost) => ({ ...hello, config: lost === null ? hello.config : this.#configTexts(), lost }),
      defineShapes: (frames) => this.#encoder.defineShapes(frames),
    });
    this.#atExit = {
      patienceMs: plan.settings.finishMs,
      beginFinish: (state, reason) => this.#beginFinish(state, reason),
      finishNow: (deadlineMs) => this.#finishNow(deadlineMs),
    };
    this.#link.open();
    finishAtExit(this.#atExit);
  }

  /**
   * The step that the next call without one gets. A resumed run's steps go on from its last one in the store, which
   * only the publisher knows: there, this counts from the resumption.
   */
  get step(): number | bigint {
    return this.#steps.next;
  }

  /**
   * Records values by name: numbers (NaN and infinities, too), integers to 64 bit, strings, booleans, null, nested
   * objects and lists, tables. Takes microseconds and never throws; a value that cannot be kept is left out with
   * one warning. `options`: the step, any integer of 64 bit or a fraction, in any order; without one, the next of
   * 0, 1, 2, …
   */
  log(metrics: Metrics, options?: LogOptions): void {
    this.#log(metrics, CALL_KIND.metric, options);
  }

  /** Records values of the machine rather than of the training; they have a time, but no step. */
  logSystem(metrics: Metrics): void {
    this.#log(metrics, CALL_KIND.system, undefined);
  }

  /**
   * Publishes at once, without waiting for the flush interval, and resolves with `published: true` when everything
   * that was logged before is in the store. Never rejects: after LAMELLA_FINISH_SECONDS (30), after a loss, and
   * when the store refuses, it resolves with `published: false` and the reason.
   */
  async flush(): Promise<FlushResult> {
    const link = this.#link;
    if (this.#isFinishing) return await this.finish();
    const id = link.beginFlush(Date.now());
    const deadlineMs = performance.now() + this.#plan.settings.finishMs;
    for (let pause = 0; ; pause++) {
      link.poll(Date.now());
      const answer = link.takeFlush(id);
      if (answer !== null) return this.#judge(answer);
      if (performance.now() >= deadlineMs)
        return this.#judge({ published: false, reason: this.#lateReason() });
      await sleep(PAUSES_MS[pause] ?? 20);
    }
  }

  /**
   * Ends the run: publishes everything and waits for it, LAMELLA_FINISH_SECONDS (30) at most. Never rejects; the
   * answer and one warning tell what could not be published. `state` is `finished` by default, `reason` is shown
   * beside it. A second call waits for the first one's end.
   */
  finish(
    end: { readonly state?: 'finished' | 'failed'; readonly reason?: string } = {},
  ): Promise<FinishResult> {
    this.#finished ??= this.#waitForFinish(end.state ?? 'finished', end.reason ?? null);
    return this.#finished;
  }

  /** `await using run = init(…)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.finish();
  }

  #log(metrics: Metrics, kind: number, options: LogOptions | undefined): void {
    try {
      if (this.#isFinishing || this.#pid !== process.pid) {
        warnOnce(
          `${this.id}:ended`,
          `log: run ${this.id} was finished (a later init does that, too), or belongs to another process; nothing is kept`,
        );
        return;
      }
      if (typeof metrics !== 'object' || metrics === null || Array.isArray(metrics)) {
        warnOnce(
          'metrics',
          `log: give an object such as {loss: 0.1}, not ${kindOf(metrics)}; the call is ignored`,
        );
        return;
      }
      const nowMs = Date.now();
      const given = typeof options === 'object' && options !== null ? options.step : options;
      let step: number | bigint | null = null;
      let origin: number = STEP_ORIGIN.given;
      if (kind === CALL_KIND.metric) {
        if (given === undefined || given === null) {
          step = this.#steps.take();
          origin = STEP_ORIGIN.automatic;
        } else if (this.#steps.note(given)) step = given;
        else {
          this.#refuseStep(given, Object.keys(metrics).length, nowMs);
          return;
        }
      }
      const rows = this.#encoder.encode(metrics, kind, nowMs, step, origin);
      if (rows > 0) this.#link.sendCall(this.#encoder.frames, rows, nowMs);
      else if (rows < 0) this.#link.noteRefused(-rows, nowMs, 'the call is larger than allowed');
    } catch (error) {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'its values cannot be read';
      warnOnce('log', `log: a call was not kept (${reason})`);
      this.#link.noteRefused(0, Date.now(), 'its values could not be read');
    }
  }

  #refuseStep(step: unknown, rows: number, nowMs: number): void {
    const shown = typeof step === 'string' ? JSON.stringify(step).slice(0, 60) : String(step).slice(0, 60);
    warnOnce(
      'step',
      `log: a call with step ${shown} was not kept; a step is an integer of 64 bit (a bigint beyond 2^53) or a fraction`,
    );
    this.#link.noteRefused(rows, nowMs, 'its step is not an integer of 64 bit');
  }

  #configTexts(): Record<string, string> {
    return configTexts({ ...this.config });
  }

  #beginFinish(state: 'finished' | 'failed', reason: string | null): void {
    this.#isFinishing = true;
    this.#link.beginFinish({ state, reason }, Date.now());
  }

  async #waitForFinish(state: 'finished' | 'failed', reason: string | null): Promise<FinishResult> {
    this.#beginFinish(state, reason);
    const deadlineMs = performance.now() + this.#plan.settings.finishMs;
    for (let pause = 0; !this.#isOver(deadlineMs); pause++) await sleep(PAUSES_MS[pause] ?? 20);
    return this.#close();
  }

  /** The same without an event loop. */
  #finishNow(deadlineMs: number): void {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    for (let pause = 0; !this.#isOver(deadlineMs); pause++) Atomics.wait(cell, 0, 0, PAUSES_MS[pause] ?? 20);
    this.#close();
  }

  #isOver(deadlineMs: number): boolean {
    this.#link.poll(Date.now());
    return this.#link.finished !== null || this.#link.isGone || performance.now() >= deadlineMs;
  }

  #close(): FinishResult {
    forgetAtExit(this.#atExit);
    const { finished, isGone } = this.#link;
    const late = finished === null && !isGone ? this.#lateReason() : undefined;
    this.#link.close();
    const { calls, dropped, lost } = this.#link.counts;
    const verdict = this.#judge(finished ?? { published: false, reason: late ?? 'there is no publisher' });
    if (late !== undefined) warn(`finish: ${late}`);
    else if (finished !== null && !finished.published && !isGone) {
      warn(`finish: run ${this.id} could not be published whole (${finished.reason ?? 'no reason given'})`);
    } else if (dropped > 0) warn(`finish: ${dropped} of ${calls} calls of run ${this.id} were not kept`);
    return { ...verdict, calls, dropped, lost };
  }

  /** An answer of the publisher, in the light of what never reached one. */
  #judge(answer: FlushResult): FlushResult {
    const { dropped, lost } = this.#link.counts;
    if (!answer.published) {
      return { published: false, ...(answer.reason === undefined ? {} : { reason: answer.reason }) };
    }
    if (dropped + lost === 0) return { published: true };
    const losses = [dropped > 0 && `${dropped} calls were dropped`, lost > 0 && `up to ${lost} are lost`];
    return { published: false, reason: losses.filter((loss) => loss !== false).join(', ') };
  }

  #lateReason(): string {
    const { calls, acknowledged, dropped, lost } = this.#link.counts;
    const missing = calls - acknowledged - dropped - lost;
    const seconds = this.#plan.settings.finishMs / 1000;
    return (
      `${missing} of ${calls} calls of run ${this.id} are not published after ${seconds} s; its publisher goes on ` +
      `trying for ${this.#plan.hello.deadlineMs / 1000} s (is ${this.dir} reachable?)`
    );
  }
}
