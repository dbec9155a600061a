/**
 * Steps as Trackio stores them: INTEGER, REAL (a float step), an 8-byte little-endian BLOB (a numpy int64 logged in
 * local mode), and whatever text an import brought. They are asked for with SQLite's `quote()`, which shows the
 * storage class and keeps every digit.
 */

/** A step: its floor as an int64 and, where that is not all of it, the exact number. Null: there is none. */
export interface ParsedStep {
  readonly step: bigint;
  readonly exact: number | null;
}

const INTEGER = /^-?\d+$/;
const STEP_MIN = -(2n ** 63n);
const STEP_MAX = 2n ** 63n - 1n;

/** Parses the result of `quote(step)`: `7`, `1.5`, `X'0700000000000000'`, `'7'`, `NULL`. */
export function parseQuotedStep(quoted: string): ParsedStep | null {
  if (INTEGER.test(quoted)) return whole(BigInt(quoted));
  if (quoted.startsWith("X'")) return fromBlob(Buffer.from(quoted.slice(2, -1), 'hex'));
  const text = quoted.startsWith("'") ? quoted.slice(1, -1).trim() : quoted;
  if (INTEGER.test(text)) return whole(BigInt(text));
  const number = text === '' || text === 'NULL' ? Number.NaN : Number(text);
  if (!Number.isFinite(number)) return null;
  const step = whole(BigInt(Math.floor(number)));
  return step === null || Number.isInteger(number) ? step : { step: step.step, exact: number };
}

function whole(step: bigint): ParsedStep | null {
  return step < STEP_MIN || step > STEP_MAX ? null : { step, exact: null };
}

function fromBlob(bytes: Buffer): ParsedStep | null {
  if (bytes.length === 8) return whole(bytes.readBigInt64LE());
  if (bytes.length === 4) return whole(BigInt(bytes.readInt32LE()));
  return null;
}
