/**
 * The error that `init` throws: the only exception of this package that reaches user code. It has the name, the
 * kinds and the shape of the store's LamellaError and is defined again here, because what runs inside a training
 * process imports nothing. Tell them apart by `name` and `kind`, not by `instanceof`.
 */
export type ErrorKind = 'invalid' | 'not-found' | 'unavailable' | 'unsupported' | 'internal';

/** `kind` says what the caller does about it; `invalid`: fix the input that the message names. */
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
