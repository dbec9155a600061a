/**
 * `TRACKIO_STORAGE_MODE`: how new data are stored. The publisher decides, since `auto` has to look at the disk; the
 * training process only passes its environment on.
 */
import { readdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { detectFilesystem } from '@lamella/store/node';
import type { SinkOptions } from './sink.ts';
import { loadTrackio } from './trackio-package.ts';

const MODES = ['parquet', 'sqlite', 'jsonl', 'auto'] as const;

/** Shards, Trackio's database, fragments of its inbox, or what `auto` finds. */
export type StorageMode = (typeof MODES)[number];

/** The mode that the environment asks for; `warn` is told about a value that is none. */
export function readStorageMode(env: NodeJS.ProcessEnv, warn: (text: string) => void): StorageMode {
  const given = env['TRACKIO_STORAGE_MODE']?.trim() ?? '';
  if (given === '') return 'parquet';
  const mode = MODES.find((one) => one === given.toLowerCase());
  if (mode !== undefined) return mode;
  const shown = JSON.stringify(given.slice(0, 60));
  warn(`TRACKIO_STORAGE_MODE=${shown} is not allowed (allowed: ${MODES.join(', ')}); parquet is used`);
  return 'parquet';
}

/**
 * What `auto` asks: whether the project has a database of Trackio already, on a local disk, where going on with it is safe.
 * A disk that does not answer is not touched.
 */
export async function continuesDatabase({ hello, env, tell }: SinkOptions): Promise<boolean> {
  const filesystem = await detectFilesystem(hello.dir, { env });
  for (const warning of filesystem.warnings) tell(warning);
  if (filesystem.class !== 'local' || !filesystem.answers) return false;
  const databases = (await namesIn(hello.dir)).filter((name) => name.endsWith('.db'));
  if (databases.length === 0) return false;
  const trackio = await loadTrackio('auto', tell);
  return trackio !== null && databases.includes(basename(trackio.databasePath(hello.dir, hello.project)));
}

/** A directory that is not there yet, or that may not be read, holds no database to go on with. */
async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch {
    return []; // what is wrong with it is told when something is written there
  }
}
