/**
 * Runs in the guest: one program on client A and one on client B at the same time, as `pair.json` in the results
 * folder says. Each is told by a file when the other has ended; then it has a grace time to end, too.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The volume on each client, the folder that outlives the guest, and a disk of the guest alone (memory). */
export const MOUNT_A: string = '/mnt/a';
export const MOUNT_B: string = '/mnt/b';
export const RESULTS: string = '/mnt/host';
export const LOCAL: string = '/dev/shm/local';

/** There as soon as the program on that client has ended. */
export const ENDED: { readonly a: string; readonly b: string } = {
  a: join(LOCAL, 'ended-a'),
  b: join(LOCAL, 'ended-b'),
};

export interface Program {
  /** A TypeScript file, run on the pinned Node, or another program by its absolute path; then its arguments. */
  readonly run: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Pair {
  /** What the two do, for people. */
  readonly about: string;
  /** How long both may take, grace included. */
  readonly seconds: number;
  readonly a: Program;
  readonly b: Program;
  /** Seconds that the second one has after the first one's end. */
  readonly graceSeconds: number;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `pair-result.json`. */
export interface PairResult {
  readonly a: Ending;
  readonly b: Ending;
  /** The server's clock minus the guest's, and how far that may be wrong. */
  readonly clock: ClockOffset;
}

export interface ClockOffset {
  readonly offsetMs: number;
  readonly errorMs: number;
}

async function main(): Promise<void> {
  const pair = JSON.parse(readFileSync(join(RESULTS, 'pair.json'), 'utf8')) as Pair;
  const clock = readServerClock();
  const a = start(pair.a, 'a');
  const b = start(pair.b, 'b');
  await Promise.race([a.ended, b.ended]);
  const timer = setTimeout(() => {
    for (const child of [a.child, b.child]) child.kill('SIGKILL');
  }, pair.graceSeconds * 1000);
  const result: PairResult = { a: await a.ended, b: await b.ended, clock };
  clearTimeout(timer);
  writeFileSync(join(RESULTS, 'pair-result.json'), JSON.stringify(result));
}

function start(
  program: Program,
  client: 'a' | 'b',
): { child: ReturnType<typeof spawn>; ended: Promise<Ending> } {
  const out = openSync(join(RESULTS, `${client}.log`), 'w');
  const [path, ...args] = program.run;
  const isScript = path.endsWith('.ts');
  const child = spawn(
    isScript ? process.execPath : path,
    isScript ? ['--conditions=source', '--disable-warning=ExperimentalWarning', path, ...args] : args,
    { env: { ...process.env, ...program.env }, stdio: ['ignore', out, out] },
  );
  const ended = once(child, 'exit').then(([code, signal]) => {
    writeFileSync(ENDED[client], '');
    return { code, signal };
  });
  return { child, ended };
}

/** Files get their times from the server: that tells how its clock differs. The shortest of some round trips counts. */
function readServerClock(): ClockOffset {
  let best: ClockOffset = { offsetMs: 0, errorMs: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 20; round++) {
    const path = join(MOUNT_A, `clock-${round}`);
    const before = performance.timeOrigin + performance.now();
    writeFileSync(path, 'x');
    const serverMs = statSync(path).ctimeMs;
    const after = performance.timeOrigin + performance.now();
    rmSync(path);
    const errorMs = (after - before) / 2;
    if (errorMs < best.errorMs) best = { offsetMs: serverMs - (before + after) / 2, errorMs };
  }
  return best;
}

if (process.argv[1] === import.meta.filename) await main();
