/**
 * What the project list shows of a project that nobody has opened: how many runs, and the time of its newest
 * record. Reads the last shard of a few writers instead of the project.
 */
import { decodeShard, isKind, parseShardName, runPrefix, verifyShard } from '@lamella/store';
import type { Backend, ShardName, StoreReader } from '@lamella/store';
import { nodeCodec } from '@lamella/store/node';

/** What can be told about a project without loading it. */
export interface Glance {
  /** Null where that cannot be told without reading a whole database over a network. */
  readonly runs: number | null;
  /** Milliseconds since 1970 UTC. */
  readonly lastActivity: number | null;
}

/** Shards read per project at most; a project with more writers is judged by those of its last runs. */
const SHARDS_READ_MAX = 16;
/** A shard larger than this is old and merged; its time is not worth reading it whole. */
const SHARD_READ_BYTES_MAX = 4_000_000;

/** Errors: unavailable. */
export async function glanceAt(backend: Backend, reader: StoreReader, project: string): Promise<Glance> {
  const runs = await reader.listRuns(project);
  let newest: number | null = null;
  let left = SHARDS_READ_MAX;
  for (const run of runs.toReversed()) {
    if (left <= 0) {
      break;
    }
    for (const key of await lastShards(backend, project, run)) {
      if (left-- > 0) {
        newest = Math.max(
          newest ?? Number.NEGATIVE_INFINITY,
          (await newestTime(backend, key)) ?? Number.NEGATIVE_INFINITY,
        );
      }
    }
  }
  return { runs: runs.length, lastActivity: newest === null || !Number.isFinite(newest) ? null : newest };
}

/** The key of each writer's highest shard. */
async function lastShards(backend: Backend, project: string, run: string): Promise<string[]> {
  const last = new Map<string, { key: string; name: ShardName }>();
  for (const { key, size } of (await backend.list(runPrefix(project, run))).objects) {
    const name = parseShardName(key.slice(key.lastIndexOf('/') + 1));
    const known = name ? last.get(name.writer) : undefined;
    if (name && size <= SHARD_READ_BYTES_MAX && (!known || known.name.last < name.last)) {
      last.set(name.writer, { key, name });
    }
  }
  return [...last.values()].map(({ key }) => key);
}

async function newestTime(backend: Backend, key: string): Promise<number | null> {
  try {
    const bytes = await backend.read(key);
    verifyShard(key.slice(key.lastIndexOf('/') + 1), bytes, nodeCodec);
    const { time } = await decodeShard(bytes, nodeCodec);
    return time.reduce((newest, us) => Math.max(newest, us), Number.NEGATIVE_INFINITY) / 1000;
  } catch (error) {
    // A file that is gone, damaged or newer has no say here; opening the project reports it.
    if (isKind(error, 'not-found') || isKind(error, 'corrupt') || isKind(error, 'unsupported')) {
      return null;
    }
    throw error;
  }
}
