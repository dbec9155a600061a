/**
 * Reading a store (SPEC.md, Reading). Nothing that was not verified is ever used, and what was shown once stays shown.
 * A reader needs no permission to write and leaves nothing behind.
 */
import type { Backend } from '../backend/backend.ts';
import type { RecordBatch } from '../record/batch.ts';
import { isKind } from '../record/error.ts';
import { concatBatches, emptyBatch } from '../record/select.ts';
import type { ByteCodec } from '../shard/codec.ts';
import { parseProjectPrefix, parseRunPrefix, projectPrefix } from '../shard/layout.ts';
import type { Clock } from '../writer/clock.ts';
import { dropRepeats } from './row-content.ts';
import { RunReader } from './run-reader.ts';
import { FaultyShard, ShardBytes } from './shard-bytes.ts';
import type { RunView, VerifiedShard } from './view.ts';

/** New views that readRows takes when files of the one it reads are replaced. */
const RENEWALS_MAX = 3;

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
  /**
   * False for a shard of the view that verifies and does not decode (SPEC.md V14): views from the next refresh on do
   * without it. For those who decode by other means and failed. Errors: not-found, corrupt, unavailable.
   */
  checkRows(view: RunView, shard: VerifiedShard): Promise<boolean>;
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
  const readerOf = (project: string, run: string): RunReader => {
    const id = JSON.stringify([project, run]);
    const known = runs.get(id) ?? new RunReader({ ...options, bytes, project, run });
    runs.set(id, known);
    return known;
  };
  return {
    listProjects: () => listNames('', parseProjectPrefix),
    listRuns: (project) => listNames(projectPrefix(project), (child) => parseRunPrefix(child)?.run ?? null),
    refreshRun: async (project, run) => await readerOf(project, run).refresh(),
    readShard: async ({ key }) => (await bytes.readAgain(key)).bytes,
    checkRows: async ({ project, run }, shard) => {
      try {
        await bytes.decode(shard.key);
        return true;
      } catch (error) {
        if (!(error instanceof FaultyShard)) throw error;
        readerOf(project, run).refuse(shard, error.message);
        return false;
      }
    },
    readRows: async (view) => await readView(view, readerOf(view.project, view.run), bytes),
  };
}

async function readView(first: RunView, run: RunReader, bytes: ShardBytes): Promise<RecordBatch> {
  let view = first;
  for (let renewals = 0; ;) {
    try {
      return await readFiles(view.files, bytes);
    } catch (error) {
      if (error instanceof FaultyShard) refuse(view, error, run);
      else if (!isKind(error, 'not-found') || renewals++ === RENEWALS_MAX) throw error;
      view = await run.refresh();
    }
  }
}

function refuse({ files }: RunView, { key, message }: FaultyShard, run: RunReader): void {
  for (const file of files) if (file.key === key) run.refuse(file, message);
}

async function readFiles(files: readonly VerifiedShard[], bytes: ShardBytes): Promise<RecordBatch> {
  const sure: RecordBatch[] = [];
  const doubtful: RecordBatch[] = [];
  // A process image that ran twice cut its calls into flushes twice: its repeats may also lie in files that agree.
  const disputed = new Set(files.filter(({ conflict }) => conflict).map(({ name }) => name.writer));
  for (const { key, name } of files) {
    (disputed.has(name.writer) ? doubtful : sure).push(await bytes.decode(key));
  }
  if (doubtful.length > 0) sure.push(dropRepeats(concatBatches(doubtful)));
  return sure.length === 0 ? emptyBatch() : concatBatches(sure);
}
