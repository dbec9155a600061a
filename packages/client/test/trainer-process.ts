/** Starts training processes for tests, and finds their publishers. */
import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const TRAINER = join(import.meta.dirname, 'trainer.ts');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface Trainer {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the trainer has printed this. */
  printed(text: string): Promise<void>;
  /** What it has said on stderr. */
  errors(): string;
}

/** An empty directory that is gone after `remove`. */
export function makeDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'lamella-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs `trainer.ts <scenario> <args>`; variables of launchers that the tests may be run under are taken out. */
export function startTrainer(
  scenario: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdio: StdioOptions = ['ignore', 'pipe', 'pipe'],
): Trainer {
  const start = performance.now();
  const child = spawn(process.execPath, ['--conditions=source', TRAINER, scenario, ...args], {
    stdio,
    env: { ...environment(), LAMELLA_SYSTEM_SECONDS: '0', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr, seconds: (performance.now() - start) / 1000 });
    });
  });
  return {
    child,
    ended,
    errors: () => stderr,
    async printed(text) {
      while (!stdout.includes(text)) {
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(`the trainer ended without printing ${text}: ${stdout}${stderr}`);
        }
        await sleep(5);
      }
    },
  };
}

/** Pids of the publishers that this process has started and that are alive. */
export function publishersOf(parent: number): number[] {
  return processes()
    .filter(({ pid, status }) => status.includes(`PPid:\t${parent}\n`) && isPublisher(pid))
    .map(({ pid }) => pid);
}

/** True while the process is there and no zombie. */
export function isAlive(pid: number): boolean {
  return processes().some((one) => one.pid === pid && !one.status.includes('State:\tZ'));
}

/** Waits until `condition` holds; fails loudly after a minute. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited a minute in vain: ${what}`);
    await sleep(20);
  }
}

function processes(): { pid: number; status: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), status: readStatus(name) }));
}

/** By its command line, which a zombie has no more. */
function isPublisher(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('publisher/main');
  } catch {
    return false; // it ended meanwhile
  }
}

function readStatus(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^(?:RANK|WORLD_SIZE|LOCAL_RANK|TORCHELASTIC_|SLURM_|OMPI_|PMI|LAMELLA_|TRACKIO_|HF_HOME|NODE_OPTIONS|VITEST)/.test(
          name,
        ),
    ),
  );
}
