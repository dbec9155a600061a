/**
 * Going on with a run that exists: where its steps ended. Only the publisher looks, so that `init` returns at once
 * and no store call runs in the trainer; the steps that nobody gave are counted here for such a run.
 */
import { decodeShard, openReader } from '@lamella/store';
import type { Backend } from '@lamella/store';
import { nodeCodec, systemClock } from '@lamella/store/node';

/** What is known of a run before this process writes to it. */
export interface Past {
  readonly exists: boolean;
  /** The step after the greatest one; 0 when there is none. */
  readonly nextStep: bigint;
}

/** Reads every shard of the run. Errors: unavailable, corrupt, unsupported. */
export async function readPast(backend: Backend, project: string, run: string): Promise<Past> {
  const reader = openReader({ backend, codec: nodeCodec, clock: systemClock });
  const view = await reader.refreshRun(project, run);
  let nextStep = 0n;
  for (const file of view.files) {
    const batch = await decodeShard(await reader.readShard(file), nodeCodec);
    for (let row = 0; row < batch.count; row++) {
      const step = batch.step[row] ?? 0n;
      if (batch.stepNull[row] === 0 && step >= nextStep) nextStep = step + 1n;
    }
  }
  return { exists: view.files.length > 0, nextStep };
}

/** Counts the steps that nobody gave, from where the run ended. The rule is that of the trainer's counter. */
export class ResumedSteps {
  #next: bigint;

  constructor(next: bigint) {
    this.#next = next;
  }

  /** The step of a call. */
  stepOf(step: number | bigint | null, isAutomatic: boolean): number | bigint | null {
    if (step === null) return null;
    if (isAutomatic) return this.#next++;
    const after = (typeof step === 'bigint' ? step : BigInt(Math.floor(step))) + 1n;
    if (after > this.#next) this.#next = after;
    return step;
  }
}
