/** Errors as HTTP answers: status from the error table, body `ErrorAnswer`. */
import { ERROR_KINDS, LamellaError } from '@lamella/store';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ErrorAnswer } from '../procedures/types.ts';

/** Logs what a user cannot fix, and answers every error in the same shape. */
export function errorAnswer(
  context: Context,
  error: unknown,
  onTrouble: (message: string) => void,
): Response {
  const known = error instanceof LamellaError ? error : wrap(error);
  if (context.req.raw.signal.aborted) {
    // The caller has gone, which is why its query was interrupted; nobody reads this answer.
    return context.body(null, 503);
  }
  if (known.kind === 'internal') {
    const cause = known.cause instanceof Error ? (known.cause.stack ?? known.cause.message) : '';
    onTrouble(`${context.req.method} ${context.req.path}: ${known.message}${cause && `\n${cause}`}`);
  }
  const body: ErrorAnswer = { error: known.message, kind: known.kind };
  return context.json(body, ERROR_KINDS[known.kind].http as ContentfulStatusCode);
}

function wrap(cause: unknown): LamellaError {
  return new LamellaError('internal', 'the server failed to answer; its log has the cause', { cause });
}
