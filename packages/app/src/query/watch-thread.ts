/**
 * A `Watch` in a worker thread. Requests and answers are plain messages; a LamellaError crosses as its kind
 * and message. The thread's own end is `watch-worker.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { LamellaError } from '@lamella/store';
import type { ErrorKind } from '@lamella/store';
import type { Watch, WatchOptions } from './watch.ts';

/** What travels to the thread. */
export interface WatchRequest {
  readonly id: number;
  readonly method:
    | 'open'
    | 'listProjects'
    | 'glance'
    | 'look'
    | 'fetch'
    | 'problems'
    | 'close'
    | 'refuseFaulty';
  readonly args: readonly unknown[];
}

/** What comes back: `error` instead of `value` when the call failed. */
export interface WatchReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly kind: ErrorKind; readonly message: string };
}

/** A thread that is in the middle of something long is ended after this. */
const CLOSE_MS = 2_000;

/** Starts the thread and opens the store in it. Errors: as openWatch. */
export async function startWatchThread(options: WatchOptions): Promise<Watch> {
  // The thread's file has this file's extension: `.ts` from source, `.js` once built. From source, workspace
  // packages must resolve to their sources in the thread too.
  const fromSource = import.meta.url.endsWith('.ts');
  const url = new URL(`./watch-worker.${fromSource ? 'ts' : 'js'}`, import.meta.url);
  const worker = new Worker(url, fromSource ? { execArgv: ['--conditions=source'] } : {});
  const calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let nextId = 0;
  let broken: LamellaError | null = null;
  const fail = (cause: unknown): void => {
    broken ??= new LamellaError(
      'internal',
      'the thread that reads the store stopped; start the server again',
      { cause },
    );
    for (const call of calls.values()) {
      call.reject(broken);
    }
    calls.clear();
  };
  worker.on('message', (reply: WatchReply) => {
    const call = calls.get(reply.id);
    calls.delete(reply.id);
    if (reply.error) {
      call?.reject(new LamellaError(reply.error.kind, reply.error.message));
    } else {
      call?.resolve(reply.value);
    }
  });
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`exit code ${code}`)));
  const call = <T>(method: WatchRequest['method'], args: readonly unknown[]): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (broken) {
        reject(broken);
        return;
      }
      const id = nextId++;
      calls.set(id, { resolve: (value) => resolve(value as T), reject });
      worker.postMessage({ id, method, args } satisfies WatchRequest);
    });
  try {
    await call('open', [options]);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    listProjects: () => call('listProjects', []),
    glance: (project) => call('glance', [project]),
    look: (project, whole) => call('look', [project, whole]),
    problems: () => call('problems', []),
    fetch: (project, run, shards) => call('fetch', [project, run, shards]),
    refuseFaulty: (project, run, keys) => call('refuseFaulty', [project, run, keys]),
    async close() {
      // Copies of databases are removed, and databases closed, by the thread itself.
      const late = sleep(CLOSE_MS, undefined, { ref: false });
      await Promise.race([call('close', []).catch(() => undefined), late]);
      await worker.terminate();
    },
  };
}
