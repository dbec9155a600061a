/**
 * What a scenario is: two programs on two clients of one NFS volume, and a count of what is left afterwards. Run one
 * with `npm run test:realfs -- <name>`.
 */
import type { Figure } from '../../bench/scenario.ts';
import type { NfsVersion, Volume } from './volume.ts';

export interface Scenario {
  readonly name: string;
  /** One sentence. */
  readonly about: string;
  readonly seconds: { readonly full: number; readonly short: number };
  /** How often it may be tried until it passes, where it waits for something that happens by chance. Default: 1. */
  readonly attempts?: number;
  /** Null, or the reason why this scenario (not the harness) cannot run here. */
  prepare(log: (line: string) => void): string | null;
  /** Errors: the guest or the server failed, and nothing can be concluded. */
  run(context: ScenarioContext): Promise<Outcome>;
}

export interface ScenarioContext {
  readonly nfs: NfsVersion;
  readonly volume: Volume;
  readonly seconds: number;
  /** With fewer processes, too. */
  readonly short: boolean;
}

/** Passed if every figure has met its goal. */
export interface Outcome {
  readonly figures: readonly Figure[];
  /** What was seen, for people: endings of processes, the first errors. */
  readonly notes: readonly string[];
}
