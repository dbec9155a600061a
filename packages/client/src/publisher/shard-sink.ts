/** `TRACKIO_STORAGE_MODE=parquet`, the default: flushes become shards in the directory's store. */
import { encodeShard } from '@lamella/store';
import { nodeCodec } from '@lamella/store/node';
import type { Hello } from '../pipe/frame.ts';
import { readPast } from './resume.ts';
import type { Sink } from './sink.ts';
import { storeBackend } from './store-backend.ts';

export function shardSink({ dir, project, run }: Hello): Sink {
  const backend = storeBackend(dir);
  return {
    backend,
    encode: (batch, meta) => encodeShard(batch, meta, nodeCodec),
    past: async () => await readPast(backend, project, run),
    close: () => undefined,
  };
}
