import { cpSync, readdirSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalProjectName, listTrackioDirectory, openTrackioDatabase } from '../src/index.ts';
import { describeDatabase, rowsByRun, walBytesOf } from './describe-database.ts';
import { DATABASE_VERSIONS, expected, type Scratch, scratch, unpack } from './directories.ts';

interface ExpectedProject {
  readonly db: string;
  readonly value_storage: readonly string[];
  readonly metric_rows?: number;
  readonly metric_rows_if_wal_is_ignored?: number;
}
interface Expected {
  readonly trackio_version: string;
  readonly written_with: unknown;
  readonly display_names: Readonly<Record<string, string>>;
  readonly projects: readonly ExpectedProject[];
  readonly files: readonly string[];
}

let work: Scratch;
beforeAll(() => {
  work = scratch();
});
afterAll(() => work.dispose());

describe.each(DATABASE_VERSIONS)('a directory of Trackio %s', (version) => {
  const known = expected(version) as Expected;

  it('lists the projects and names what is there', async () => {
    const directory = unpack(version, work.path);
    const files = readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
    const listing = await listTrackioDirectory(directory);
    expect(files.sort()).toEqual([...known.files].sort());
    expect(listing.projects.map(({ path }) => basename(path)).sort()).toEqual(
      known.projects.map(({ db }) => db).sort(),
    );
    expect(listing.problems).toEqual([]);
    expect(listing.hasMedia).toBe(true);
    for (const [name, db] of Object.entries(known.display_names)) {
      expect(`${canonicalProjectName(name)}.db`).toBe(db);
    }
  });

  it.each(known.projects)('shows exactly what was logged to $db', (project) => {
    const directory = unpack(version, work.path);
    const path = join(directory, project.db);
    const walBytes = walBytesOf(path);
    const database = openTrackioDatabase(path);
    try {
      const counts =
        project.metric_rows === undefined
          ? {}
          : {
              metric_rows: rowsByRun(database.logs, 'metrics').flatMap(({ steps }) => steps).length,
              metric_rows_if_wal_is_ignored: rowsWithoutWal(path),
            };
      expect({
        ...(describeDatabase(database, directory, walBytes) as object),
        value_storage: storageOf(path),
        ...counts,
      }).toEqual(project);
    } finally {
      database.close();
    }
  });

  it('reads the same in chunks of one row as in one chunk', () => {
    const directory = unpack(version, work.path);
    for (const { db } of known.projects) {
      const database = openTrackioDatabase(join(directory, db));
      expect(rowsByRun(database.logs, 'metrics', 1)).toEqual(rowsByRun(database.logs, 'metrics'));
      database.close();
    }
  });
});

function storageOf(path: string): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare('SELECT DISTINCT typeof(metrics) AS storage FROM metrics').all();
    return rows.map((row) => row['storage']);
  } finally {
    database.close();
  }
}

function rowsWithoutWal(path: string): number {
  const alone = join(work.path, 'alone.db');
  cpSync(path, alone);
  const database = openTrackioDatabase(alone);
  try {
    return rowsByRun(database.logs, 'metrics').flatMap(({ steps }) => steps).length;
  } finally {
    database.close();
    for (const file of [alone, `${alone}-wal`, `${alone}-shm`]) rmSync(file, { force: true });
  }
}
