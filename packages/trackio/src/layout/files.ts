/**
 * Where Trackio keeps the files of a project. Nothing here touches the disk.
 */
import { join } from 'node:path';
import { canonicalProjectName } from './project-name.ts';

/** The folder of JSONL fragments in a Trackio directory. */
export const INBOX_FOLDER = 'inbox';

/** The folder of images, tables' files and saved files in a Trackio directory. */
export const MEDIA_FOLDER = 'media';

/** The files of one database. */
export interface DatabaseFiles {
  readonly database: string;
  readonly wal: string;
  readonly shm: string;
  readonly journal: string;
}

/** The database of a project by its name, original or canonical. */
export function databasePath(directory: string, project: string): string {
  return join(directory, `${canonicalProjectName(project)}.db`);
}

/** The database at `path` and what SQLite puts beside it. */
export function databaseFiles(path: string): DatabaseFiles {
  return { database: path, wal: `${path}-wal`, shm: `${path}-shm`, journal: `${path}-journal` };
}
