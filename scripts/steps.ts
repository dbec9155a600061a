/**
 * Steps of a script: programs run one after another, each told with its name and time. Their output goes to this
 * process's stdout and stderr; a failed step does not stop the ones that do not need it, so that one run of
 * `npm test` shows everything that is wrong.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The project's root directory. */
export const ROOT: string = join(import.meta.dirname, '..');

export interface Step {
  readonly name: string;
  /** A script of the project's own tools (`node_modules/<tool>`), run on this Node; or a program. */
  readonly run: readonly [program: string, ...args: string[]];
  /** Relative to the root. */
  readonly cwd?: string;
  /** Not run when one of these has failed. */
  readonly needs?: readonly string[];
  /** Where the program's stdout goes; `stderr` where this process's stdout belongs to a result. */
  readonly stdout?: 'stderr';
}

/** Runs the steps in order and answers the names of those that failed; a step that was not run has failed, too. */
export async function runSteps(steps: readonly Step[]): Promise<string[]> {
  const failed: string[] = [];
  for (const step of steps) {
    const missing = step.needs?.find((need) => failed.includes(need));
    if (missing !== undefined) {
      process.stdout.write(`--- ${step.name}: not run, because ${missing} failed\n`);
      failed.push(step.name);
      continue;
    }
    const started = performance.now();
    process.stdout.write(`--- ${step.name}\n`);
    const code = await run(step);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(
      `--- ${step.name}: ${code === 0 ? 'ok' : `FAILED (exit code ${code})`}, ${seconds} s\n`,
    );
    if (code !== 0) failed.push(step.name);
  }
  return failed;
}

/** Exit code of one program; 1 when a signal ended it or it could not be started. */
export function run(step: Step): Promise<number> {
  const [program, ...args] = step.run;
  const script = join(ROOT, 'node_modules', program);
  const [command, all] = existsSync(script) ? [process.execPath, [script, ...args]] : [program, args];
  const child = spawn(command, all, {
    cwd: join(ROOT, step.cwd ?? '.'),
    stdio: ['ignore', step.stdout === 'stderr' ? 2 : 'inherit', 'inherit'],
  });
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`cannot start ${command}: ${error.message}\n`);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** The steps that several scripts share. */
export const FORMAT: Step = { name: 'format', run: ['oxfmt/bin/oxfmt', '--check'] };
export const LINT: Step = { name: 'lint', run: ['oxlint/bin/oxlint', '--type-aware'] };
export const TYPES: Step = { name: 'types', run: ['typescript/bin/tsc', '--build'] };
/** Into packages/app/dist/dashboard, which the server serves. */
export const DASHBOARD: Step = {
  name: 'dashboard',
  run: ['vite/bin/vite.js', 'build', '--logLevel', 'warn'],
  cwd: 'packages/dashboard',
};
