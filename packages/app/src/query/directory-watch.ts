/**
 * A directory that may hold Lamella's shards, Trackio's databases and fragments, or all of them, as one `Watch`.
 * Projects of one name are one project: its runs are those of both.
 */
import { systemClock } from '@lamella/store/node';
import { LamellaError } from '@lamella/store';
import type { Glance } from './glance.ts';
import { ownName, TrackioDirectory } from './trackio-directory.ts';
import { openWatch } from './watch.ts';
import type { LocalShard, Look, Watch, WatchOptions } from './watch.ts';

const TRACKIO_KEY = 'trackio:';

/** Opens a directory for reading. Errors: not-found (no such directory), unsupported (newer format). */
export async function openDirectoryWatch(options: WatchOptions): Promise<Watch> {
  const own = await openWatch(options);
  const trackio = new TrackioDirectory({
    dir: options.dir,
    copies: options.copies,
    monotonic: () => systemClock.monotonic(),
    env: process.env,
  });
  return new DirectoryWatch(own, trackio);
}

class DirectoryWatch implements Watch {
  readonly #own: Watch;
  readonly #trackio: TrackioDirectory;
  /** Trackio's name of a project by the name it is shown under. */
  readonly #names = new Map<string, string>();

  constructor(own: Watch, trackio: TrackioDirectory) {
    this.#own = own;
    this.#trackio = trackio;
  }

  async listProjects(): Promise<readonly string[]> {
    const own = await this.#own.listProjects();
    const theirs = await this.#trackio.listProjects();
    const names = new Set(own);
    for (const name of theirs) {
      const shown = ownName(name, own);
      this.#names.set(shown, name);
      names.add(shown);
    }
    return [...names].sort();
  }

  async glance(project: string): Promise<Glance> {
    const own = await this.#own.glance(project);
    const name = this.#names.get(project);
    if (name === undefined) return own;
    const theirs = await this.#trackio.glance(name);
    return {
      runs: own.runs === null || theirs.runs === null ? null : own.runs + theirs.runs,
      lastActivity: latest(own.lastActivity, theirs.lastActivity),
    };
  }

  async look(project: string, whole: boolean = false): Promise<Look> {
    const own = await this.#own.look(project);
    const began = systemClock.monotonic();
    const theirs = await this.#trackio.project(this.#names.get(project) ?? project);
    const listingMs = own.listingMs + (systemClock.monotonic() - began);
    if (theirs === null) return { ...own, listingMs };
    try {
      const look = await theirs.look(whole, new Set(own.runs));
      return {
        runs: [...own.runs, ...look.changed.map(({ run }) => run)],
        changed: [...own.changed, ...look.changed],
        listingMs,
        more: look.more,
        age: look.age,
        warnings: look.warnings,
      };
    } catch (error) {
      // What Lamella itself has of the project is shown all the same.
      if (!(error instanceof LamellaError) || own.runs.length === 0) throw error;
      return { ...own, listingMs, warnings: [error.message] };
    }
  }

  async problems(): Promise<readonly string[]> {
    return await this.#trackio.problems();
  }

  async fetch(
    project: string,
    run: string,
    shards: readonly { readonly key: string; readonly id: number }[],
  ): Promise<readonly LocalShard[]> {
    const files = shards.filter(({ key }) => !key.startsWith(TRACKIO_KEY));
    const copies = new Map(
      (files.length === 0 ? [] : await this.#own.fetch(project, run, files)).map((copy) => [copy.key, copy]),
    );
    const theirs = this.#trackio.opened(this.#names.get(project) ?? project);
    return shards.map(({ key }): LocalShard => {
      const columns = key.startsWith(TRACKIO_KEY) ? (theirs?.take(key) ?? null) : null;
      return columns === null ? (copies.get(key) ?? { key, path: null }) : { key, path: null, columns };
    });
  }

  async refuseFaulty(project: string, run: string, keys: readonly string[]): Promise<number> {
    const files = keys.filter((key) => !key.startsWith(TRACKIO_KEY));
    return files.length === 0 ? 0 : await this.#own.refuseFaulty(project, run, files);
  }

  async close(): Promise<void> {
    await this.#trackio.close();
    await this.#own.close();
  }
}

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
