/**
 * What Trackio's formats have in common as a sink. A flush is turned into a batch once, when it is encoded, and is kept until
 * it is stored: the writer publishes one flush at a time, and the same one again until it succeeds.
 */
import { stat } from 'node:fs/promises';
import { LamellaError } from '@lamella/store';
import type { Backend } from '@lamella/store';
import type { Sink } from './sink.ts';
import type { TrackioBatches, TrackioFlush } from './trackio-batch.ts';

export interface TrackioFormat {
  /** For messages: the file or directory. */
  readonly name: string;
  readonly batches: TrackioBatches;
  /** Stores a flush whole. What a failed attempt has stored already must not count twice. Errors: any; tried again. */
  write(flush: TrackioFlush): Promise<void>;
  past: Sink['past'];
  close(): void;
}

const NO_BYTES = new Uint8Array();

/** `dir` is the Trackio directory. It is made for the first flush, and not again once something was written there. */
export function trackioSink(dir: string, format: TrackioFormat): Sink {
  let hasWritten = false;
  /** A flush waits for the past, which may say under which id the run goes on. That it failed is told by who asked. */
  let pastIsKnown: Promise<unknown> = Promise.resolve();
  let inHand: { readonly name: string; readonly flush: TrackioFlush } | null = null;
  const nothing: Pick<Backend, 'list' | 'read' | 'remove'> = {
    list: async () => await Promise.resolve({ objects: [], prefixes: [] }),
    read: async (key) =>
      await Promise.reject(new LamellaError('not-found', `${format.name} holds no ${key}`)),
    remove: async () => await Promise.resolve(),
  };
  return {
    backend: {
      ...nothing,
      name: format.name,
      publish: async (key) => {
        // The end marker, a file for those who list shards, has nothing in hand.
        if (inHand === null || !key.endsWith(`/${inHand.name}`)) return;
        if (hasWritten) await refuseGone(dir);
        await format.write(inHand.flush);
        hasWritten = true;
        inHand = null;
      },
    },
    encode: async (batch, { first, end }) => {
      await pastIsKnown;
      const name = `flush-${first}`;
      inHand = { name, flush: format.batches.convert(batch, end ?? false) };
      return { name, bytes: NO_BYTES };
    },
    past: async () => {
      const past = format.past();
      pastIsKnown = past.catch(() => undefined);
      return await past;
    },
    close: () => format.close(),
  };
}

async function refuseGone(dir: string): Promise<void> {
  try {
    await stat(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new LamellaError(
      'unavailable',
      `${dir}: the directory is gone; create it again, or choose another one (TRACKIO_DIR)`,
      { cause: error },
    );
  }
}
