/**
 * The grid that all runs of a metric share: `buckets` equal parts (of x, or of its logarithm) of the extent
 * of the points in view. Shared edges make tooltips line up and need no join in the browser.
 *
 * Bucket i holds edge(i) <= x < edge(i + 1); the last one includes its upper edge. Linear buckets are one
 * IEEE expression, the same in SQL and here. Logarithms may differ in the last bit between libraries, so
 * there the bucket is decided by comparing x with edges that are computed here only.
 */

export interface Grid {
  /** x of the first point in view. */
  readonly from: number;
  /** x of the last point in view; >= from. */
  readonly to: number;
  readonly buckets: number;
  readonly log: boolean;
}

/** The bucket of `x`, which lies in [from, to]. */
export function bucketOf(grid: Grid, x: number, edges: Float64Array | null): number {
  const last = grid.buckets - 1;
  if (grid.to === grid.from) {
    return 0;
  }
  if (!edges) {
    return Math.min(last, Math.floor(((x - grid.from) / (grid.to - grid.from)) * grid.buckets));
  }
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle]! <= x) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/** The lower edges of a logarithmic grid; null for a linear one. */
export function logEdges(grid: Grid): Float64Array | null {
  if (!grid.log) {
    return null;
  }
  const from = Math.log(grid.from);
  const width = (Math.log(grid.to) - from) / grid.buckets;
  return Float64Array.from({ length: grid.buckets }, (_, i) =>
    i === 0 ? grid.from : Math.exp(from + i * width),
  );
}

/** `rows` (SQL with a column x inside the grid) with its bucket as an INTEGER column b. */
export function bucketedSql(rows: string, grid: Grid, edges: Float64Array | null): string {
  const last = grid.buckets - 1;
  if (grid.to === grid.from) {
    return `SELECT *, 0 AS b FROM (${rows})`;
  }
  if (!edges) {
    const part = `(x - ${sqlDouble(grid.from)}) / ${sqlDouble(grid.to - grid.from)}`;
    return `SELECT *, least(${last}, floor(${part} * ${sqlDouble(grid.buckets)}))::INTEGER AS b FROM (${rows})`;
  }
  // The logarithm's guess g is at most one bucket off; comparing x with the edges (a 1-based list) decides.
  const from = Math.log(grid.from);
  const scale = sqlDouble(grid.buckets / (Math.log(grid.to) - from));
  const guess = `greatest(0, least(${last}, floor((ln(x) - ${sqlDouble(from)}) * ${scale})::INTEGER))`;
  const list = `([${Array.from(edges, sqlDouble).join(',')}]::DOUBLE[])`;
  return `SELECT * EXCLUDE (g), g - (CASE WHEN x < ${list}[g + 1] THEN 1 ELSE 0 END)
      + (CASE WHEN g < ${last} AND x >= ${list}[g + 2] THEN 1 ELSE 0 END) AS b
    FROM (SELECT *, ${guess} AS g FROM (${rows}))`;
}

/** A finite number as an exact DOUBLE literal (a plain decimal would be a DECIMAL). */
export function sqlDouble(x: number): string {
  return `${Object.is(x, -0) ? '-' : ''}${x.toExponential()}::DOUBLE`;
}
