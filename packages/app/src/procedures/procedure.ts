/**
 * What a procedure is: a name, the schema of its request, and what it does. HTTP, and later the other ways to
 * call, are made from the one list in `registry.ts`.
 */
import type { z } from 'zod';
import type { Snapshots } from '../query/snapshots.ts';
import type { Procedures } from './types.ts';

/** What a call may use. */
export interface ProcedureContext {
  readonly snapshots: Snapshots;
  /** Aborts when the caller has gone: running queries are interrupted. */
  readonly signal?: AbortSignal;
}

export interface Procedure<Name extends keyof Procedures> {
  readonly name: Name;
  /** One sentence for lists of procedures. */
  readonly summary: string;
  readonly request: z.ZodType<Procedures[Name]['request']>;
  run(context: ProcedureContext, request: Procedures[Name]['request']): Promise<Procedures[Name]['answer']>;
}

/** A procedure as a caller by name sees it. */
export interface AnyProcedure {
  readonly name: keyof Procedures;
  readonly summary: string;
  /** Parses the request and answers it. Errors: invalid (naming the field), and the procedure's own. */
  call(context: ProcedureContext, body: unknown): Promise<unknown>;
}
