import type { Output } from './output.ts';

/** What a command gets beside its arguments. */
export interface CommandContext {
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
  /** Aborts when the process is told to stop. */
  readonly signal: AbortSignal;
}
