/**
 * Runs in the guest on client B: follows the store live as a dashboard would, checks every row that comes, and
 * measures how long after its publication a shard is there to be read.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeShard, openReader, type RunView, type StoreReader, type VerifiedShard } from '@lamella/store';
import { type FilesystemBackend, nodeCodec, openStore, systemClock } from '@lamella/store/node';
import { ShardTally } from '../shard-tally.ts';
import { ENDED, LOCAL, MOUNT_B, RESULTS } from './pair.ts';
import { PROJECT, STORE, type WriterFate } from './shard-writers.ts';

export interface ReaderOptions {
  readonly writers: number;
  readonly pollMs: number;
}

/** `reader.json`. */
export interface ReaderResult {
  readonly polls: number;
  readonly shards: number;
  /** Server's time of publication, and the guest's when the shard was in the view: their clocks differ. */
  readonly shardTimes: readonly { readonly publishedMs: number; readonly visibleMs: number }[];
  /** From `log()` to visible, of the oldest row of each shard. */
  readonly loggedToVisibleMs: readonly number[];
  /** Flushes that a view showed and a later one did not. */
  readonly takenBack: number;
  readonly wrong: number;
  readonly doubled: number;
  readonly halves: number;
  /** Files that a view called bad, in conflict or unsupported. */
  readonly faults: readonly string[];
  /** Refreshes that failed; the next one is tried. */
  readonly errors: readonly string[];
  /** Calls of each process that were seen. */
  readonly calls: readonly number[];
}

/** How long the last shards may take to come into view. */
const CATCH_UP_MS = 15_000;

class Follower {
  readonly #backend: FilesystemBackend;
  readonly #reader: StoreReader;
  readonly #tally: ShardTally;
  readonly #writers: number;
  readonly #seen = new Set<string>();
  readonly #faults = new Set<string>();
  readonly #errors: string[] = [];
  readonly #shardTimes: { publishedMs: number; visibleMs: number }[] = [];
  readonly #loggedToVisibleMs: number[] = [];
  #polls = 0;
  #takenBack = 0;

  constructor(backend: FilesystemBackend, writers: number) {
    this.#backend = backend;
    this.#writers = writers;
    this.#reader = openReader({ backend, codec: nodeCodec, clock: systemClock });
    this.#tally = new ShardTally(writers);
  }

  async poll(): Promise<void> {
    this.#polls += 1;
    try {
      // From the top down, as a dashboard does: what is looked up by name is known from a listing to exist. An NFS
      // client that has asked for a name too early goes on believing for half a minute that there is none.
      const projects = await this.#reader.listProjects();
      const runs = projects.includes(PROJECT) ? await this.#reader.listRuns(PROJECT) : [];
      for (const run of runs) {
        const view = await this.#reader.refreshRun(PROJECT, run);
        const visibleMs = Date.now();
        this.#judge(view);
        for (const shard of view.files) await this.#take(shard, visibleMs);
      }
    } catch (error) {
      this.#errors.push(String(error));
    }
  }

  /** Whether all calls that may not be lost have been seen. */
  hasAll(fates: readonly WriterFate[]): boolean {
    return fates.every(({ index, killed, calls }) => killed === 'tree' || this.#tally.prefix(index) >= calls);
  }

  result(): ReaderResult {
    const indexes = Array.from({ length: this.#writers }, (_, index) => index);
    const sum = (of: (index: number) => number): number =>
      indexes.reduce((total, index) => total + of(index), 0);
    return {
      polls: this.#polls,
      shards: this.#seen.size,
      shardTimes: this.#shardTimes,
      loggedToVisibleMs: this.#loggedToVisibleMs,
      takenBack: this.#takenBack,
      wrong: this.#tally.wrong,
      doubled: sum((index) => this.#tally.doubled(index)),
      halves: sum((index) => this.#tally.halves(index)),
      faults: [...this.#faults],
      errors: this.#errors,
      calls: indexes.map((index) => this.#tally.present(index)),
    };
  }

  #judge({ run, files, bad, conflicts, unsupported }: RunView): void {
    for (const { key, reason } of [...bad, ...unsupported]) this.#faults.add(`${key}: ${reason}`);
    for (const { keys, reason } of conflicts) this.#faults.add(`${keys.join(' and ')}: ${reason}`);
    const shown = new Set(files.map(({ key }) => key));
    for (const key of this.#seen) if (key.includes(`/run=${run}/`) && !shown.has(key)) this.#takenBack += 1;
  }

  async #take(shard: VerifiedShard, visibleMs: number): Promise<void> {
    if (this.#seen.has(shard.key)) return;
    this.#seen.add(shard.key);
    // The change time is that of the renaming: when the shard got its name.
    const publishedMs = lstatSync(this.#backend.pathOf(shard.key)).ctimeMs;
    this.#shardTimes.push({ publishedMs, visibleMs });
    const batch = await decodeShard(await this.#reader.readShard(shard), nodeCodec);
    this.#tally.add(batch);
    const metricTimes = batch.time.filter((_, row) => batch.kind[row] === 'metric');
    if (metricTimes.length > 0) this.#loggedToVisibleMs.push(visibleMs - Math.min(...metricTimes) / 1000);
  }
}

async function main({ writers, pollMs }: ReaderOptions): Promise<void> {
  const root = join(MOUNT_B, STORE);
  const isOver = (): boolean => existsSync(ENDED.a);
  // By listing: an NFS client that has looked a name up too early believes for long that it does not exist.
  while (!readdirSync(MOUNT_B).includes(STORE) && !isOver()) await sleep(100);
  const follower = new Follower(await openStore(root, { create: false }), writers);
  while (!isOver()) {
    await follower.poll();
    await sleep(pollMs * (0.8 + 0.4 * Math.random()));
  }
  const fates = JSON.parse(readFileSync(join(LOCAL, 'writers.json'), 'utf8')) as readonly WriterFate[];
  for (
    const end = Date.now() + CATCH_UP_MS;
    Date.now() < end && !follower.hasAll(fates);
    await sleep(pollMs)
  ) {
    await follower.poll();
  }
  await follower.poll();
  writeFileSync(join(RESULTS, 'reader.json'), JSON.stringify(follower.result()));
}

if (process.argv[1] === import.meta.filename) await main(JSON.parse(process.argv[2] ?? '') as ReaderOptions);
