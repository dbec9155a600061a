/**
 * Probes a directory: what it does counts more than what it is called. In a child process, because any of the
 * operations may never return on a dead mount. What is found before the time is over is reported, and so is what
 * was under way.
 */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { answerLines, askScript, scriptBeside } from './ask.ts';
import { PROBE_OPERATIONS } from './probe-operation.ts';

export interface Probe {
  /** `rename`, `fsync-latency`, …: see PROBE_NAMES. */
  readonly name: string;
  /** Whether it behaved as on a local disk; false too where it could not be tried. */
  readonly ok: boolean;
  /** How long it took; of `fsync-latency` the median of five. Null where it was not tried or never ended. */
  readonly ms: number | null;
  readonly detail: string;
}

/** The ten operations, in the order in which they run and are reported. */
export const PROBE_NAMES: readonly string[] = PROBE_OPERATIONS.map(([name]) => name);

/** Object mounts need seconds for a dozen files; more than this is a mount that does not answer. */
const TIMEOUT_MS = 30_000;
const PROBE_CHILD: URL = scriptBeside(import.meta.url, 'probe-child');
const REMOVE_TIMEOUT_MS = 5_000;

/**
 * Probes `directory`, which must exist. Writes a few small files in a directory of its own there (`.t-probe-…`)
 * and removes them. Always ten probes; never rejects. A directory that cannot be written says so in each.
 */
export async function probeDirectory(
  directory: string,
  options: { readonly timeoutMs?: number } = {},
): Promise<Probe[]> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const own = join(resolve(directory), `.t-probe-${randomBytes(8).toString('hex')}`);
  const answer = await askScript(PROBE_CHILD, ['probe', own], timeoutMs);
  const probes = new Map<string, Probe>();
  let begun: string | null = null;
  let not = answer.ended === 'done' ? 'not tried' : `not tried: ${answer.detail}`;
  let left: string | null = answer.ended === 'done' ? null : answer.detail;
  for (const line of answerLines(answer) as ProbeLine[]) {
    if (line.cannot !== undefined) not = `not tried: nothing can be written in ${directory} (${line.cannot})`;
    if (line.begin !== undefined) begun = line.begin;
    if (line.removed !== undefined) left = line.removed;
    if (line.name !== undefined && line.detail !== undefined) {
      probes.set(line.name, {
        name: line.name,
        ok: line.ok === true,
        ms: line.ms ?? null,
        detail: line.detail,
      });
    }
  }
  if (answer.ended !== 'done' && begun !== null && (await removed(own))) left = null;
  const remains = left !== null && begun !== null ? `; ${own} could not be removed (${left})` : '';
  return PROBE_NAMES.map((name, index) => {
    const found = probes.get(name);
    const last = index === PROBE_NAMES.length - 1;
    if (found !== undefined) return last ? { ...found, detail: `${found.detail}${remains}` } : found;
    return { name, ok: false, ms: null, detail: name === begun ? `${answer.detail}${remains}` : not };
  });
}

/** A second try, for a mount that was only slow: whether what the ended child left could be removed. */
async function removed(own: string): Promise<boolean> {
  const answer = await askScript(PROBE_CHILD, ['remove', own], REMOVE_TIMEOUT_MS);
  return (answerLines(answer) as ProbeLine[]).some((line) => line.removed === null);
}

interface ProbeLine {
  readonly cannot?: string;
  readonly begin?: string;
  readonly removed?: string | null;
  readonly name?: string;
  readonly ok?: boolean;
  readonly ms?: number;
  readonly detail?: string;
}
