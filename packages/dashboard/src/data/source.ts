/**
 * The one seam between the page and where its data lives. A server over HTTP implements it today; a browser
 * that reads the shards of a static host itself will implement it a second time. Nothing above this interface
 * knows about requests, addresses or reconnecting.
 */
import type {
  LiveChange,
  MetricRow,
  ProjectRow,
  RunRow,
  SeriesAnswer,
  SeriesRequest,
} from 'lamella/procedures';

/** One logged value that is not a plain number; `step` is null where none was given, `time` in ms since 1970. */
export interface LoggedValue {
  readonly step: number | null;
  readonly time: number;
  readonly data: unknown;
}

/** `connecting` until the first answer; `retrying` while the source is gone and is being asked again. */
export type LiveState = 'connecting' | 'live' | 'retrying';

export interface LiveListener {
  /** Something in the project changed; what was read at an earlier cursor may be old. */
  change(change: LiveChange): void;
  /** The connection came, went, or came back. */
  state(state: LiveState): void;
}

/** Every method rejects with a `SourceError` whose message a person can act on, or with an AbortError. */
export interface DataSource {
  listProjects(signal?: AbortSignal): Promise<readonly ProjectRow[]>;
  listRuns(project: string, signal?: AbortSignal): Promise<readonly RunRow[]>;
  listMetrics(project: string, signal?: AbortSignal): Promise<readonly MetricRow[]>;
  series(request: SeriesRequest, signal?: AbortSignal): Promise<SeriesAnswer>;
  /** The latest values of one key of one run, newest first. */
  values(
    request: {
      readonly project: string;
      readonly run: string;
      readonly metric: string;
      readonly limit?: number;
    },
    signal?: AbortSignal,
  ): Promise<readonly LoggedValue[]>;
  /** Listens to one project until the returned function is called. Reconnects by itself, without end. */
  subscribe(project: string, listener: LiveListener): () => void;
}

/** The server answered that there is no such project. */
export function isMissing(error: Error | null): boolean {
  return error instanceof SourceError && error.kind === 'not-found';
}

/** `kind` is a kind of the error table of the procedures, or `unavailable` when no answer came at all. */
export class SourceError extends Error {
  readonly kind: string;

  constructor(kind: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SourceError';
    this.kind = kind;
  }
}
