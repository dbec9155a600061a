/**
 * The one error class of Lamella. A kind says what the caller does about it; a new kind needs a different
 * caller action, and a decision record. HTTP statuses and exit codes are derived from this table only.
 */
export type ErrorKind =
  | 'invalid'
  | 'unauthorized'
  | 'not-found'
  | 'conflict'
  | 'unavailable'
  | 'corrupt'
  | 'unsupported'
  | 'internal';

/** What each kind asks of the caller, its HTTP status and its exit code. */
export const ERROR_KINDS: Readonly<Record<ErrorKind, { readonly http: number; readonly exit: number }>> = {
  /** Fix the input. */
  invalid: { http: 400, exit: 2 },
  /** Sign in, or give the right token. */
  unauthorized: { http: 401, exit: 3 },
  /** Check the name. */
  'not-found': { http: 404, exit: 4 },
  /** Read again and retry. */
  conflict: { http: 409, exit: 5 },
  /** Retry later: disk full, network gone, port in use, no permission now. */
  unavailable: { http: 503, exit: 6 },
  /** Stop; repair or restore. */
  corrupt: { http: 500, exit: 7 },
  /** Upgrade Lamella: written by a newer format. */
  unsupported: { http: 501, exit: 8 },
  /** Report a bug. */
  internal: { http: 500, exit: 1 },
};

/**
 * Messages are lower-case sentences that name the input, what is allowed and what to do; facts come last as
 * `key=value`. The text of `cause` is never repeated. Foreign errors are wrapped once, where they enter.
 */
export class LamellaError extends Error {
  override readonly name = 'LamellaError';
  readonly kind: ErrorKind;
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(
    kind: ErrorKind,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly details?: Readonly<Record<string, string | number | boolean>>;
    } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.kind = kind;
    this.details = options.details ?? {};
  }
}

/** True for a LamellaError of that kind. */
export function isKind(error: unknown, kind: ErrorKind): error is LamellaError {
  return error instanceof LamellaError && error.kind === kind;
}
