/**
 * The child that probes a directory (see ask.ts). Arguments: `probe` and the path of a directory that does not
 * exist yet, in the directory to be probed; it is made, used and removed; or `remove` and such a path, left by a
 * child that was ended. Writes lines of JSON: `{"begin": name}` before each
 * operation, `{"name", "ok", "ms", "detail"}` after it, and at the end `{"removed": reason | null}`.
 */
import { mkdirSync, rmSync, writeSync } from 'node:fs';
import { PROBE_OPERATIONS, reasonOf } from './probe-operation.ts';
import type { Observation } from './probe-operation.ts';

function tell(line: Readonly<Record<string, unknown>>): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

function attempt(run: (directory: string) => Observation, directory: string): Observation {
  try {
    return run(directory);
  } catch (error) {
    return { ok: false, detail: `refused: ${reasonOf(error)}` };
  }
}

function main(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    tell({ cannot: reasonOf(error) });
    return;
  }
  try {
    for (const [name, run] of PROBE_OPERATIONS) {
      tell({ begin: name });
      const begin = performance.now();
      const { ok, detail, ms } = attempt(run, directory);
      tell({ name, ok, ms: Math.round((ms ?? performance.now() - begin) * 100) / 100, detail });
    }
  } finally {
    tell({ removed: remove(directory) });
  }
}

function remove(directory: string): string | null {
  try {
    // NFS keeps `.nfs…` names for a moment after the last close.
    rmSync(directory, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

// Ctrl-C reaches the whole process group; what was begun is cleaned up first, which takes milliseconds.
process.on('SIGINT', () => {});
const [verb, directory] = process.argv.slice(2);
if (verb === 'remove' && directory !== undefined) tell({ removed: remove(directory) });
else if (verb === 'probe' && directory !== undefined) main(directory);
else throw new Error('usage: probe-child probe|remove DIRECTORY');
