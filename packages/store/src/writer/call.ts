/** One log call as the writer takes it: the rows that share seq, step and time, in columns. */
import { CALL_BYTES_MAX, CALL_ROWS_MAX } from '../record/limit.ts';
import { utf8Length } from '../record/utf8.ts';

export interface LogCall {
  readonly kind: string;
  /** Microseconds since 1970 UTC, an integer. */
  readonly timeUs: number;
  /** Any int64 (a number must be a safe integer), or null. */
  readonly step: bigint | number | null;
  /** One per row; distinct within the call. */
  readonly keys: readonly string[];
  /** One per row; NaN, ±Inf and −0 are kept. */
  readonly values: Float64Array;
  /** 1 where the value is null; absent: none is. */
  readonly isNull?: Uint8Array | null;
  /** JSON per row, or null; absent: null everywhere. */
  readonly data?: readonly (string | null)[] | null;
}

/** Why a call is refused as too large, for a warning and its gap row; null when it is not. */
export function refusalOf(call: LogCall): string | null {
  const rows = call.keys.length;
  if (rows > CALL_ROWS_MAX) {
    return `a call of ${rows} values was not kept: ${CALL_ROWS_MAX} are allowed in one call; log fewer at a time`;
  }
  const bytes = bytesOf(call);
  if (bytes <= CALL_BYTES_MAX) return null;
  return `a call of ${bytes} bytes was not kept: ${CALL_BYTES_MAX} are allowed in one call; log large data as files`;
}

/** Bytes of keys and data in UTF-8: exact where it matters, an upper bound where that is far below the limit. */
function bytesOf({ keys, data }: LogCall): number {
  let units = 0;
  for (const key of keys) units += key.length;
  for (const text of data ?? []) units += text?.length ?? 0;
  if (units * 3 <= CALL_BYTES_MAX) return units * 3;
  let bytes = 0;
  for (const key of keys) bytes += utf8Length(key);
  for (const text of data ?? []) bytes += text === null ? 0 : utf8Length(text);
  return bytes;
}
