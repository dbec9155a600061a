/**
 * What a row means, for readers that answer in JSON. The client turns JavaScript values into (value, data)
 * (SPEC.md, Values); this is the way back.
 */

/** Anything JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const LONG_INTEGER = /\d{16}/;

/**
 * The value of a row. `data` wins where it is present, except that `{"_step": …}` only says the exact step of a
 * plain number. Non-finite numbers are the strings `NaN`, `Infinity`, `-Infinity`; integers beyond 2^53 are
 * their decimal digits, as strings, at any depth. Data that is not JSON is returned as the string it is.
 */
export function valueToJson(value: number | null, data: string | null): Json {
  if (data === null || (value !== null && exactStep(data) !== null)) return numberToJson(value);
  return parse(data);
}

/**
 * The step of a row: a number; beyond 2^53 its decimal digits as a string; the exact fractional step where
 * `data` has one (the column holds its floor).
 */
export function stepToJson(step: bigint | null, data: string | null): number | string | null {
  if (step === null) return null;
  const exact = data === null ? null : exactStep(data);
  if (exact !== null) return exact;
  const number = Number(step);
  return Number.isSafeInteger(number) ? number : step.toString();
}

function numberToJson(value: number | null): Json {
  return value === null || Number.isFinite(value) ? value : String(value);
}

/** The number of `{"_step": 1.5}`; null for any other data. */
function exactStep(data: string): number | null {
  if (!data.startsWith('{"_step":')) return null;
  const parsed = parse(data);
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) return null;
  const step = (parsed as { readonly [name: string]: Json })['_step'];
  return typeof step === 'number' && Object.keys(parsed).length === 1 ? step : null;
}

function parse(data: string): Json {
  try {
    return JSON.parse(data, LONG_INTEGER.test(data) ? keepDigits : undefined) as Json;
  } catch {
    return data; // not JSON: whoever wrote it meant the text
  }
}

/** Reviver: integers that a double cannot hold become their digits. `source` is the literal as it was written. */
function keepDigits(
  this: unknown,
  _name: string,
  parsed: unknown,
  context?: { readonly source?: string },
): unknown {
  const source = context?.source;
  const isLong = typeof parsed === 'number' && !Number.isSafeInteger(parsed) && source !== undefined;
  return isLong && /^-?\d+$/.test(source) ? source : parsed;
}
