/**
 * The frames that a training process writes into the pipe to its publisher (PIPE.md is the normative text, also
 * for other languages). Everything is little-endian:
 *
 *   u32 length of what follows | u8 type | body
 *
 * Frames of calls (`numbers`, `values`) are counted by both sides from 0; the publisher's acknowledgements name
 * that count. Frames of a type that the publisher does not know are skipped, so that a newer SDK can say more.
 */
export const PIPE_VERSION = 1;

/** Types of frames. `hello` is the first frame of a pipe; the others come in any order. */
export const FRAME = {
  /** JSON: who writes, and where to (Hello). */
  hello: 1,
  /** Gives a list of keys a number: u32 shape, u32 count, then per key u32 bytes and UTF-8. */
  shape: 2,
  /** A call whose values are all numbers: call header, then one f64 per key of its shape. */
  numbers: 3,
  /** A call with other values: call header, then per key of its shape a tag and what belongs to it. */
  values: 4,
  /** JSON: `{"name": "<JSON of the value>"}`; config that was changed after init. */
  config: 5,
  /** JSON: `{"id"}`; publish at once and answer with `flushed`. */
  flush: 6,
  /** JSON: `{"state", "reason"}`; nothing but the end of the pipe follows. */
  finish: 7,
  /** JSON: calls that never reached the pipe (Dropped). */
  dropped: 8,
  /** JSON: `{"from", "to"}`; the frames that come next stand in these bytes of the spill file. */
  spill: 9,
} as const;

/** What a call's step field holds. */
export const STEP = {
  none: 0,
  /** f64: an integer up to 2^53, or a fractional step. */
  number: 1,
  /** int64 */
  int64: 2,
} as const;

/** Who chose a call's step. The publisher counts automatic ones itself when it goes on with a run. */
export const STEP_ORIGIN = { given: 0, automatic: 1 } as const;

/** Kinds of records that a call frame may carry. */
export const CALL_KIND = { metric: 0, system: 1 } as const;

/** Tags of a `values` frame, one byte before each value. */
export const TAG = {
  /** f64 */
  number: 0,
  null: 1,
  false: 2,
  true: 3,
  /** int64 */
  int64: 4,
  /** u32 bytes, UTF-8 */
  string: 5,
  /** u32 bytes, JSON as UTF-8 */
  json: 6,
} as const;

/** u32 length and u8 type. */
export const FRAME_HEADER_BYTES: number = 5;

/**
 * Bytes before a call's values, the frame header included: u32 length, u8 type, u8 kind of step, u8 kind of
 * record, u8 origin of the step, u32 shape, f64 time (milliseconds since 1970 UTC), 8 bytes of step. 28 bytes: ten numbers are
 * a frame of 108, so that the 64 KB of a Linux pipe hold 600 calls.
 */
export const CALL_HEADER_BYTES = 28;

/** A frame longer than this is damage, not data: twice what a call may weigh. */
export const FRAME_BYTES_MAX: number = 32 * 1024 * 1024;

/** Body of `hello`. */
export interface Hello {
  readonly pipe: number;
  readonly dir: string;
  readonly project: string;
  readonly run: string;
  readonly name: string;
  readonly group: string | null;
  readonly tags: readonly string[];
  readonly notes: string | null;
  readonly resume: string;
  readonly rank: number;
  readonly worldSize: number;
  readonly host: string;
  readonly pid: number;
  readonly job: string | null;
  readonly launcher: string;
  readonly sdk: string;
  /** JSON text of every config value, by key. */
  readonly config: Readonly<Record<string, string>>;
  /** Seconds between samples of system metrics; 0: this process takes none. */
  readonly systemSeconds: number;
  /** Cap of the flush interval; null: the store's own. */
  readonly flushSecondsMax: number | null;
  /** How long the publisher goes on trying after `finish` or the end of the pipe. */
  readonly deadlineMs: number;
  /** What went down with an earlier publisher of this run and process; null for the first. */
  readonly lost: { readonly calls: number } | null;
}

/** Body of `dropped`: whole calls that found no room. */
export interface Dropped {
  readonly calls: number;
  readonly rows: number;
  readonly firstTimeMs: number;
  readonly lastTimeMs: number;
  readonly reason: string;
}

/** Body of `spill`. The next range begins where this one ends, unless it says otherwise. */
export interface Spill {
  readonly from: number;
  readonly to: number;
}

/** Body of `finish`. */
export interface Finish {
  readonly state: 'finished' | 'failed';
  readonly reason: string | null;
}
