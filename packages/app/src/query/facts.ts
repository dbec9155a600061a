/**
 * What the `run` and `config` records of a run say: name, group, start of each writer, end of each writer,
 * config, and calls that were dropped. Pure: rows in, facts out.
 *
 * Every rank writes its own config. Per key the lowest rank counts, then the latest record; name and group
 * come from the start record of the lowest rank, the latest of those where a run was resumed.
 */

/** One row of kind `run` or `config`. */
export interface FactRow {
  readonly writer: string;
  readonly seq: number;
  readonly kind: string;
  readonly key: string;
  /** Microseconds since 1970 UTC. */
  readonly time: number;
  readonly data: string | null;
}

/** A writer as its own records describe it. */
export interface WriterFacts {
  readonly id: string;
  readonly rank: number;
  /** Time of its start record; its first record where it has none. */
  readonly startedUs: number;
  readonly end: { readonly state: string; readonly reason: string | null } | null;
}

export interface RunFacts {
  readonly name: string | null;
  readonly group: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly writers: ReadonlyMap<string, WriterFacts>;
  /** Log calls that writers say they had to drop. */
  readonly droppedCalls: number;
}

export const NO_FACTS: RunFacts = {
  name: null,
  group: null,
  config: {},
  writers: new Map(),
  droppedCalls: 0,
};

/** Folds rows in any order. Malformed `data` counts as absent. */
export function foldFacts(rows: readonly FactRow[]): RunFacts {
  const ordered = rows.toSorted((a, b) => a.time - b.time || a.seq - b.seq || (a.writer < b.writer ? -1 : 1));
  const writers = foldWriters(ordered);
  const rankOf = (row: FactRow): number => writers.get(row.writer)?.rank ?? Number.MAX_SAFE_INTEGER;
  const config = new Map<string, { rank: number; data: unknown }>();
  let start: { rank: number; data: Readonly<Record<string, unknown>> } | null = null;
  let droppedCalls = 0;
  for (const row of ordered) {
    const rank = rankOf(row);
    if (row.kind === 'config') {
      const known = config.get(row.key);
      if (!known || rank <= known.rank) {
        config.set(row.key, { rank, data: parseJson(row.data) });
      }
    } else if (row.key === 'start' && (!start || rank <= start.rank)) {
      start = { rank, data: parseObject(row.data) };
    } else if (row.key === 'gap') {
      const { calls } = parseObject(row.data);
      droppedCalls += typeof calls === 'number' ? calls : 0;
    }
  }
  return {
    name: textOf(start?.data['name']),
    group: textOf(start?.data['group']),
    config: Object.fromEntries([...config].map(([key, { data }]) => [key, data])),
    writers,
    droppedCalls,
  };
}

function foldWriters(ordered: readonly FactRow[]): Map<string, WriterFacts> {
  const writers = new Map<string, WriterFacts>();
  for (const row of ordered) {
    const known = writers.get(row.writer) ?? { id: row.writer, rank: 0, startedUs: row.time, end: null };
    const data = row.kind === 'run' ? parseObject(row.data) : {};
    if (row.kind === 'run' && row.key === 'start') {
      const rank = data['rank'];
      writers.set(row.writer, { ...known, rank: typeof rank === 'number' ? rank : 0, startedUs: row.time });
    } else if (row.kind === 'run' && row.key === 'end') {
      writers.set(row.writer, {
        ...known,
        end: { state: textOf(data['state']) ?? 'finished', reason: textOf(data['reason']) },
      });
    } else {
      writers.set(row.writer, known);
    }
  }
  return writers;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function parseObject(data: string | null): Readonly<Record<string, unknown>> {
  const value = parseJson(data);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** ES2026 gives the source text to the reviver; the language's types do not say so yet. */
const parseWithSource = JSON.parse as (text: string, reviver: typeof exactInteger) => unknown;

/** Only a number of so many digits can be an integer beyond what a double holds. */
const MANY_DIGITS = /\d{16}/;

/** The text of an integer that a double would round, as a string with all its digits; else the value. */
function exactInteger(_key: string, value: unknown, { source = '' }: { source?: string }): unknown {
  const rounded =
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    /^-?\d+$/.test(source) &&
    String(BigInt(value as number)) !== source;
  return rounded ? source : value;
}

/** JSON of a record's `data`; null for none, the text itself when it is not JSON. Large integers are strings. */
export function parseJson(data: string | null): unknown {
  if (data === null) {
    return null;
  }
  try {
    return (MANY_DIGITS.test(data) ? parseWithSource(data, exactInteger) : JSON.parse(data)) as unknown;
  } catch {
    // Records of other tools may hold plain text: shown as such rather than hidden.
    return data;
  }
}
