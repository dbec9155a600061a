/**
 * Reading a store (SPEC.md V). Nothing that was not verified is ever used, and what was shown once stays shown.
 * A reader needs no permission to write and leaves nothing behind.
 */
import type { Backend } from '../backend/backend.ts';
import type { RecordBatch } from '../record/batch.ts';
import { isKind } from '../record/error.ts';
import { concatBatches, emptyBatch } from '../record/select.ts';
import type { ByteCodec } from '../shard/codec.ts';
import { decodeShard } from '../shard/decode.ts';
import { parseProjectPrefix, parseRunPrefix, projectPrefix } from '../shard/layout.ts';
import type { Clock } from '../writer/clock.ts';
import { dropRepeats } from './row-content.ts';
import { RunReader } from './run-reader.ts';
import { ShardBytes } from './shard-bytes.ts';
import type { RunView, VerifiedShard } from './view.ts';

/** Views that readRows takes until every file of one is there. */
const VIEWS_MAX = 3;

export interface ReaderOptions {
  readonly backend: Backend;
  readonly codec: ByteCodec;
  readonly clock: Clock;
}

export interface StoreReader {
  /** Ids of all projects, sorted. Errors: unavailable. */
  listProjects(): Promise<string[]>;
  /** Ids of all runs, sorted; none for an unknown project. Errors: unavailable, invalid. */
  listRuns(project: string): Promise<string[]>;
  /**
   * What is known of a run now; an unknown one has no files. Reads only what is new since the last call.
   * Errors: unavailable (the last view stays as it was), invalid.
   */
  refreshRun(project: string, run: string): Promise<RunView>;
  /**
   * All bytes of a shard, verified now or a moment ago. Errors: not-found (a wider file has replaced it: refresh),
   * corrupt, unavailable.
   */
  readShard(shard: VerifiedShard): Promise<Uint8Array>;
  /** Every record of the view once, in no particular order. Refreshes when files have been replaced meanwhile. */
  readRows(view: RunView): Promise<RecordBatch>;
}

/** A reader with its own memory of what it has verified and shown. */
export function openReader(options: ReaderOptions): StoreReader {
  const { backend, codec } = options;
  const bytes = new ShardBytes(backend, codec);
  const runs = new Map<string, RunReader>();
  const listNames = async (prefix: string, parse: (child: string) => string | null): Promise<string[]> => {
    const { prefixes } = await backend.list(prefix, { delimiter: '/' });
    return prefixes
      .map(parse)
      .filter((name) => name !== null)
      .toSorted();
  };
  const refreshRun = (project: string, run: string): Promise<RunView> => {
    const id = JSON.stringify([project, run]);
    const known = runs.get(id) ?? new RunReader({ ...options, bytes, project, run });
    runs.set(id, known);
    return known.refresh();
  };
  return {
    listProjects: () => listNames('', parseProjectPrefix),
    listRuns: (project) => listNames(projectPrefix(project), (child) => parseRunPrefix(child)?.run ?? null),
    refreshRun: async (project, run) => await refreshRun(project, run),
    readShard: async ({ key }) => (await bytes.readAgain(key)).bytes,
    async readRows(view) {
      for (let views = 1; ; views++) {
        try {
          return await readFiles(view.files, bytes, codec);
        } catch (error) {
          if (!isKind(error, 'not-found') || views === VIEWS_MAX) throw error;
          view = await refreshRun(view.project, view.run);
        }
      }
    },
  };
}

async function readFiles(
  files: readonly VerifiedShard[],
  bytes: ShardBytes,
  codec: ByteCodec,
): Promise<RecordBatch> {
  const sure: RecordBatch[] = [];
  const doubtful: RecordBatch[] = [];
  for (const { key, conflict } of files) {
    const batch = await decodeShard((await bytes.readAgain(key)).bytes, codec);
    (conflict ? doubtful : sure).push(batch);
  }
  if (doubtful.length > 0) sure.push(dropRepeats(concatBatches(doubtful)));
  return sure.length === 0 ? emptyBatch() : concatBatches(sure);
}
