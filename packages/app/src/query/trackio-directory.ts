/**
 * The projects of a Trackio directory, read without touching it: which there are, a source for each that is asked
 * for, one inbox for all. On a local disk databases are opened where they lie; elsewhere checked copies are.
 */
import { join } from 'node:path';
import { detectFilesystem } from '@lamella/store/node';
import { canonicalProjectName, Inbox, listTrackioDirectory, TrackioSource } from '@lamella/trackio';
import type { DirectoryListing, FilesystemClass } from '@lamella/trackio';
import { TrackioGlances } from './trackio-glance.ts';
import type { Glance } from './glance.ts';
import { TrackioProject } from './trackio-project.ts';

export interface TrackioDirectoryOptions {
  readonly dir: string;
  /** A private folder on a disk of this host. */
  readonly copies: string;
  readonly monotonic: () => number;
  readonly env: NodeJS.ProcessEnv;
}

/** A listing is believed this long: fragments of a new project are to be seen within two seconds. */
const LISTING_MS = 500;

export class TrackioDirectory {
  readonly #options: TrackioDirectoryOptions;
  #class: Promise<FilesystemClass> | null = null;
  readonly #inbox: Inbox;
  readonly #projects = new Map<string, TrackioProject>();
  readonly #glances: TrackioGlances;
  #inboxUnderWay: Promise<void> | null = null;
  #badLines = 0;
  #listed: { at: number; listing: Promise<DirectoryListing> } | null = null;
  #copies = 0;

  constructor(options: TrackioDirectoryOptions) {
    this.#options = options;
    this.#inbox = new Inbox(options.dir);
    this.#glances = new TrackioGlances((path) => this.#openSource(path));
  }

  /** Names of the projects: of databases and of fragments. Errors: not-found, unavailable. */
  async listProjects(): Promise<Set<string>> {
    const [listing] = await Promise.all([this.#list(), this.refreshInbox()]);
    const names = new Set(listing.projects.map(({ name }) => name));
    for (const { project } of this.#inbox.batches()) names.add(project);
    return names;
  }

  /** The project, or null when there is none of that name. The inbox has been refreshed then. */
  async project(name: string): Promise<TrackioProject | null> {
    const names = await this.listProjects();
    const known = this.#projects.get(name);
    if (known || !names.has(name)) return known ?? null;
    const project = new TrackioProject({
      name,
      source: await this.#openSource(join(this.#options.dir, `${name}.db`)),
      inbox: this.#inbox,
      monotonic: this.#options.monotonic,
    });
    const first = this.#projects.get(name) ?? project;
    this.#projects.set(name, first);
    return first;
  }

  /** The one that is open already. */
  opened(name: string): TrackioProject | null {
    return this.#projects.get(name) ?? null;
  }

  /** Runs and newest change, without reading more than that needs. Errors: those of a named problem. */
  async glance(name: string): Promise<Glance> {
    await this.refreshInbox();
    const local = (await this.#filesystem()) === 'local';
    const path = join(this.#options.dir, `${name}.db`);
    return await this.#glances.glance(path, local, this.#inbox.batches(name), this.#inbox.runs);
  }

  /** What is wrong with names, with lines of the inbox, and with databases: each is opened for a moment. */
  async problems(): Promise<string[]> {
    const { problems, projects } = await this.#list();
    await this.refreshInbox();
    const found = problems.map(({ message }) => message);
    if (this.#badLines > 0) found.push(`${this.#badLines} lines of fragments in the inbox are no records`);
    for (const { path } of projects) {
      const trouble = await this.#glances.trouble(path, (await this.#filesystem()) === 'local');
      if (trouble !== null) found.push(trouble);
    }
    return found;
  }

  /** Looks for fragments that came or went; two at once would count twice. */
  async refreshInbox(): Promise<void> {
    this.#inboxUnderWay ??= this.#readInbox();
    await this.#inboxUnderWay;
  }

  async #readInbox(): Promise<void> {
    try {
      const { badLines } = await this.#inbox.refresh();
      this.#badLines += badLines;
    } finally {
      this.#inboxUnderWay = null;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#projects.values()].map((project) => project.close()));
  }

  /** What disk the directory is on, asked when there is a database. Never rejects for what it finds. */
  async #filesystem(): Promise<FilesystemClass> {
    const { dir, env } = this.#options;
    this.#class ??= detectFilesystem(dir, { env }).then((found) => found.class);
    return await this.#class;
  }

  async #openSource(path: string): Promise<TrackioSource> {
    const copyFolder = join(this.#options.copies, `trackio-${this.#copies++}`);
    return new TrackioSource({ path, filesystem: await this.#filesystem(), copyFolder });
  }

  async #list(): Promise<DirectoryListing> {
    const now = this.#options.monotonic();
    if (this.#listed === null || now - this.#listed.at > LISTING_MS) {
      const listing = listTrackioDirectory(this.#options.dir);
      this.#listed = { at: now, listing };
    }
    return await this.#listed.listing;
  }
}

/** Which of Lamella's projects Trackio's project `name` is: the one of that name, else the only one that Trackio would call so. */
export function ownName(name: string, own: readonly string[]): string {
  if (own.includes(name)) return name;
  const same = own.filter((each) => canonicalProjectName(each) === name);
  return same.length === 1 ? same[0]! : name;
}
