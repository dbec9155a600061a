/**
 * Requests and answers of Lamella's procedures, called as `POST /api/<name>` with a JSON body. The only file
 * of the application that the dashboard may import, and only as types.
 *
 * Numbers that JSON cannot say (NaN, ±Infinity) travel as the strings "NaN", "Infinity", "-Infinity"; in
 * binary columns they are themselves. In configs and logged values, integers that a double would round are
 * strings of their digits. Times are milliseconds since 1970 UTC.
 */
export interface Procedures {
  list_projects: { request: Record<string, never>; answer: { readonly projects: readonly ProjectRow[] } };
  list_runs: {
    request: { readonly project: string };
    answer: { readonly project: string; readonly runs: readonly RunRow[] };
  };
  list_metrics: {
    request: { readonly project: string; readonly runs?: readonly string[] };
    answer: { readonly project: string; readonly metrics: readonly MetricRow[] };
  };
  /** Answered as binary columns when the caller accepts `application/x-lamella-columns` (see `SeriesHeader`). */
  series: { request: SeriesRequest; answer: SeriesAnswer };
  /** Logged values that are not plain numbers (tables, strings, nested): the latest few of one key. */
  values: {
    request: {
      readonly project: string;
      readonly run: string;
      readonly metric: string;
      readonly limit?: number;
    };
    answer: {
      readonly values: readonly {
        readonly step: number | null;
        readonly time: number;
        readonly data: unknown;
      }[];
    };
  };
}

export interface ProjectRow {
  /** Also its id: what `project` in other requests must be. */
  readonly name: string;
  /** Null where it is not known: a database on a shared disk that nobody has opened. */
  readonly runs: number | null;
  /** Time of its newest record; null when it has none. */
  readonly lastActivity: number | null;
}

/**
 * running: a writer's highest flush moved within the heartbeat. silent: none did, and no end was published.
 * ended: every writer published its end. failed: a publisher reported that its training process died, or the
 * run was finished as failed. A label, never a gate.
 */
export type RunState = 'running' | 'silent' | 'ended' | 'failed';

export interface RunRow {
  readonly id: string;
  /** Display name; the id where none was given. */
  readonly name: string;
  readonly group: string | null;
  readonly state: RunState;
  /** One sentence: why the state is what it is, e.g. "no flush for 140 s". */
  readonly stateReason: string;
  readonly startedAt: number | null;
  readonly lastActivity: number | null;
  readonly lastStep: number | null;
  /** Number of writers (processes) that have published something. */
  readonly writers: number;
  /** Rows stored for the run. */
  readonly records: number;
  readonly config: Readonly<Record<string, unknown>>;
  /** Problems a person should know of: damaged files, conflicts, holes. Empty when all is well. */
  readonly problems: readonly string[];
  /** How old the rows are that come from a copy of Trackio's database, in words; absent where they are live. */
  readonly age?: string;
}

export interface MetricRow {
  readonly name: string;
  readonly kind: 'metric' | 'system';
  /** `number`: has numeric points. `data`: only rich values (tables, strings, nested). */
  readonly type: 'number' | 'data';
  readonly points: number;
  /** In how many of the asked runs. */
  readonly runs: number;
}

export interface SeriesRequest {
  readonly project: string;
  readonly runs: readonly string[];
  readonly metrics: readonly string[];
  readonly kind?: 'metric' | 'system';
  /** `step`; `time` = wall clock ms; `relative` = seconds since the run's first record. */
  readonly x: 'step' | 'time' | 'relative';
  /** Inclusive x range; absent = all. */
  readonly range?: readonly [number, number];
  /** Number of grid buckets, 1..4000. A series with fewer points in view than this is answered as points. */
  readonly buckets: number;
  /** Put the grid on a log scale (x > 0 only), so that log axes are evenly covered. */
  readonly logX?: boolean;
}

/**
 * One entry per (metric, run) that has points in view. Points: `x`, `value` (length n, by x, later writes at
 * the same x last). Buckets: all columns have `buckets` entries on the grid that all entries of the same
 * metric share; empty buckets have count 0 and NaN elsewhere. `first`, `last` are by (x, time, seq, writer)
 * over all values, non-finite included; min, max, mean are over finite values only (NaN when there are none);
 * `nan`, `posInf`, `negInf` are counts.
 */
export type SeriesEntry =
  | {
      readonly metric: string;
      readonly run: string;
      readonly mode: 'points';
      readonly x: Float64Array;
      readonly value: Float64Array;
    }
  | {
      readonly metric: string;
      readonly run: string;
      readonly mode: 'buckets';
      /** x of the bucket's last point: where the line's vertex is drawn. NaN for empty buckets. */
      readonly x: Float64Array;
      readonly first: Float64Array;
      readonly last: Float64Array;
      readonly min: Float64Array;
      readonly max: Float64Array;
      readonly mean: Float64Array;
      readonly count: Float64Array;
      readonly nan: Float64Array;
      readonly posInf: Float64Array;
      readonly negInf: Float64Array;
    };

export interface SeriesAnswer {
  /** Grid of each asked metric that is answered in buckets: edges are shared by all runs. */
  readonly grids: readonly {
    readonly metric: string;
    readonly from: number;
    readonly to: number;
    readonly buckets: number;
    readonly log: boolean;
  }[];
  readonly entries: readonly SeriesEntry[];
  /** The state of the data that the answer is from; `live` events carry later ones. */
  readonly cursor: number;
}

/**
 * Binary form of a SeriesAnswer: uint32 LE length of the header, the header (UTF-8 JSON, padded with spaces
 * so that what follows starts at a multiple of 8), then Float64 LE columns. In the header each column is
 * `[offset, length]`: a byte offset from the end of the header and a number of Float64 values.
 */
export interface SeriesHeader {
  readonly grids: SeriesAnswer['grids'];
  readonly cursor: number;
  readonly entries: readonly (Readonly<Record<string, string | readonly [number, number]>> & {
    readonly metric: string;
    readonly run: string;
    readonly mode: 'points' | 'buckets';
  })[];
}

/**
 * `GET /api/live?project=P&cursor=C`, server-sent events named `change`. The event id is the cursor. A client
 * that reconnects gets what it missed as one event (`all: true` when the server no longer knows).
 */
export interface LiveChange {
  readonly cursor: number;
  /** Runs whose rows, state or config changed, with the metric names that got points. */
  readonly runs: readonly { readonly run: string; readonly metrics: readonly string[] }[];
  readonly all: boolean;
}

/** Body of every error answer; the HTTP status is the kind's. */
export interface ErrorAnswer {
  readonly error: string;
  readonly kind: string;
}
