/**
 * `GET /api/live?project=P&cursor=C`: server-sent events named `change` (`LiveChange` in procedures/types.ts).
 *
 * A client is sent the union of what happened since its cursor, one event at a time: while an event is on its
 * way, later changes gather in the next. So a slow client costs no memory and misses nothing.
 */
import { LamellaError } from '@lamella/store';
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Snapshots } from '../query/snapshots.ts';

/** Proxies drop connections that are silent for a minute or less. */
const HEARTBEAT_MS = 15_000;
const CLIENTS_MAX = 256;
/** A client whose connection broke waits this long before it connects again. */
const RETRY_MS = 1_000;

export interface LiveClients {
  /** Answers one client until it goes or `close` is called. Errors: not-found, invalid, unavailable. */
  serve(context: Context): Promise<Response>;
  /** Ends every stream. */
  close(): void;
}

/** The live streams of one server. */
export function createLiveClients(snapshots: Snapshots): LiveClients {
  const closing = new AbortController();
  let clients = 0;
  return {
    async serve(context) {
      if (clients >= CLIENTS_MAX || closing.signal.aborted) {
        throw new LamellaError(
          'unavailable',
          `the server already has ${clients} live pages of ${CLIENTS_MAX}; close some, or try again later`,
        );
      }
      const feed = await snapshots.feed(requireProject(context));
      let cursor = startCursor(context) ?? feed.snapshot.log.cursor;
      const release = feed.subscribe();
      clients++;
      const gone = new AbortController();
      const stop = AbortSignal.any([closing.signal, gone.signal]);
      return streamSSE(context, async (stream) => {
        stream.onAbort(() => gone.abort());
        try {
          await stream.write(`retry: ${RETRY_MS}\n: live\n\n`);
          while (!stop.aborted && !stream.aborted) {
            const change = feed.snapshot.log.since(cursor);
            if (change) {
              cursor = change.cursor;
              await stream.writeSSE({ event: 'change', id: String(cursor), data: JSON.stringify(change) });
            } else if (!(await changedWithin(feed.snapshot.log, stop))) {
              await stream.write(': still here\n\n');
            }
          }
        } finally {
          clients--;
          release();
        }
      });
    },
    close: () => closing.abort(),
  };
}

/** False when `HEARTBEAT_MS` passed without a change. */
async function changedWithin(
  log: { next(signal: AbortSignal): Promise<void> },
  stop: AbortSignal,
): Promise<boolean> {
  const heartbeat = new AbortController();
  const timer = setTimeout(() => heartbeat.abort(), HEARTBEAT_MS);
  timer.unref();
  await log.next(AbortSignal.any([stop, heartbeat.signal]));
  clearTimeout(timer);
  return stop.aborted || !heartbeat.signal.aborted;
}

function requireProject(context: Context): string {
  const project = context.req.query('project');
  if (!project) {
    throw new LamellaError(
      'invalid',
      'the live stream needs a project: /api/live?project=<name>&cursor=<number>',
    );
  }
  return project;
}

/** The last event that a reconnecting client has seen, else the cursor that it asks for, else none. */
function startCursor(context: Context): number | null {
  const text = context.req.header('last-event-id') ?? context.req.query('cursor');
  if (text === undefined || text === '') {
    return null;
  }
  const cursor = Number(text);
  if (!Number.isSafeInteger(cursor)) {
    throw new LamellaError(
      'invalid',
      `cursor ${JSON.stringify(text)} is not a whole number; use one that an answer gave`,
    );
  }
  return cursor;
}
