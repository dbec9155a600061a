/**
 * Where the flushes of a run go: shards, Trackio's database, or fragments of its inbox (TRACKIO_STORAGE_MODE).
 *
 * Whatever the place, it is the store's writer that keeps, numbers, sends again, drops and acknowledges calls. It hands
 * a flush on in two steps, `encode` (once) and `backend.publish` (until it succeeds), so that all modes keep the same
 * promises: acknowledged means that the file is published, or that the transaction is committed.
 */
import type { Backend, EncodeFlush } from '@lamella/store';
import type { Hello } from '../pipe/frame.ts';
import type { Past } from './resume.ts';

export interface Sink {
  readonly backend: Backend;
  readonly encode: EncodeFlush;
  /** What is stored of the run already; asked before the first flush. Errors: those of the store and of databases. */
  past(): Promise<Past>;
  /** After the last flush. Never throws. */
  close(): void;
}

export interface SinkOptions {
  /** The run, and the directory. */
  readonly hello: Hello;
  readonly env: NodeJS.ProcessEnv;
  /** A sentence for the person who trains; the trainer prints the same one once. */
  readonly tell: (text: string) => void;
}
