/**
 * Every project of one store, opened when asked for: the engine, the watch and the feeds behind one owner.
 * A server makes one with a thread for the watch; a command makes one in place and asks for whole passes.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LamellaError } from '@lamella/store';
import { systemClock } from '@lamella/store/node';
import { canonicalProjectName } from '@lamella/trackio';
import { openEngine } from './engine.ts';
import type { Engine } from './engine.ts';
import { ProjectFeed } from './feed.ts';
import { writeSchemaFile } from './ingest.ts';
import { nearNames } from './near-names.ts';
import { createPrivateDirectory } from './private-directory.ts';
import { ProjectSnapshot } from './snapshot.ts';
import type { Glance } from './glance.ts';
import { openDirectoryWatch } from './directory-watch.ts';
import type { Watch } from './watch.ts';
import { startWatchThread } from './watch-thread.ts';

export interface SnapshotsOptions {
  /** Root of the store. */
  readonly dir: string;
  /** Watch the store from a thread, so that this one never blocks on hashing. */
  readonly thread: boolean;
  /** DuckDB's memory in megabytes. */
  readonly memoryMb?: number;
  onTrouble(message: string): void;
}

/** A project's glance is not repeated sooner than this. */
const GLANCE_MS = 5_000;

export class Snapshots {
  readonly engine: Engine;
  readonly watch: Watch;
  readonly #directory: string;
  readonly #schemaFile: string;
  readonly #onTrouble: (message: string) => void;
  readonly #feeds = new Map<string, ProjectFeed>();
  readonly #glances = new Map<string, { at: number; glance: Promise<Glance> }>();
  readonly #reported = new Set<string>();
  #files = 0;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(parts: {
    engine: Engine;
    watch: Watch;
    directory: string;
    schemaFile: string;
    onTrouble: (message: string) => void;
  }) {
    this.engine = parts.engine;
    this.watch = parts.watch;
    this.#directory = parts.directory;
    this.#schemaFile = parts.schemaFile;
    this.#onTrouble = parts.onTrouble;
  }

  /** Errors: not-found (no such directory), unsupported (newer format), unavailable. */
  static async open(options: SnapshotsOptions): Promise<Snapshots> {
    const directory = await createPrivateDirectory();
    let engine: Engine | null = null;
    try {
      const watchOptions = { dir: options.dir, copies: join(directory, 'copies') };
      const watch = await (options.thread
        ? startWatchThread(watchOptions)
        : openDirectoryWatch(watchOptions));
      engine = await openEngine({ directory, ...(options.memoryMb ? { memoryMb: options.memoryMb } : {}) });
      const schemaFile = await writeSchemaFile(engine.writing, directory);
      return new Snapshots({ engine, watch, directory, schemaFile, onTrouble: options.onTrouble });
    } catch (error) {
      engine?.close();
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  listProjects(): Promise<readonly string[]> {
    return this.watch.listProjects();
  }

  /** The feed of a project that exists. Errors: not-found, naming the near ones. */
  async feed(project: string): Promise<ProjectFeed> {
    const known = this.#feeds.get(project);
    if (known) {
      return known;
    }
    const projects = await this.listProjects();
    const canonical = canonicalProjectName(project);
    if (!projects.includes(project) && projects.includes(canonical)) {
      // Trackio's files have this name, whatever its user calls the project.
      return this.feed(canonical);
    }
    if (!projects.includes(project)) {
      throw new LamellaError(
        'not-found',
        `no project ${JSON.stringify(project)}; ${nearNames('projects', project, projects)}`,
      );
    }
    return this.#feeds.get(project) ?? this.#open(project);
  }

  /** Runs and newest record of a project, loaded or not. */
  async glance(project: string): Promise<Glance> {
    const feed = this.#feeds.get(project);
    if (feed?.loaded) {
      const last = [...feed.snapshot.runs.values()].map(({ totals }) => totals.lastUs ?? 0);
      const newestUs = last.reduce((a, b) => Math.max(a, b), 0);
      return { runs: last.length, lastActivity: newestUs === 0 ? null : newestUs / 1000 };
    }
    const known = this.#glances.get(project);
    const now = systemClock.monotonic();
    if (known && now - known.at < GLANCE_MS) {
      return known.glance;
    }
    const glance = this.watch.glance(project).catch((error: unknown) => this.#noGlance(project, error));
    this.#glances.set(project, { at: now, glance });
    return glance;
  }

  /** A project that cannot be read now is listed without numbers; the others are not to suffer. */
  #noGlance(project: string, error: unknown): Glance {
    if (!(error instanceof LamellaError)) {
      throw error;
    }
    this.#report(`project ${project}: ${error.message}`);
    return { runs: 0, lastActivity: null };
  }

  /** What is wrong with the directory or with projects that nobody has opened; each said once. */
  async reportProblems(): Promise<void> {
    for (const problem of await this.watch.problems()) this.#report(problem);
  }

  #report(problem: string): void {
    if (this.#reported.has(problem)) return;
    this.#reported.add(problem);
    this.#onTrouble(problem);
  }

  /** Stops polling, ends the thread, closes DuckDB and removes the private directory. */
  async close(): Promise<void> {
    await Promise.all([...this.#feeds.values()].map((feed) => feed.close()));
    await this.watch.close();
    this.engine.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  #open(project: string): ProjectFeed {
    const snapshot = new ProjectSnapshot({
      project,
      ordinal: this.#feeds.size,
      engine: this.engine,
      watch: this.watch,
      schemaFile: this.#schemaFile,
      nextFile: () => this.#files++,
      exclusive: (work) => this.#exclusive(work),
      clock: systemClock,
    });
    const feed = new ProjectFeed({
      snapshot,
      watch: this.watch,
      clock: systemClock,
      onTrouble: this.#onTrouble,
    });
    this.#feeds.set(project, feed);
    return feed;
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work, work);
    this.#writing = done.catch(() => undefined);
    return done;
  }
}
