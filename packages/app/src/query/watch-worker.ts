/** The thread's end of `watch-thread.ts`: answers each request with the in-place `Watch`. */
import { parentPort } from 'node:worker_threads';
import { LamellaError } from '@lamella/store';
import { openDirectoryWatch } from './directory-watch.ts';
import { buffersOf } from './shard-columns.ts';
import type { LocalShard, Watch, WatchOptions } from './watch.ts';
import type { WatchReply, WatchRequest } from './watch-thread.ts';

let watch: Watch | null = null;

async function answer({ method, args }: WatchRequest): Promise<unknown> {
  if (method === 'open') {
    watch = await openDirectoryWatch(args[0] as WatchOptions);
    return null;
  }
  if (!watch) {
    throw new LamellaError('internal', `${method} was asked of a watch that is not open`);
  }
  const run = watch[method] as (this: Watch, ...args: readonly unknown[]) => Promise<unknown>;
  return await run.call(watch, ...args);
}

parentPort?.on('message', (request: WatchRequest) => {
  void (async () => {
    let reply: WatchReply;
    try {
      reply = { id: request.id, value: await answer(request) };
    } catch (error) {
      const kind = error instanceof LamellaError ? error.kind : 'internal';
      reply = {
        id: request.id,
        error: { kind, message: error instanceof Error ? error.message : String(error) },
      };
    }
    parentPort?.postMessage(reply, request.method === 'fetch' ? columnsIn(reply.value) : []);
  })();
});

/** What is moved to the other thread and not copied. */
function columnsIn(shards: unknown): ArrayBuffer[] {
  const list = Array.isArray(shards) ? (shards as readonly LocalShard[]) : [];
  return list.flatMap(({ columns }) => (columns ? buffersOf(columns) : []));
}
