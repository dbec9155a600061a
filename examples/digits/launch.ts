/**
 * Starts the ranks of one run as processes of this machine, with the environment that torchrun would give them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';

export interface Training {
  readonly id: string;
  readonly name: string;
  readonly learningRate: number;
  readonly epochs: number;
  readonly worldSize: number;
  /** The store. */
  readonly dir: string;
  /** For this training's own files; created. */
  readonly scratch: string;
}

/** The log calls of one rank: `step`, and one of the keys that it logged. */
export interface Report {
  readonly id: string;
  readonly rank: number;
  readonly calls: readonly { readonly step: number; readonly key: string }[];
}

export interface Launched {
  /** Resolves when every rank has ended: exit codes by rank, 1 for one that a signal ended. */
  readonly ended: Promise<readonly number[]>;
  stop(signal: NodeJS.Signals): void;
  /** What the ranks logged; only after all of them ended with 0. */
  reports(): readonly Report[];
}

export function launch(training: Training): Launched {
  mkdirSync(training.scratch, { recursive: true });
  const ranks = Array.from({ length: training.worldSize }, (_, rank) => rank);
  const children = ranks.map((rank) => startRank(training, rank));
  return {
    ended: Promise.all(children.map(exitCode)),
    stop: (signal) => {
      for (const child of children) child.kill(signal);
    },
    reports: () =>
      ranks.map((rank) => JSON.parse(readFileSync(reportFile(training, rank), 'utf8')) as Report),
  };
}

function startRank(training: Training, rank: number): ChildProcess {
  const script = join(import.meta.dirname, 'train.ts');
  const options = {
    id: training.id,
    name: training.name,
    dir: training.dir,
    'learning-rate': String(training.learningRate),
    epochs: String(training.epochs),
    exchange: training.scratch,
    report: reportFile(training, rank),
  };
  const child = spawn(
    process.execPath,
    ['--conditions=source', script, ...Object.entries(options).map(([key, value]) => `--${key}=${value}`)],
    {
      // A trainer's output is progress: it goes where this process's messages go.
      stdio: ['ignore', 2, 2],
      env: {
        ...process.env,
        RANK: String(rank),
        LOCAL_RANK: String(rank),
        WORLD_SIZE: String(training.worldSize),
        LOCAL_WORLD_SIZE: String(training.worldSize),
      },
    },
  );
  // Eight trainers on a small machine must leave room for the page that shows them.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  return child;
}

function reportFile(training: Training, rank: number): string {
  return join(training.scratch, `calls-${rank}.json`);
}

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`cannot start a trainer: ${error.message}\n`);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
