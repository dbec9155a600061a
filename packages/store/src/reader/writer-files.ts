/**
 * All files of one writer that a reader knows of, and which of them it shows. It holds what the listings said
 * and what verification found; the choice itself is in `choose.ts`.
 */
import type { ShardFooter } from '../shard/footer.ts';
import type { ShardName } from '../shard/name.ts';
import type { Clock } from '../writer/clock.ts';
import type { Choice, Containment } from './choose.ts';
import { chooseFiles } from './choose.ts';
import type { FlushRange } from './hole.ts';
import { HoleWatch, missingRanges } from './hole.ts';
import type { Candidate } from './range-tree.ts';
import type { ListedObject } from './run-listing.ts';
import { SetAside } from './set-aside.ts';
import { baseOf } from './shard-bytes.ts';
import type { VerifiedShard } from './view.ts';

/** A file by its key. */
export class KnownFile implements Candidate {
  readonly key: string;
  readonly base: string;
  readonly name: ShardName;
  size: number;
  footer: ShardFooter | null = null;
  /** Set while its bytes are, or lately were, bad. */
  aside: SetAside | null = null;
  /** Why its rows cannot be had although its bytes are what they should be: its writer was faulty. */
  faulty: string | null = null;
  /** Why a newer Lamella is needed to read it. */
  unsupported: string | null = null;
  /** In the latest listing. */
  isListed = true;
  #shards: { readonly sure: VerifiedShard; readonly conflict: VerifiedShard } | null = null;

  constructor(key: string, name: ShardName, size: number) {
    this.key = key;
    this.base = baseOf(key);
    this.name = name;
    this.size = size;
  }

  get isAside(): boolean {
    if (this.faulty !== null || this.unsupported !== null) return true;
    return this.footer === null && this.aside?.isActive() === true;
  }

  /** The same object every time, so that views can be compared cheaply. */
  shard(footer: ShardFooter, conflict: boolean): VerifiedShard {
    const { key, name, size } = this;
    this.#shards ??= {
      sure: { key, name, size, footer, conflict: false },
      conflict: { key, name, size, footer, conflict: true },
    };
    return conflict ? this.#shards.conflict : this.#shards.sure;
  }
}

const NOTHING: Choice = { shown: [], conflicts: [], toVerify: [], toCompare: [] };

export class WriterFiles {
  readonly id: string;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #holes: HoleWatch;
  readonly #files = new Map<string, KnownFile>();
  readonly #compared = new Map<string, boolean>();
  #choice: Choice = NOTHING;
  #isChanged = true;
  lost: FlushRange[] = [];

  constructor(id: string, clock: Pick<Clock, 'monotonic'>) {
    this.id = id;
    this.#clock = clock;
    this.#holes = new HoleWatch(clock);
  }

  get files(): Iterable<KnownFile> {
    return this.#files.values();
  }

  /** What is shown, by the latest choice. */
  get choice(): Choice {
    return this.#choice;
  }

  /** Takes what one listing shows of this writer. What is shown stays, listed or not. */
  absorb(listed: readonly (readonly [ListedObject, ShardName])[]): void {
    const keys = new Set<string>();
    for (const [{ key, size }, name] of listed) {
      keys.add(key);
      const known = this.#files.get(key);
      if (known === undefined) this.#add(new KnownFile(key, name, size));
      else this.#seenAgain(known, size);
    }
    this.#drop(keys);
    this.lost = this.#holes.observe(
      missingRanges([...this.#files.values()].map(({ name }) => [name.first, name.last])),
    );
  }

  /** Chooses anew if anything has changed. What is shown changes only with a choice that leaves nothing open. */
  choose(): Choice {
    const files = [...this.#files.values()];
    const isRetryDue = files.some(({ aside, footer }) => footer === null && aside?.isActive() === false);
    if (!this.#isChanged && !isRetryDue) return this.#choice;
    const isContained: Containment = (cover, file) => this.#compared.get(`${cover.key}\n${file.key}`);
    const choice = chooseFiles(files, isContained);
    this.#isChanged = choice.toVerify.length > 0 || choice.toCompare.length > 0;
    if (!this.#isChanged) this.#choice = choice;
    return choice;
  }

  fileOf(candidate: Candidate): KnownFile {
    const file = this.#files.get(candidate.key);
    if (file === undefined) throw new TypeError(`${candidate.key} is no file of writer ${this.id}`);
    return file;
  }

  verified(file: KnownFile, footer: ShardFooter): void {
    file.footer = footer;
    file.aside = null;
    this.#isChanged = true;
  }

  setAside(file: KnownFile, reason: string): void {
    if (file.aside === null) file.aside = new SetAside(this.#clock, reason);
    else file.aside.again(reason);
    this.#isChanged = true;
  }

  /** The bytes of a verified file do not decode: it is not used any more, and what it covered is. */
  refuse(key: string, reason: string): void {
    const file = this.#files.get(key);
    if (file === undefined) return;
    file.faulty = reason;
    this.#isChanged = true;
  }

  compared(cover: Candidate, file: Candidate, isContained: boolean): void {
    this.#compared.set(`${cover.key}\n${file.key}`, isContained);
    this.#isChanged = true;
  }

  /** Its name was listed and yet it is not there: it counts as not listed. */
  forget(file: KnownFile): void {
    this.#files.delete(file.key);
    this.#isChanged = true;
  }

  #add(file: KnownFile): void {
    this.#files.set(file.key, file);
    this.#isChanged = true;
  }

  #seenAgain(file: KnownFile, size: number): void {
    file.isListed = true;
    if (file.size === size || file.footer !== null) return;
    // Other bytes than those that were bad.
    file.size = size;
    file.aside = null;
    this.#isChanged = true;
  }

  /** What is not among `keys` is forgotten unless it is shown. */
  #drop(keys: ReadonlySet<string>): void {
    const shown = new Set(this.#choice.shown.map(({ file }) => file.key));
    const vanished: ShardName[] = [];
    for (const file of this.#files.values()) {
      if (keys.has(file.key)) continue;
      if (file.isListed) vanished.push(file.name);
      file.isListed = false;
      if (!shown.has(file.key)) this.forget(file);
    }
    if (vanished.length === 0) return;
    for (const { name, aside } of this.#files.values()) {
      // A file that covers what has vanished, and was bad, may be good by now.
      if (aside !== null && vanished.some(({ first, last }) => name.first <= first && name.last >= last)) {
        aside.expire();
      }
    }
  }
}
