/**
 * The runs of a Trackio project and the pieces of each that were told: what a look adds and takes away. To Trackio
 * a run is the pair of id and name; here it needs one id.
 */
import type { TrackioRun } from '@lamella/trackio';
import type { RunSight, ShardSight } from './watch.ts';

export interface SeenRun {
  readonly id: string;
  readonly name: string;
  /** Name of the one writer that its rows are said to be from. */
  readonly writer: string;
  /** Time of its first row, microseconds since 1970 UTC. */
  firstUs: number | null;
  /** JSON of its config; null while none was seen. */
  config: string | null;
  /** Rows whose JSON cannot be read. */
  unreadable: number;
}

interface Pieces {
  readonly told: Set<string>;
  readonly ofFragment: Map<string, string[]>;
  facts: string | null;
  added: ShardSight[];
  removed: string[];
  /** Grows with every piece: what the state "running" is judged by. */
  pulse: number;
  problems: string;
}

/** Bytes that a row is taken for when pieces are put into transactions of bounded size. */
const ROW_BYTES = 128;

export class TrackioRuns {
  readonly #byIdentity = new Map<string, SeenRun>();
  readonly #pieces = new Map<SeenRun, Pieces>();
  readonly #ids = new Set<string>();
  #taken: ReadonlySet<string> = new Set();

  get size(): number {
    return this.#byIdentity.size;
  }

  /** Begins a look; `taken` are ids that runs of another store have. */
  begin(taken: ReadonlySet<string>): void {
    this.#taken = taken;
  }

  /** The run, a new one when it is new. An id that is taken is told apart by the run's name, then by its origin. */
  of({ project, id, name }: TrackioRun): SeenRun {
    const identity = JSON.stringify([project, id, name]);
    const known = this.#byIdentity.get(identity);
    if (known) return known;
    const wanted = [id ?? name, `${id ?? 'trackio'}:${name}`, `trackio:${identity}`];
    const free = wanted.find((each) => each !== '' && !this.#ids.has(each) && !this.#taken.has(each));
    const chosen = free ?? identity;
    const run = { id: chosen, name, writer: `trackio:${chosen}`, firstUs: null, config: null, unreadable: 0 };
    this.#ids.add(chosen);
    this.#byIdentity.set(identity, run);
    this.#pieces.set(run, {
      told: new Set(),
      ofFragment: new Map(),
      facts: null,
      added: [],
      removed: [],
      pulse: 0,
      problems: '',
    });
    return run;
  }

  /** Adds a piece of so many rows. */
  add(run: SeenRun, key: string, rows: number, fragment?: string): void {
    const pieces = this.#pieces.get(run)!;
    pieces.told.add(key);
    pieces.added.push({ key, size: (rows + 1) * ROW_BYTES, conflict: false });
    pieces.pulse++;
    if (fragment === undefined) return;
    const list = pieces.ofFragment.get(fragment) ?? [];
    pieces.ofFragment.set(fragment, [...list, key]);
  }

  replaceFacts(run: SeenRun, key: string): void {
    const pieces = this.#pieces.get(run)!;
    if (pieces.facts !== null) this.#drop(pieces, pieces.facts);
    pieces.facts = key;
    pieces.told.add(key);
    pieces.added.push({ key, size: ROW_BYTES, conflict: false });
  }

  dropFragment(fragment: string): void {
    for (const pieces of this.#pieces.values()) {
      for (const key of pieces.ofFragment.get(fragment) ?? []) this.#drop(pieces, key);
      pieces.ofFragment.delete(fragment);
    }
  }

  /** Everything that was told goes, to be told anew. */
  forgetPieces(): void {
    for (const [run, pieces] of this.#pieces) {
      for (const key of pieces.told) this.#drop(pieces, key);
      pieces.ofFragment.clear();
      pieces.facts = null;
      run.config = null;
      run.unreadable = 0;
    }
  }

  /** Ends a look: the sights of the runs that changed. `problems` concern every run. */
  end(problems: readonly string[]): RunSight[] {
    const sights: RunSight[] = [];
    for (const [run, pieces] of this.#pieces) {
      const all =
        run.unreadable === 0
          ? problems
          : [...problems, `${run.unreadable} rows hold no JSON object and are shown without values`];
      const text = all.join('\n');
      const { added, removed } = pieces;
      if (added.length === 0 && removed.length === 0 && text === pieces.problems) continue;
      pieces.problems = text;
      pieces.added = [];
      pieces.removed = [];
      const writers = [{ id: run.writer, highest: pieces.pulse, ended: false }];
      sights.push({ run: run.id, added, removed, writers, problems: all, origin: 'trackio' });
    }
    return sights;
  }

  #drop(pieces: Pieces, key: string): void {
    if (!pieces.told.delete(key)) return;
    const fresh = pieces.added.findIndex((piece) => piece.key === key);
    if (fresh >= 0) pieces.added.splice(fresh, 1);
    else pieces.removed.push(key);
  }
}
