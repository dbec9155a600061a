/**
 * The values of a table's rows in columns. Trackio keeps one JSON object a row, `{"loss": 0.5, "acc": 0.9}`;
 * here it is one cell for each key. Numbers go to `value`; everything else keeps its JSON in `data`, as in
 * Lamella's own records.
 */

/** Cells in the order of their rows, and of the keys in each. All arrays have at least `count` elements. */
export interface CellColumns {
  readonly count: number;
  /** Ordinal of the row in its chunk. */
  readonly row: Uint32Array;
  /** Ordinal of the key in the reader's `keys`. */
  readonly key: Uint32Array;
  /** The number; NaN, ±Inf and −0 exact; booleans are 1 and 0. Meaningless where `valueNull` is 1. */
  readonly value: Float64Array;
  readonly valueNull: Uint8Array;
  /** By ordinal of the cell: JSON of what is not a plain number, digits of an integer beyond 2^53. */
  readonly data: ReadonlyMap<number, string>;
}

/** A JSON object of a row. */
export type JsonRow = Readonly<Record<string, unknown>>;

const LONG_DIGITS = /\d{16}/;
const NON_FINITE: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** Raw JSON (ECMAScript's JSON.rawJSON), which TypeScript's library does not know yet. */
interface RawJson {
  readonly rawJSON: string;
}
interface ExactJson {
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
  parse(
    text: string,
    reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
}
const exactJson = JSON as unknown as ExactJson;

/** Names and their ordinals, in the order of their first appearance. */
export class NameTable {
  readonly names: string[] = [];
  readonly #ordinals = new Map<string, number>();

  /** The ordinal of `name`, a new one when it is new. */
  ordinal(name: string): number {
    let ordinal = this.#ordinals.get(name);
    if (ordinal === undefined) {
      ordinal = this.names.push(name) - 1;
      this.#ordinals.set(name, ordinal);
    }
    return ordinal;
  }
}

/** Collects cells; columns grow by doubling. */
export class CellBuilder {
  readonly #keys: NameTable;
  #count = 0;
  #row = new Uint32Array(1024);
  #key = new Uint32Array(1024);
  #value = new Float64Array(1024);
  #valueNull = new Uint8Array(1024);
  #data = new Map<number, string>();
  /** Names of the row before and their ordinals: rows of a run have the same keys, and no map is asked. */
  readonly #lastNames: string[] = [];
  readonly #lastOrdinals: number[] = [];

  constructor(keys: NameTable) {
    this.#keys = keys;
  }

  /**
   * Adds the cells of a parsed row. Answers false, and adds nothing, when the row holds an integer that a double
   * cannot: then it has to be parsed with `parseExact`.
   */
  addRow(row: number, object: JsonRow): boolean {
    const before = this.#count;
    let column = 0;
    for (const name in object) {
      const value = object[name];
      const key = this.#keyOf(column, name);
      column += 1;
      if (
        typeof value === 'number' &&
        (Math.abs(value) <= Number.MAX_SAFE_INTEGER || !Number.isInteger(value))
      ) {
        this.#push(row, key, value, null);
      } else if (!this.#addOther(row, key, value)) {
        for (let cell = before; cell < this.#count; cell += 1) this.#data.delete(cell);
        this.#count = before;
        return false;
      }
    }
    return true;
  }

  /** The cells so far; the builder is empty afterwards. */
  take(): CellColumns {
    const count = this.#count;
    const cells: CellColumns = {
      count,
      row: this.#row.slice(0, count),
      key: this.#key.slice(0, count),
      value: this.#value.slice(0, count),
      valueNull: this.#valueNull.slice(0, count),
      data: this.#data,
    };
    this.#count = 0;
    this.#data = new Map();
    return cells;
  }

  #keyOf(column: number, name: string): number {
    if (this.#lastNames[column] !== name) {
      this.#lastNames[column] = name;
      this.#lastOrdinals[column] = this.#keys.ordinal(name);
    }
    return this.#lastOrdinals[column] ?? 0;
  }

  #addOther(row: number, key: number, value: unknown): boolean {
    if (typeof value === 'string') {
      const number = NON_FINITE.get(value);
      if (number === undefined) this.#push(row, key, null, JSON.stringify(value));
      else this.#push(row, key, number, null);
    } else if (typeof value === 'boolean') {
      this.#push(row, key, value ? 1 : 0, String(value));
    } else if (typeof value === 'number') {
      return false;
    } else if (value !== null && exactJson.isRawJSON(value)) {
      this.#pushLong(row, key, value.rawJSON);
    } else {
      const data = JSON.stringify(value);
      if (LONG_DIGITS.test(data) && !isExact(value)) return false;
      this.#push(row, key, null, data);
    }
    return true;
  }

  /** Python writes `1e+300` for floats and digits for integers: only digits have to be kept. */
  #pushLong(row: number, key: number, source: string): void {
    this.#push(row, key, Number(source), /^-?\d+$/.test(source) ? source : null);
  }

  #push(row: number, key: number, value: number | null, data: string | null): void {
    const cell = this.#count;
    if (cell === this.#row.length) this.#grow();
    this.#row[cell] = row;
    this.#key[cell] = key;
    this.#value[cell] = value ?? 0;
    this.#valueNull[cell] = value === null ? 1 : 0;
    if (data !== null) this.#data.set(cell, data);
    this.#count = cell + 1;
  }

  #grow(): void {
    const length = this.#row.length * 2;
    const [row, key, value, valueNull] = [this.#row, this.#key, this.#value, this.#valueNull];
    this.#row = new Uint32Array(length);
    this.#key = new Uint32Array(length);
    this.#value = new Float64Array(length);
    this.#valueNull = new Uint8Array(length);
    this.#row.set(row);
    this.#key.set(key);
    this.#value.set(value);
    this.#valueNull.set(valueNull);
  }
}

/** Objects made by parseExact, whose numbers need no second look. */
const exactObjects = new WeakSet();

function isExact(value: unknown): boolean {
  return typeof value === 'object' && value !== null && exactObjects.has(value);
}

/**
 * Parses one row's JSON so that no digit is lost, whatever is in it: integers beyond 2^53 become raw JSON, the bare
 * tokens `NaN` and `Infinity` that Python's json module writes become the strings Trackio uses for them.
 *
 * Null when it is not a JSON object.
 */
export function parseExact(text: string): JsonRow | null {
  const parsed = tryParse(text) ?? tryParse(text.replaceAll(BARE_TOKENS, quoteToken));
  const isRow = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  return isRow ? (parsed as JsonRow) : null;
}

const BARE_TOKENS = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/gs;

function quoteToken(token: string): string {
  return token.startsWith('"') ? token : `"${token}"`;
}

function tryParse(text: string): unknown {
  try {
    return exactJson.parse(text, (_name, value, { source }) => {
      if (typeof value === 'object' && value !== null) exactObjects.add(value);
      const isLong =
        typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER;
      return isLong && source !== undefined ? exactJson.rawJSON(source) : value;
    });
  } catch {
    return null; // not JSON: the caller tells which row it was
  }
}
