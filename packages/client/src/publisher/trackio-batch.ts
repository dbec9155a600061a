/**
 * A flush in Trackio's terms: calls, alerts, and a config that is always whole. What Trackio has no place for finds one: tags
 * and notes in hidden names of the config, calls that were not kept and a run that failed as alerts.
 */
import { randomBytes } from 'node:crypto';
import type { RecordBatch } from '@lamella/store';
import type { AlertCall, LogBatch, LogCall } from '@lamella/trackio';
import type { Hello } from '../pipe/frame.ts';
import type { Trackio } from './trackio-package.ts';

/** 20 hex digits of chance for the writer, 12 for the seq: 32 as Trackio's, and the same whenever a flush is sent again. */
const WRITER_ID_BYTES = 10;
const SEQ_DIGITS = 12;

/** A flush, and whether the run ends with it. */
export interface TrackioFlush extends LogBatch {
  readonly isLast: boolean;
}

type Event = Readonly<Record<string, unknown>>;

/** Turns the flushes of one writer, in their order, into batches. */
export class TrackioBatches {
  readonly #trackio: Pick<Trackio, 'formatTime'>;
  readonly #project: string;
  readonly #writer = randomBytes(WRITER_ID_BYTES).toString('hex');
  /** JSON texts by name. */
  readonly #config = new Map<string, string>();
  #run: { readonly id: string; readonly name: string };

  constructor(trackio: Pick<Trackio, 'formatTime'>, { project, run, name }: Hello) {
    this.#trackio = trackio;
    this.#project = project;
    this.#run = { id: run, name };
  }

  /**
   * Goes on with a run that is stored already: under its id and its name, which together are a run to Trackio, and with
   * its config, which later values replace.
   */
  goOnWith({ id, name }: LogBatch['run'], config: string | null): void {
    this.#run = { id, name };
    const before = config === null ? null : (JSON.parse(config, keepDigits) as unknown);
    if (typeof before !== 'object' || before === null) return;
    for (const [key, value] of Object.entries(before)) this.#config.set(key, JSON.stringify(value));
  }

  convert(batch: RecordBatch, isLast: boolean): TrackioFlush {
    const calls: LogCall[] = [];
    const alerts: AlertCall[] = [];
    let hasNewConfig = false;
    for (let start = 0, end = 0; start < batch.count; start = end) {
      while (end < batch.count && batch.seq[end] === batch.seq[start]) end++;
      const kind = batch.kind[start];
      if (kind === 'metric' || kind === 'system') calls.push(this.#call(kind, batch, start, end));
      else if (kind === 'config') {
        for (let row = start; row < end; row++)
          this.#config.set(batch.key[row] ?? '', batch.data[row] ?? 'null');
        hasNewConfig = true;
      } else if (kind === 'run') {
        const event = JSON.parse(batch.data[start] ?? '{}') as Event;
        if (batch.key[start] === 'start') {
          this.#start(event, batch.time[start] ?? 0);
          hasNewConfig = true;
        }
        const told = alertOf(batch.key[start] ?? '', event);
        if (told !== null) alerts.push({ ...told, ...this.#place(batch, start) });
      }
    }
    const config = hasNewConfig ? this.#configText() : null;
    return { project: this.#project, run: this.#run, config, calls, alerts, isLast };
  }

  #call(kind: LogCall['kind'], batch: RecordBatch, start: number, end: number): LogCall {
    return {
      kind,
      step: batch.stepNull[start] === 1 ? null : (batch.step[start] ?? null),
      timeUs: batch.time[start] ?? 0,
      logId: this.#idOf(batch.seq[start] ?? 0),
      keys: batch.key.slice(start, end),
      values: batch.value.subarray(start, end),
      isNull: batch.valueNull.subarray(start, end),
      data: batch.data.slice(start, end),
    };
  }

  #place(batch: RecordBatch, row: number): Pick<AlertCall, 'step' | 'timeUs' | 'alertId'> {
    return { step: null, timeUs: batch.time[row] ?? 0, alertId: this.#idOf(batch.seq[row] ?? 0) };
  }

  #idOf(seq: number): string {
    return this.#writer + seq.toString(16).padStart(SEQ_DIGITS, '0');
  }

  /** The names that Trackio itself puts into every config, and hides. A run that goes on keeps when it was created. */
  #start({ group, tags, notes }: Event, timeUs: number): void {
    const hidden: [name: string, value: unknown][] = [
      ['_Username', null],
      ['_Created', this.#trackio.formatTime(timeUs)],
      ['_Group', group ?? null],
    ];
    for (const [name, value] of hidden) {
      if (!this.#config.has(name)) this.#config.set(name, JSON.stringify(value));
    }
    if (Array.isArray(tags) && tags.length > 0) this.#config.set('_Tags', JSON.stringify(tags));
    if (typeof notes === 'string') this.#config.set('_Notes', JSON.stringify(notes));
  }

  #configText(): string {
    return `{${[...this.#config].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
  }
}

/** Reviver: a number stays as it is written, for a double may not hold it. */
function keepDigits(
  this: unknown,
  _name: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(context.source);
}

/** What of a run's events Trackio's users should see. */
function alertOf(key: string, event: Event): Pick<AlertCall, 'title' | 'text' | 'level'> | null {
  if (key === 'gap') {
    const text = `${String(event['calls'])} calls: ${String(event['reason'])}`;
    return { title: 'Calls were not kept', text, level: 'warn' };
  }
  if (key === 'end' && event['state'] === 'failed') {
    const { reason } = event;
    return { title: 'The run failed', text: typeof reason === 'string' ? reason : null, level: 'error' };
  }
  return null;
}
