/** One pass over all directories of a run: its own, and the optional level of rank groups (`g00/`). */
import type { Backend } from '../backend/backend.ts';
import { isRankGroup } from '../shard/layout.ts';
import { parseShardName } from '../shard/name.ts';
import { inParallel } from './parallel.ts';

/** Group directories listed at the same time. */
const LISTINGS_AT_ONCE = 8;

export interface ListedObject {
  readonly key: string;
  readonly size: number;
}

export interface RunListing {
  readonly objects: readonly ListedObject[];
  /** Directories that bear the name of a shard: planted, or a copy gone wrong. */
  readonly impostors: readonly string[];
}

/** `prefix` is the run's. Not a snapshot. Errors: unavailable. */
export async function listRun(backend: Backend, prefix: string): Promise<RunListing> {
  const top = await backend.list(prefix, { delimiter: '/' });
  const groups = top.prefixes.filter((child) => isRankGroup(child.slice(prefix.length)));
  const listings = [top];
  await inParallel(groups, LISTINGS_AT_ONCE, async (group) => {
    listings.push(await backend.list(group, { delimiter: '/' }));
  });
  const directories = listings.flatMap(({ prefixes }) => prefixes);
  return {
    objects: listings.flatMap(({ objects }) => objects),
    impostors: directories.map((directory) => directory.slice(0, -1)).filter(isNamedAsShard),
  };
}

function isNamedAsShard(key: string): boolean {
  return parseShardName(key.slice(key.lastIndexOf('/') + 1)) !== null;
}
