/**
 * The aggregates of a bucket, declared once: as SQL over the column `v`, and as a fold with the merge of two
 * parts. DuckDB's reduction, the plain one (`reduction.ts`, its oracle) and summaries of parts all follow
 * this table, so they cannot drift apart.
 *
 * `first` and `last` are not here: they are by (x, time, seq, writer) over all values, see `SeriesOrder`.
 */

/**
 * Finite values are summed scaled by an exact power of two, so that no sum of up to 2^32 doubles overflows.
 * What the scaling loses lies below 1e-280.
 */
const SUM_SCALE = 2 ** -32;

/** One aggregate. `add` folds a value in, `merge` joins two parts; both start from `empty`. */
export interface Aggregate {
  readonly name: 'count' | 'nan' | 'posInf' | 'negInf' | 'min' | 'max' | 'sum';
  /** SQL over column `v`; null where nothing qualified. */
  readonly sql: string;
  readonly empty: number;
  add(part: number, value: number): number;
  merge(a: number, b: number): number;
}

const plus = (a: number, b: number): number => a + b;

export const AGGREGATES: readonly Aggregate[] = [
  { name: 'count', sql: 'count(*)', empty: 0, add: (n) => n + 1, merge: plus },
  {
    name: 'nan',
    sql: 'count(*) FILTER (isnan(v))',
    empty: 0,
    add: (n, v) => n + (Number.isNaN(v) ? 1 : 0),
    merge: plus,
  },
  {
    name: 'posInf',
    sql: "count(*) FILTER (v = 'inf'::DOUBLE)",
    empty: 0,
    add: (n, v) => n + (v === Number.POSITIVE_INFINITY ? 1 : 0),
    merge: plus,
  },
  {
    name: 'negInf',
    sql: "count(*) FILTER (v = '-inf'::DOUBLE)",
    empty: 0,
    add: (n, v) => n + (v === Number.NEGATIVE_INFINITY ? 1 : 0),
    merge: plus,
  },
  {
    name: 'min',
    sql: 'min(v) FILTER (isfinite(v))',
    empty: Number.NaN,
    add: (part, v) => (Number.isFinite(v) ? least(part, v) : part),
    merge: least,
  },
  {
    name: 'max',
    sql: 'max(v) FILTER (isfinite(v))',
    empty: Number.NaN,
    add: (part, v) => (Number.isFinite(v) ? greatest(part, v) : part),
    merge: greatest,
  },
  {
    name: 'sum',
    sql: `sum(v * ${SUM_SCALE.toExponential()}) FILTER (isfinite(v))`,
    empty: 0,
    add: (part, v) => part + (Number.isFinite(v) ? v * SUM_SCALE : 0),
    merge: plus,
  },
];

/** The parts of one bucket by aggregate name. */
export type BucketParts = Record<Aggregate['name'], number>;

/** Mean of the finite values, kept within their extremes; NaN when there are none. */
export function meanOf(parts: BucketParts): number {
  const finite = parts.count - parts.nan - parts.posInf - parts.negInf;
  if (finite <= 0) {
    return Number.NaN;
  }
  return Math.min(parts.max, Math.max(parts.min, parts.sum / finite / SUM_SCALE));
}

/** The smaller of two where NaN stands for none. */
function least(a: number, b: number): number {
  return a <= b || Number.isNaN(b) ? a : b;
}

/** The larger of two where NaN stands for none. */
function greatest(a: number, b: number): number {
  return a >= b || Number.isNaN(b) ? a : b;
}
