/**
 * Processes for the end-to-end tests, and folders that vanish after them. What a test started is killed when its
 * file is done, so a failed test leaves nothing running.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from 'vitest';

export const ROOT: string = join(import.meta.dirname, '..', '..');

/** In the environment of all that a test file starts, also of what that starts: publishers outlive their trainers. */
const MARK = `LAMELLA_TEST_MARK=${process.pid}-${Math.random()}`;
const started: ChildProcess[] = [];
const folders: string[] = [];

afterAll(async () => {
  for (const child of started) signalGroup(child, 'SIGTERM');
  for (let wait = 0; wait < 40 && markedProcesses().length > 0; wait++) await sleep(50);
  for (const pid of markedProcesses()) process.kill(pid, 'SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export interface Process {
  readonly child: ChildProcess;
  /** Everything so far. */
  stdout(): string;
  stderr(): string;
  readonly ended: Promise<Ended>;
  /** Ctrl-C as a terminal sends it: to the process and to all that it started. */
  interrupt(): void;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** A channel for `child.send`. */
  readonly ipc?: boolean;
}

/** Starts a program; with vitest's own variables, which would make children think they are tests, left out. */
export function start(command: string, args: readonly string[], options: StartOptions = {}): Process {
  const [mark = '', value] = MARK.split('=');
  const env: Record<string, string | undefined> = { ...process.env, ...options.env, [mark]: value };
  for (const name of Object.keys(env)) if (/^(VITEST|NODE_OPTIONS$|NODE_ENV$)/.test(name)) delete env[name];
  const child = spawn(command, args, {
    cwd: options.cwd ?? ROOT,
    env,
    // A group of its own, as a terminal makes one for each command.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(options.ipc === true ? (['ipc'] as const) : [])],
  });
  started.push(child);
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, ...text }));
  });
  return {
    child,
    ended,
    interrupt: () => signalGroup(child, 'SIGINT'),
    stdout: () => text.stdout,
    stderr: () => text.stderr,
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // All of the group have ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Running processes that a test of this file has brought about, however indirectly. Empty where /proc is missing. */
export function markedProcesses(): number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => environmentOf(pid).includes(MARK)).map(Number);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch (error) {
    // The process ended meanwhile, or is another user's.
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return '';
    throw error;
  }
}

/** Starts a TypeScript file of the project on the Node that runs the tests. */
export function startScript(file: string, args: readonly string[], options: StartOptions = {}): Process {
  return start(process.execPath, ['--conditions=source', join(ROOT, file), ...args], options);
}

/** Runs the `lamella` command from its sources. */
export function lamella(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return startScript('packages/app/src/commands/main.ts', args, options).ended;
}

/** A new empty directory. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lamella-test-'));
  folders.push(folder);
  return folder;
}

/** Polls until `look` answers something; fails with `what` after a minute. */
export async function waitFor<T>(
  what: string,
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited a minute for ${what}`);
    await sleep(50);
  }
}

/** The address that a started server prints. */
export function addressOf(process: Process): Promise<string> {
  return waitFor(
    'the address of the dashboard',
    () => /http:\/\/[^\s]+/.exec(process.stdout() + process.stderr())?.[0],
  );
}
