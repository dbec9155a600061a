/**
 * Going on with a run in Trackio's formats: its last step may be in the database, or in fragments that Trackio has not taken in
 * yet. Both are read as one reads what belongs to others: on a shared disk the database is copied, never opened where it lies.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detectFilesystem } from '@lamella/store/node';
import type { LogChunk, TrackioConfig, TrackioDatabase, TrackioRun } from '@lamella/trackio';
import type { Hello } from '../pipe/frame.ts';
import type { Past } from './resume.ts';
import type { SinkOptions } from './sink.ts';
import type { TrackioBatches } from './trackio-batch.ts';
import type { Trackio } from './trackio-package.ts';

/** Finds the run's past, and has `batches` go on with it. Errors: those of a named problem of the database. */
export async function goOn(trackio: Trackio, options: SinkOptions, batches: TrackioBatches): Promise<Past> {
  const runs = new KnownRuns();
  await readDatabase(trackio, options, runs);
  await readInbox(trackio, options.hello, runs);
  const found = runs.find(options.hello);
  if (found === null) return { exists: false, nextStep: 0n };
  batches.goOnWith(found, found.config);
  return { exists: true, nextStep: found.nextStep };
}

interface KnownRun {
  readonly id: string;
  readonly name: string;
  nextStep: bigint;
  config: string | null;
}

/** The runs of a project, in the order in which they are met. Those without an id (before Trackio 0.24) cannot go on. */
class KnownRuns {
  readonly #runs = new Map<string, KnownRun>();

  add(chunk: LogChunk, runs: readonly TrackioRun[]): void {
    for (let row = 0; row < chunk.rows; row++) {
      const run = this.#known(runs[chunk.run[row] ?? 0]);
      const step = chunk.step[row] ?? 0n;
      if (run !== null && chunk.stepNull[row] === 0 && step >= run.nextStep) run.nextStep = step + 1n;
    }
  }

  addConfigs(configs: readonly TrackioConfig[]): void {
    for (const { run, config } of configs) {
      const known = this.#known(run);
      if (known !== null) known.config = config;
    }
  }

  /** By its id; else, as Trackio does, the latest one of that name. */
  find({ run, name }: Hello): KnownRun | null {
    return this.#runs.get(run) ?? [...this.#runs.values()].findLast((known) => known.name === name) ?? null;
  }

  #known(run: TrackioRun | undefined): KnownRun | null {
    if (run === undefined || run.id === null) return null;
    const known = this.#runs.get(run.id);
    if (known !== undefined) return known;
    const made: KnownRun = { id: run.id, name: run.name, nextStep: 0n, config: null };
    this.#runs.set(run.id, made);
    return made;
  }
}

async function readDatabase(trackio: Trackio, { hello, env }: SinkOptions, runs: KnownRuns): Promise<void> {
  const filesystem = await detectFilesystem(hello.dir, { env });
  const copyFolder = await mkdtemp(join(tmpdir(), 'lamella-resume-'));
  const path = trackio.databasePath(hello.dir, hello.project);
  const source = new trackio.TrackioSource({ path, filesystem: filesystem.class, copyFolder });
  try {
    await source.refresh();
    addAll(source.database, runs);
  } catch (error) {
    if (!NOTHING_YET.has(trackio.problemOf(error) ?? '')) throw error;
  } finally {
    await source.close();
    await rm(copyFolder, { recursive: true, force: true });
  }
}

/** Databases that hold no run, and will when they are written. */
const NOTHING_YET: ReadonlySet<string> = new Set(['missing', 'zero-byte', 'not-yet']);

function addAll(database: TrackioDatabase, runs: KnownRuns): void {
  for (let after = 0; ;) {
    const chunk = database.logs.read('metrics', after);
    if (chunk.rows === 0) break;
    runs.add(chunk, database.logs.runs);
    after = chunk.last;
  }
  runs.addConfigs(database.configs());
}

async function readInbox(trackio: Trackio, hello: Hello, runs: KnownRuns): Promise<void> {
  const inbox = new trackio.Inbox(hello.dir);
  await inbox.refresh();
  for (const batch of inbox.batches(trackio.canonicalProjectName(hello.project))) {
    runs.add(batch.metrics, inbox.runs);
    runs.addConfigs(batch.configs);
  }
}
