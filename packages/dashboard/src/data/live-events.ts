/**
 * Server-sent events of one project, with reconnecting. The connection is given up while the tab is hidden:
 * browsers allow six connections per host, and a person may well have seven dashboards open. The cursor makes
 * up for what was missed.
 */
import type { LiveChange } from 'lamella/procedures';

import type { LiveListener } from './source.ts';

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 10_000;
/** A hidden tab keeps its stream this long, so that a glance at another tab costs nothing. */
const HIDDEN_GRACE_MS = 10_000;

/** Calls the listener until the returned function is called. */
export function subscribeToEvents(base: string, project: string, listener: LiveListener): () => void {
  let events: EventSource | null = null;
  let cursor: number | null = null;
  let retryMs = RETRY_FIRST_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const close = (): void => {
    clearTimeout(timer);
    events?.close();
    events = null;
  };
  const open = (): void => {
    close();
    const at = cursor === null ? '' : `&cursor=${cursor}`;
    const stream = new EventSource(`${base}api/live?project=${encodeURIComponent(project)}${at}`);
    events = stream;
    stream.addEventListener('open', () => {
      retryMs = RETRY_FIRST_MS;
      listener.state('live');
      // Without a cursor the stream begins now: whatever was read before could be older than its beginning.
      if (cursor === null) listener.change({ cursor: 0, runs: [], all: true });
    });
    stream.addEventListener('change', (event) => {
      const change = JSON.parse(event.data as string) as LiveChange;
      cursor = change.cursor;
      listener.change(change);
    });
    stream.addEventListener('error', () => {
      // The browser's own retry would ask with the first cursor and give up for good on an error status.
      close();
      // Once somebody looks again, it is opened again.
      if (document.visibilityState === 'hidden') return;
      listener.state('retrying');
      timer = setTimeout(open, retryMs);
      retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
    });
  };
  const visibility = (): void => {
    if (document.visibilityState === 'hidden') {
      clearTimeout(timer);
      timer = setTimeout(close, HIDDEN_GRACE_MS);
    } else if (events === null) {
      retryMs = RETRY_FIRST_MS;
      open();
    } else {
      clearTimeout(timer);
    }
  };
  const online = (): void => {
    if (document.visibilityState !== 'hidden') open();
  };

  listener.state('connecting');
  document.addEventListener('visibilitychange', visibility);
  window.addEventListener('online', online);
  online();
  return () => {
    close();
    document.removeEventListener('visibilitychange', visibility);
    window.removeEventListener('online', online);
  };
}
