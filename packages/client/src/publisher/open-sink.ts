/** Finds the sink of a run, which may have to ask the disk: at its first use, so that the pipe waits for nothing. */
import { fragmentSink } from './fragment-sink.ts';
import { shardSink } from './shard-sink.ts';
import type { Sink, SinkOptions } from './sink.ts';
import { sqliteSink } from './sqlite-sink.ts';
import { continuesDatabase, readStorageMode } from './storage-mode.ts';
import type { StorageMode } from './storage-mode.ts';
import { loadTrackio } from './trackio-package.ts';

/** The sink of a run. Nothing is touched before its first use. */
export function openSink(options: SinkOptions): Sink {
  const mode = readStorageMode(options.env, options.tell);
  if (mode === 'parquet') return shardSink(options.hello);
  return lateSink(options.hello.dir, () => findSink(mode, options));
}

/** Does not fail: shards are written where the mode cannot be had. */
async function findSink(mode: Exclude<StorageMode, 'parquet'>, options: SinkOptions): Promise<Sink> {
  if (mode === 'auto' && !(await continuesDatabase(options))) return shardSink(options.hello);
  const trackio = await loadTrackio(mode, options.tell);
  if (trackio === null) return shardSink(options.hello);
  return mode === 'jsonl' ? fragmentSink(trackio, options) : sqliteSink(trackio, options);
}

function lateSink(name: string, find: () => Promise<Sink>): Sink {
  let found: Sink | null = null;
  let finding: Promise<Sink> | null = null;
  const sink = async (): Promise<Sink> => {
    finding ??= find();
    found = await finding;
    return found;
  };
  return {
    backend: {
      name,
      list: async (prefix, options) => await (await sink()).backend.list(prefix, options),
      read: async (key, range) => await (await sink()).backend.read(key, range),
      publish: async (key, source) => await (await sink()).backend.publish(key, source),
      remove: async (key) => await (await sink()).backend.remove(key),
    },
    encode: async (batch, meta) => await (await sink()).encode(batch, meta),
    past: async () => await (await sink()).past(),
    close: () => found?.close(),
  };
}
