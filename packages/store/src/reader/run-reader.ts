/**
 * The view of one run, refreshed: list → parse → choose, verify, compare until nothing is open → view. What is
 * known is kept between refreshes, so only new files are read (SPEC.md, Reading).
 */
import type { Backend } from '../backend/backend.ts';
import type { RecordBatch } from '../record/batch.ts';
import { LamellaError } from '../record/error.ts';
import { runPrefix } from '../shard/layout.ts';
import type { ShardName } from '../shard/name.ts';
import { parseShardName } from '../shard/name.ts';
import type { Clock } from '../writer/clock.ts';
import { inParallel } from './parallel.ts';
import type { Candidate } from './range-tree.ts';
import { holdsAllRows } from './row-content.ts';
import type { ListedObject, RunListing } from './run-listing.ts';
import { listRun } from './run-listing.ts';
import type { ShardBytes } from './shard-bytes.ts';
import { baseOf, FaultyShard } from './shard-bytes.ts';
import type { RunView, VerifiedShard } from './view.ts';
import { buildView, isSameView } from './view-build.ts';
import type { KnownFile } from './writer-files.ts';
import { WriterFiles } from './writer-files.ts';

/** Listings of one refresh: a name that vanishes while it is read asks for another one. */
const LISTINGS_MAX = 3;
/** Files verified at the same time: hides latency; larger ones go one at a time, to bound memory. */
const READS_AT_ONCE = 8;
const LARGE_BYTES = 8 * 1024 * 1024;

export interface RunReaderOptions {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly bytes: ShardBytes;
  readonly project: string;
  readonly run: string;
}

export class RunReader {
  readonly #options: RunReaderOptions;
  readonly #prefix: string;
  readonly #writers = new Map<string, WriterFiles>();
  #foreign: readonly ListedObject[] = [];
  #impostors: readonly string[] = [];
  #view: RunView | null = null;
  #refreshing: Promise<RunView> | null = null;

  constructor(options: RunReaderOptions) {
    this.#options = options;
    this.#prefix = runPrefix(options.project, options.run);
  }

  /** Callers that come while a refresh is under way share it. */
  refresh(): Promise<RunView> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** A file of the view does not decode: views from now on do without it. */
  refuse({ key, name }: VerifiedShard, reason: string): void {
    this.#writers.get(name.writer)?.refuse(key, reason);
  }

  async #refresh(): Promise<RunView> {
    for (let listings = 0, hasVanished = true; hasVanished && listings < LISTINGS_MAX; listings++) {
      this.#absorb(await listRun(this.#options.backend, this.#prefix));
      hasVanished = await this.#settle();
    }
    const { project, run } = this.#options;
    const version = (this.#view?.version ?? 0) + 1;
    const foreign = { objects: this.#foreign, impostors: this.#impostors };
    const view = buildView({ project, run, version, writers: [...this.#writers.values()], foreign });
    if (this.#view === null || !isSameView(this.#view, view)) this.#view = view;
    return this.#view;
  }

  #absorb({ objects, impostors }: RunListing): void {
    const byWriter = new Map<string, [ListedObject, ShardName][]>();
    const foreign: ListedObject[] = [];
    for (const object of objects) {
      const base = baseOf(object.key);
      if (base.startsWith('_')) continue;
      const name = parseShardName(base);
      if (name === null) foreign.push(object);
      else {
        const files = byWriter.get(name.writer) ?? [];
        files.push([object, name]);
        byWriter.set(name.writer, files);
      }
    }
    this.#foreign = foreign;
    this.#impostors = impostors;
    for (const id of byWriter.keys()) {
      if (!this.#writers.has(id)) this.#writers.set(id, new WriterFiles(id, this.#options.clock));
    }
    for (const writer of this.#writers.values()) writer.absorb(byWriter.get(writer.id) ?? []);
  }

  /** Reads what the choices ask for until they ask no more. True when a listed name was not there any more. */
  async #settle(): Promise<boolean> {
    let hasVanished = false;
    let open = [...this.#writers.values()];
    while (open.length > 0) {
      const choices = open.map((writer) => ({ writer, choice: writer.choose() }));
      const toVerify = choices.flatMap(({ writer, choice }) =>
        choice.toVerify.map((candidate) => ({ writer, file: writer.fileOf(candidate) })),
      );
      await this.#inTurn(toVerify, async ({ writer, file }) => {
        if (!(await this.#verify(writer, file))) hasVanished = true;
      });
      for (const { writer, choice } of choices) {
        for (const [cover, file] of choice.toCompare) {
          writer.compared(cover, file, await this.#isContained(writer, cover, file));
        }
      }
      open = choices
        .filter(({ choice }) => choice.toVerify.length > 0 || choice.toCompare.length > 0)
        .map(({ writer }) => writer);
    }
    return hasVanished;
  }

  async #inTurn<T extends { readonly file: KnownFile }>(
    items: readonly T[],
    work: (item: T) => Promise<void>,
  ): Promise<void> {
    const small = items.filter(({ file }) => file.size <= LARGE_BYTES);
    const large = items.filter(({ file }) => file.size > LARGE_BYTES);
    await inParallel(small, READS_AT_ONCE, work);
    await inParallel(large, 1, work);
  }

  /** False when the file is gone. */
  async #verify(writer: WriterFiles, file: KnownFile): Promise<boolean> {
    try {
      const { footer } = await this.#options.bytes.read(file.key);
      writer.verified(file, footer);
    } catch (error) {
      if (!(error instanceof LamellaError)) throw error;
      if (error.kind === 'not-found') {
        writer.forget(file);
        return false;
      }
      if (error.kind === 'unsupported') file.unsupported = error.message;
      writer.setAside(file, error.message);
    }
    return true;
  }

  /** False also when one of them cannot be read now: then both are shown, which hides nothing. */
  async #isContained(writer: WriterFiles, cover: Candidate, file: Candidate): Promise<boolean> {
    const [whole, part] = [await this.#rowsOf(writer, cover), await this.#rowsOf(writer, file)];
    return whole !== null && part !== null && holdsAllRows(whole, part);
  }

  async #rowsOf(writer: WriterFiles, { key }: Candidate): Promise<RecordBatch | null> {
    try {
      return await this.#options.bytes.decode(key);
    } catch (error) {
      if (!(error instanceof LamellaError)) throw error;
      if (error instanceof FaultyShard) writer.refuse(key, error.message);
      return null;
    }
  }
}
