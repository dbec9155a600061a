import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  canonicalProjectName,
  listTrackioDirectory,
  mediaFilesOf,
  mediaPath,
  trackioRefusal,
} from '../src/index.ts';
import { type Scratch, scratch } from './directories.ts';

let work: Scratch;
beforeAll(() => {
  work = scratch();
});
afterAll(() => work.dispose());

function directoryWith(name: string, files: readonly string[]): string {
  const directory = join(work.path, name);
  mkdirSync(directory);
  for (const file of files) writeFileSync(join(directory, file), '');
  return directory;
}

describe('the name of a project’s files', () => {
  it.each([
    ['mnist', 'mnist'],
    ['my proj.v1', 'myprojv1'],
    ['Zweites Projekt ü', 'ZweitesProjektü'],
    ['dir/../ect', 'direct'],
    ['a_b-c', 'a_b-c'],
    ['実験²Ⅷ', '実験²Ⅷ'],
    ['🚀', 'default'],
    ['', 'default'],
    ['..', 'default'],
  ])('is for %j the one that Trackio uses', (project, stem) => {
    expect(canonicalProjectName(project)).toBe(stem);
  });

  it('is refused where Trackio would refuse it', () => {
    expect(trackioRefusal('registry-models')).toContain('registries');
    expect(trackioRefusal('model_artifacts')).toContain('_artifacts');
    expect(trackioRefusal('_system')).toBeNull();
    expect(trackioRefusal('mnist')).toBeNull();
  });
});

describe('a listing', () => {
  it('holds a thousand projects in the order of their names', async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `project-${String(index).padStart(4, '0')}`);
    const directory = directoryWith(
      'thousand',
      names.flatMap((name) => [`${name}.db`, `${name}.lock`]),
    );
    const listing = await listTrackioDirectory(directory);
    expect(listing.projects.map(({ name }) => name)).toEqual(names);
    expect(listing.problems).toEqual([]);
  });

  it('parts registries, sidecars and locks from projects', async () => {
    const directory = directoryWith('mixed', [
      'a.db',
      'a.db-wal',
      'a.db-shm',
      'b.db',
      'b.db-journal',
      'registry-models.db',
      'My Project.lock',
      'MyProject.db',
      'a.parquet',
      'config.json',
    ]);
    mkdirSync(join(directory, 'inbox'));
    const listing = await listTrackioDirectory(directory);
    expect(
      listing.projects.map(({ name, hasWal, hasJournal, originalName }) => [
        name,
        hasWal,
        hasJournal,
        originalName,
      ]),
    ).toEqual([
      ['MyProject', false, false, 'My Project'],
      ['a', true, false, null],
      ['b', false, true, null],
    ]);
    expect(listing.registries).toEqual(['registry-models']);
    expect([listing.hasInbox, listing.hasMedia]).toEqual([true, false]);
  });

  it('names a log without its database, and shows the rest', async () => {
    const directory = directoryWith('orphan', ['good.db', 'lost.db-wal', 'lost.db-shm']);
    const listing = await listTrackioDirectory(directory);
    expect(listing.projects.map(({ name }) => name)).toEqual(['good']);
    expect(listing.problems).toMatchObject([{ problem: 'wal-without-database', files: ['lost.db-wal'] }]);
    expect(listing.problems[0]?.message).toContain('lost.db');
  });

  it('names files that are one project to Trackio, and shows each', async () => {
    const directory = directoryWith('collision', ['my.model.db', 'mymodel.db', 'other.db']);
    const listing = await listTrackioDirectory(directory);
    expect(listing.projects).toHaveLength(3);
    expect(listing.problems).toMatchObject([{ problem: 'collision', files: ['my.model.db', 'mymodel.db'] }]);
  });

  it('of no directory is not found', async () => {
    await expect(listTrackioDirectory(join(work.path, 'nowhere'))).rejects.toMatchObject({
      kind: 'not-found',
    });
  });
});

describe('media', () => {
  it.each([
    ['p/run/3/x.png', 'p/run/3/x.png'],
    ['media/p/run/0/x.png', 'p/run/0/x.png'],
    ['p\\run\\3\\x.png', 'p/run/3/x.png'],
    ['p/../../etc/passwd', null],
    ['/etc/passwd', null],
    ['p//x.png', null],
    ['', null],
  ])('of the path %j lie at %j', (stored, path) => {
    expect(mediaPath(stored)).toBe(path);
  });

  it('are found inside tables and lists, in order, however deep', () => {
    const image = (path: string): unknown => ({ _type: 'trackio.image', file_path: path });
    const table = { _type: 'trackio.table', _value: [{ a: image('1'), b: [image('2'), { c: image('3') }] }] };
    expect(mediaFilesOf([table, image('4'), 'text', null])).toEqual(['1', '2', '3', '4']);
    expect(mediaFilesOf(JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`))).toEqual([]);
  });
});
