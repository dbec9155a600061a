/**
 * Runs in the guest on client A: starts the training processes and kills half of them with SIGKILL, each at a random
 * moment. Of those every second one alone, which may lose nothing, and every second one together with its publisher,
 * which may lose what was not published yet.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCAL, MOUNT_A, RESULTS } from './pair.ts';
import type { LoggerOptions } from './shard-logger.ts';

export const STORE: string = 'store';
export const PROJECT: string = 'realfs';
/** The runs; the processes are dealt out to them, so that each has several writers. */
export const RUNS: readonly string[] = ['one', 'two'];

export interface WritersOptions {
  readonly writers: number;
  readonly seconds: number;
  readonly callsPerSecond: number;
}

/** `writers.json`: what became of each process. */
export interface WriterFate {
  readonly index: number;
  readonly run: string;
  readonly killed: 'no' | 'trainer' | 'tree';
  /** Milliseconds since 1970. */
  readonly killedAtMs: number | null;
  /** When the first call was noted; null where nobody waited for it. */
  readonly firstCallMs: number | null;
  /** Calls of `log()` that had returned. */
  readonly calls: number;
  readonly code: number | null;
  readonly signal: string | null;
}

/** How long publishers go on after their trainers' ends. */
const PUBLISHERS_END_MS = 40_000;

async function main({ writers, seconds, callsPerSecond }: WritersOptions): Promise<void> {
  const dir = join(MOUNT_A, STORE);
  const victims = shuffled(writers).slice(0, Math.floor(writers / 2));
  const publishers = new Set<number>();
  const fates = Array.from({ length: writers }, async (_, index): Promise<WriterFate> => {
    const run = RUNS[index % RUNS.length] ?? '';
    const noted = join(LOCAL, `calls-${index}`);
    mkdirSync(join(LOCAL, `home-${index}`), { recursive: true });
    const options: LoggerOptions = { dir, project: PROJECT, run, index, seconds, callsPerSecond, noted };
    const child = startLogger(options);
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    const at = victims.indexOf(index);
    const killed = at < 0 ? 'no' : at % 2 === 0 ? 'trainer' : 'tree';
    let killedAtMs: number | null = null;
    let firstCallMs: number | null = null;
    // Not before it has begun to log: a busy machine starts slowly.
    while (callsIn(noted) === 0 && child.exitCode === null) await sleep(50);
    if (killed !== 'no') {
      firstCallMs = Date.now();
      await sleep((0.1 + 0.7 * Math.random()) * seconds * 1000);
    }
    for (const pid of childrenOf(child.pid)) publishers.add(pid);
    if (killed !== 'no') {
      killedAtMs = Date.now();
      // The publisher first: else it would see its trainer's end and publish what is left.
      if (killed === 'tree') for (const pid of childrenOf(child.pid)) process.kill(pid, 'SIGKILL');
      child.kill('SIGKILL');
    }
    const [code, signal] = await ended;
    return { index, run, killed, killedAtMs, firstCallMs, calls: callsIn(noted), code, signal };
  });
  const all = await Promise.all(fates);
  for (const end = Date.now() + PUBLISHERS_END_MS; Date.now() < end && [...publishers].some(isAlive);)
    await sleep(100);
  writeFileSync(join(LOCAL, 'writers.json'), JSON.stringify(all));
  writeFileSync(join(RESULTS, 'writers.json'), JSON.stringify(all));
}

function startLogger(options: LoggerOptions): ChildProcess {
  const out = openSync(join(RESULTS, `logger-${options.index}.log`), 'w');
  const program = join(import.meta.dirname, 'shard-logger.ts');
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning'];
  return spawn(process.execPath, [...flags, program, JSON.stringify(options)], {
    stdio: ['ignore', out, out],
  });
}

/** The number that the process noted last; 0 before its first call. */
function callsIn(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

function childrenOf(pid: number | undefined): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === pid)
    .map(Number);
}

function isAlive(pid: number): boolean {
  return parentOf(pid) !== null;
}

/** Null for a process that has ended, reaped or not. The name of the program may contain anything but ends with `)`. */
function parentOf(pid: number): number | null {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return state === 'Z' ? null : Number(parent);
  } catch {
    return null; // it ended between the listing and now
  }
}

function shuffled(length: number): number[] {
  return Array.from({ length }, (_, index) => ({ index, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ index }) => index);
}

if (process.argv[1] === import.meta.filename) await main(JSON.parse(process.argv[2] ?? '') as WritersOptions);
