/**
 * A piece of a table of logged rows, in columns: what the reader hands on. A row is one `log` call; its values are
 * cells. Runs and keys are ordinals in the reader's own lists, which only grow.
 */
import type { CellColumns, JsonRow, NameTable } from './cells.ts';
import { CellBuilder } from './cells.ts';
import { parseQuotedStep } from './step.ts';
import { TimeParser } from './timestamp.ts';

/** One run: to Trackio a run is the pair of id and name. */
export interface TrackioRun {
  /** Only in databases of 0.0.12, whose rows name their project themselves; else null. */
  readonly project: string | null;
  /** Null in databases without run ids (before 0.24), where the name is the identity. */
  readonly id: string | null;
  readonly name: string;
}

/** Parts project, id and name of a run in its encoded identity. */
export const UNIT_SEPARATOR = '\u001f';

/** A run as one text, to be looked up by. */
export function encodeRun({ project, id, name }: TrackioRun): string {
  return [project ?? '', id ?? '', name].join(UNIT_SEPARATOR);
}

/** The run of an encoded identity. An empty project or id is none. */
export function decodeRun(identity: string): TrackioRun {
  const [project = '', id = '', ...name] = identity.split(UNIT_SEPARATOR);
  return {
    project: project === '' ? null : project,
    id: id === '' ? null : id,
    name: name.join(UNIT_SEPARATOR),
  };
}

/** Rows in the order of their rowids. Every column has exactly `rows` elements. */
export interface LogChunk {
  readonly rows: number;
  readonly rowid: Float64Array;
  /** Ordinal in the reader's `runs`. */
  readonly run: Uint32Array;
  /** The step, floored; meaningless where `stepNull` is 1 (system metrics have none). */
  readonly step: BigInt64Array;
  readonly stepNull: Uint8Array;
  /** The steps that are no integers, by row. */
  readonly exactStep: ReadonlyMap<number, number>;
  /** Microseconds since 1970 UTC, an integer; NaN where the text is not a time. */
  readonly timeUs: Float64Array;
  /** Ordinal in `times`, the texts as they are stored; neighbours share them, a batch has one time. */
  readonly time: Uint32Array;
  readonly times: readonly string[];
  readonly cells: CellColumns;
  /** Rows whose JSON could not be read: they are here, without cells. */
  readonly unreadable: readonly number[];
  /** The rowid to go on after; equal to the one asked with when there was nothing. */
  readonly last: number;
}

/** Fills one chunk. The dictionaries outlive it. */
export class ChunkBuilder {
  readonly #runs: NameTable;
  readonly #cells: CellBuilder;
  readonly #rowid: Float64Array;
  readonly #run: Uint32Array;
  readonly #step: BigInt64Array;
  readonly #stepHalves: Int32Array;
  readonly #stepNull: Uint8Array;
  readonly #timeUs: Float64Array;
  readonly #time: Uint32Array;
  readonly #times: string[] = [];
  readonly #exactStep = new Map<number, number>();
  readonly #unreadable: number[] = [];
  #rows = 0;
  #lastRun = '';
  #lastRunOrdinal = -1;
  #lastTime = '';
  #lastTimeUs = Number.NaN;
  readonly #timeParser = new TimeParser();

  /** Room for `capacity` rows. `runs` are encoded identities, `keys` the metrics' names. */
  constructor(capacity: number, runs: NameTable, keys: NameTable) {
    this.#runs = runs;
    this.#cells = new CellBuilder(keys);
    this.#rowid = new Float64Array(capacity);
    this.#run = new Uint32Array(capacity);
    this.#step = new BigInt64Array(capacity);
    this.#stepHalves = new Int32Array(this.#step.buffer);
    this.#stepNull = new Uint8Array(capacity);
    this.#timeUs = new Float64Array(capacity);
    this.#time = new Uint32Array(capacity);
  }

  /** Adds a row without its cells; answers its ordinal. */
  addRow(rowid: number, identity: string, time: string): number {
    const row = this.#rows;
    if (identity !== this.#lastRun || this.#lastRunOrdinal < 0) {
      this.#lastRun = identity;
      this.#lastRunOrdinal = this.#runs.ordinal(identity);
    }
    if (time !== this.#lastTime || this.#times.length === 0) {
      this.#times.push(time);
      this.#lastTime = time;
      this.#lastTimeUs = this.#timeParser.parse(time);
    }
    this.#rowid[row] = rowid;
    this.#run[row] = this.#lastRunOrdinal;
    this.#timeUs[row] = this.#lastTimeUs;
    this.#time[row] = this.#times.length - 1;
    this.#rows = row + 1;
    return row;
  }

  /** The run of a row, as its ordinal. */
  runOf(row: number): number {
    return this.#run[row] ?? 0;
  }

  /** Sets a step from SQLite's `quote()`; plain integers take no BigInt on their way. */
  setQuotedStep(row: number, quoted: string): void {
    const number = quoted.length < 16 ? Number(quoted) : Number.NaN;
    if (Number.isSafeInteger(number) && quoted !== '') {
      this.setStep(row, number);
      return;
    }
    const parsed = parseQuotedStep(quoted);
    this.#stepNull[row] = parsed === null ? 1 : 0;
    if (parsed === null) return;
    this.#step[row] = parsed.step;
    if (parsed.exact !== null) this.#exactStep.set(row, parsed.exact);
  }

  /** Sets a step that is a safe integer, or none. */
  setStep(row: number, step: number | null): void {
    this.#stepNull[row] = step === null ? 1 : 0;
    if (step === null) return;
    this.#stepHalves[row * 2] = step | 0;
    this.#stepHalves[row * 2 + 1] = Math.floor(step / 4_294_967_296);
  }

  /** Adds the cells of a row; false when its JSON has to be parsed exactly. Rows in ascending order only. */
  addCells(row: number, object: JsonRow): boolean {
    return this.#cells.addRow(row, object);
  }

  addUnreadable(row: number): void {
    this.#unreadable.push(row);
  }

  /** The chunk. The builder must not be used afterwards. */
  take(after: number): LogChunk {
    const rows = this.#rows;
    return {
      rows,
      rowid: this.#rowid.subarray(0, rows),
      run: this.#run.subarray(0, rows),
      step: this.#step.subarray(0, rows),
      stepNull: this.#stepNull.subarray(0, rows),
      exactStep: this.#exactStep,
      timeUs: this.#timeUs.subarray(0, rows),
      time: this.#time.subarray(0, rows),
      times: this.#times,
      cells: this.#cells.take(),
      unreadable: this.#unreadable,
      last: rows === 0 ? after : (this.#rowid[rows - 1] ?? after),
    };
  }
}
