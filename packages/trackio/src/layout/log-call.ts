/**
 * What is to be stored in Trackio's own formats: the calls of one flush of one run, whatever file they go to. Values are
 * those of Lamella's records: a number, or JSON in `data`.
 */
import { stepToJson } from '@lamella/store';

/** One `log()` or one reading of the system. `keys`, `values`, `isNull`, `data` have the same length. */
export interface LogCall {
  readonly kind: 'metric' | 'system';
  /** Any int64, or a number with a fraction; null for `system`, and for "the next one" in SQLite. */
  readonly step: bigint | number | null;
  /** Microseconds since 1970 UTC, an integer. */
  readonly timeUs: number;
  /** 32 hex digits, unique: a repeated call with the same one is stored once. */
  readonly logId: string;
  readonly keys: readonly string[];
  readonly values: Float64Array;
  /** 1 where there is no number. */
  readonly isNull?: Uint8Array | null;
  /** JSON of what is not a plain number. */
  readonly data?: readonly (string | null)[] | null;
}

export interface AlertCall {
  readonly title: string;
  readonly text: string | null;
  readonly level: 'info' | 'warn' | 'error';
  readonly step: number | null;
  readonly timeUs: number;
  /** 32 hex digits, unique. */
  readonly alertId: string;
}

/** Calls of one run. */
export interface LogBatch {
  /** Any spelling. */
  readonly project: string;
  readonly run: { readonly id: string; readonly name: string };
  /** JSON of the whole config, with the first batch and whenever it has changed; else null. */
  readonly config: string | null;
  readonly calls: readonly LogCall[];
  readonly alerts?: readonly AlertCall[];
}

const EXACT_STEP = '{"_step":';

/** The JSON object that Trackio stores for the values of a call: non-finite numbers are strings. */
export function callToJson(call: LogCall): string {
  const members = call.keys.map((key, index) => `${JSON.stringify(key)}:${valueText(call, index)}`);
  return `{${members.join(',')}}`;
}

/** The step: an integer of any size, a number with a fraction, or null. */
export function stepOf(call: LogCall): bigint | number | null {
  if (call.step === null || typeof call.step === 'number') return call.step;
  const exact = call.data?.find((data) => data?.startsWith(EXACT_STEP)) ?? null;
  const json = stepToJson(call.step, exact);
  return typeof json === 'number' ? json : call.step;
}

function valueText(call: LogCall, index: number): string {
  const data = call.data?.[index] ?? null;
  const value = call.values[index] ?? 0;
  const isNull = call.isNull?.[index] === 1;
  if (data !== null && (isNull || !data.startsWith(EXACT_STEP))) return data;
  if (isNull) return 'null';
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0.0' : String(value);
}
