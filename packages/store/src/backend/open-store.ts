/** Opening a directory as a store: its marker says that it is one, and of which layout. */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LamellaError } from '../record/error.ts';
import { STORE_MARKER } from '../shard/layout.ts';
import { bytesSource } from './source.ts';
import { nodeCodec } from '../shard/node-codec.ts';
import { codeOf, isGone, unavailable } from './filesystem-error.ts';
import { createFilesystemBackend } from './filesystem.ts';
import type { FilesystemBackend } from './filesystem.ts';
import { syncDirectory } from './filesystem-publish.ts';

const MARKER = /^_lamella\.v(\d+)$/;
/** The layout that this program reads and writes. */
const LAYOUT = 1;
const MARKER_TEXT =
  'This directory is a Lamella store, layout 1: immutable Parquet shards. See SPEC.md of @lamella/store.\n';

export interface OpenStoreOptions {
  /** Make the directory and its marker where they are missing (writers), or fail (readers). */
  readonly create: boolean;
  /** See `FilesystemOptions.writer`. */
  readonly writer?: string;
}

/**
 * The store in directory `root`. A directory without a marker is read as what it is, for a marker may be lost
 * when a tree is copied; whoever creates writes it again.
 * Errors: not-found (no such directory, without `create`), invalid (a file), unsupported (a newer layout),
 * unavailable.
 */
export async function openStore(root: string, options: OpenStoreOptions): Promise<FilesystemBackend> {
  const path = resolve(root);
  if (options.create) await createRoot(path);
  const names = await readNames(path);
  const newest = names.reduce((most, name) => Math.max(most, Number(MARKER.exec(name)?.[1] ?? 0)), 0);
  if (newest > LAYOUT) {
    throw new LamellaError(
      'unsupported',
      `${path} is a store of layout ${newest}, this version reads layout ${LAYOUT}; upgrade Lamella`,
      { details: { path, layout: newest } },
    );
  }
  const backend = createFilesystemBackend(
    path,
    options.writer === undefined ? {} : { writer: options.writer },
  );
  if (options.create && !names.includes(STORE_MARKER)) {
    await backend.publish(STORE_MARKER, bytesSource(new TextEncoder().encode(MARKER_TEXT), nodeCodec));
  }
  return backend;
}

async function createRoot(path: string): Promise<void> {
  try {
    await makeDirectory(path);
  } catch (error) {
    throw await unavailable('create', path, error);
  }
}

/**
 * Level by level, each synced into its parent. Not mkdir's own `recursive`: that one never returns where a
 * filesystem answers ENOENT below a directory that is there (/proc does, and automounted homes may).
 */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = codeOf(error);
    // What stands there is looked at afterwards.
    if (code === 'EEXIST') return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path) throw error;
    await makeDirectory(parent);
    await mkdir(path).catch((again: unknown) => {
      if (codeOf(again) !== 'EEXIST') throw again;
    });
  }
  await syncDirectory(dirname(path));
}

async function readNames(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) {
      throw new LamellaError(
        'invalid',
        `${path} is not a directory, and a store is one; name another (--dir, TRACKIO_DIR)`,
      );
    }
    return await readdir(path);
  } catch (error) {
    if (error instanceof LamellaError) throw error;
    if (!isGone(codeOf(error))) throw await unavailable('open', path, error);
    throw new LamellaError(
      'not-found',
      `there is no directory ${path}; check the path, or train something first: lamella creates it`,
      { cause: error, details: { path } },
    );
  }
}
