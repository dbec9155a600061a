/**
 * Runs in the guest on client A: one training process that logs with the SDK into the volume until its time is over
 * or it is killed. After every `log()` that has returned it notes the number of calls in a file that no crash of this
 * process can take away.
 */
import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { init } from '@lamella/client';

export interface LoggerOptions {
  readonly dir: string;
  readonly project: string;
  readonly run: string;
  /** Distinguishes the processes that log to one run. */
  readonly index: number;
  readonly seconds: number;
  readonly callsPerSecond: number;
  /** Where the number of calls is noted. */
  readonly noted: string;
}

/** What call `step` of process `index` logs: a reader can tell by it whether a row is right. */
export function valueOf(index: number, step: number): number {
  return step * 64 + index;
}

/** The two keys of process `index`; one call has both. */
export function keysOf(index: number): readonly [string, string] {
  return [`p${index}/value`, `p${index}/twin`];
}

async function main(options: LoggerOptions): Promise<void> {
  const { dir, project, run: id, index, seconds, callsPerSecond, noted } = options;
  const run = init({ dir, project, id, systemSeconds: false });
  const file = openSync(noted, 'w');
  const [value, twin] = keysOf(index);
  // Starting a publisher takes seconds on the guest's one CPU: what is measured begins when it is there.
  await run.flush();
  const began = performance.now();
  for (let step = 0; performance.now() - began < seconds * 1000; step++) {
    run.log({ [value]: valueOf(index, step), [twin]: valueOf(index, step) }, { step });
    writeSync(file, String(step + 1).padStart(12), 0);
    await sleep(Math.max(0, began + ((step + 1) * 1000) / callsPerSecond - performance.now()));
  }
  const result = await run.finish();
  if (!result.published) throw new Error(`finish: ${JSON.stringify(result)}`);
}

if (process.argv[1] === import.meta.filename) await main(JSON.parse(process.argv[2] ?? '') as LoggerOptions);
