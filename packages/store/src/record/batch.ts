/**
 * A batch of records in columns: what a flush holds, what a shard decodes to. One row per (log call, key);
 * the columns and their meaning are SPEC.md, Records. Never an object per row on a hot path.
 */
export interface RecordBatch {
  /** Number of rows; every column has exactly this length. */
  readonly count: number;
  /** Writer id of each row (26 characters of lower-case base32). */
  readonly writer: readonly string[];
  /** Ordinal of the log call in its writer, from 0; a safe integer. Rows of one call share it. */
  readonly seq: Float64Array;
  /** `metric`, `system`, `config`, `run`, …; unknown kinds are carried along. */
  readonly kind: readonly string[];
  /** Metric name, config key, run event, … */
  readonly key: readonly string[];
  /** User step, any int64; meaningless where `stepNull` is 1. */
  readonly step: BigInt64Array;
  readonly stepNull: Uint8Array;
  /** When it was logged, by the writer's clock: microseconds since 1970 UTC, an integer. */
  readonly time: Float64Array;
  /** The number; NaN, ±Inf and −0 exact. Meaningless where `valueNull` is 1. */
  readonly value: Float64Array;
  readonly valueNull: Uint8Array;
  /** JSON of anything that is not a plain number, or null. */
  readonly data: readonly (string | null)[];
}
