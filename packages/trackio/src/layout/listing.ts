/**
 * The projects of a Trackio directory from one listing of it: no file is opened and none is asked for its size, so
 * that a thousand projects cost one system call series and not thousands.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LamellaError } from '@lamella/store';
import { INBOX_FOLDER } from './files.ts';
import { canonicalProjectName, REGISTRY_PREFIX } from './project-name.ts';

/** A database of a project. */
export interface ListedProject {
  /** The file's stem: what Trackio calls the project. */
  readonly name: string;
  readonly path: string;
  /** Whether a `-wal` or a `-journal` lies beside it: a writer is there, or one was killed. */
  readonly hasWal: boolean;
  readonly hasJournal: boolean;
  /**
   * The project's name before canonicalisation, where an old version left it in the name of its lock file
   * (0.5 to 0.23); else null.
   */
  readonly originalName: string | null;
}

/** What is wrong with a directory's names. */
export interface ListingProblem {
  /** `wal-without-database`: rows that nobody can read. `collision`: one canonical name, several files. */
  readonly problem: 'wal-without-database' | 'collision';
  /** Names of the files. */
  readonly files: readonly string[];
  /** A sentence for people. */
  readonly message: string;
}

export interface DirectoryListing {
  /** In the order of their names (UTF-16). */
  readonly projects: readonly ListedProject[];
  /** Databases of registries, by their stems. */
  readonly registries: readonly string[];
  readonly hasInbox: boolean;
  readonly hasMedia: boolean;
  readonly problems: readonly ListingProblem[];
}

/**
 * Lists the projects of a Trackio directory.
 *
 * Errors: not-found when there is no such directory, unavailable when it cannot be read.
 */
export async function listTrackioDirectory(directory: string): Promise<DirectoryListing> {
  const names = await list(directory);
  const present = new Set(names);
  const originals = originalNames(names);
  const projects: ListedProject[] = [];
  const registries: string[] = [];
  for (const file of names) {
    if (!file.endsWith('.db')) continue;
    const name = file.slice(0, -'.db'.length);
    if (name.startsWith(REGISTRY_PREFIX)) {
      registries.push(name);
      continue;
    }
    projects.push({
      name,
      path: join(directory, file),
      hasWal: present.has(`${file}-wal`),
      hasJournal: present.has(`${file}-journal`),
      originalName: originals.get(name) ?? null,
    });
  }
  return {
    projects,
    registries,
    hasInbox: present.has(INBOX_FOLDER),
    hasMedia: present.has('media'),
    problems: [...orphans(names, present), ...collisions(projects)],
  };
}

async function list(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    const missing = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
    throw new LamellaError(
      missing ? 'not-found' : 'unavailable',
      missing
        ? `there is no Trackio directory at ${directory}; check the path or TRACKIO_DIR`
        : `the Trackio directory ${directory} cannot be listed; check its permissions`,
      { cause: error },
    );
  }
}

/** A lock file with another name than its canonical one tells the original name; not when two of them do. */
function originalNames(names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  const ambiguous = new Set<string>();
  for (const file of names) {
    if (!file.endsWith('.lock')) continue;
    const name = file.slice(0, -'.lock'.length);
    const canonical = canonicalProjectName(name);
    if (name === canonical) continue;
    if (found.has(canonical)) ambiguous.add(canonical);
    found.set(canonical, name);
  }
  for (const canonical of ambiguous) found.delete(canonical);
  return found;
}

function orphans(names: readonly string[], present: ReadonlySet<string>): ListingProblem[] {
  return names
    .filter((file) => file.endsWith('.db-wal') && !present.has(file.slice(0, -'-wal'.length)))
    .map((file) => ({
      problem: 'wal-without-database',
      files: [file],
      message: `${file} is a write-ahead log without its database ${file.slice(0, -'-wal'.length)}: its rows cannot be read; copy the database back beside it`,
    }));
}

/** Names that are one to Trackio, or to a disk that does not tell upper from lower case or Unicode forms. */
function collisions(projects: readonly ListedProject[]): ListingProblem[] {
  const byName = new Map<string, string[]>();
  for (const { name } of projects) {
    const canonical = canonicalProjectName(name.normalize('NFC'));
    const files = byName.get(canonical);
    if (files === undefined) byName.set(canonical, [`${name}.db`]);
    else files.push(`${name}.db`);
  }
  return [...byName]
    .filter(([, files]) => files.length > 1)
    .map(([canonical, files]) => ({
      problem: 'collision',
      files,
      message: `${files.join(' and ')} are one project, ${canonical}, to Trackio; each is shown under the name of its file`,
    }));
}
