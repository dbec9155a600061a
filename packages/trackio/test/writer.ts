/** Starts the writing process of `writer-process.ts` and says how far it has come. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Writer {
  /** The last commit that was acknowledged. */
  acknowledged(): number;
  stop(): Promise<void>;
}

export async function startWriter(
  path: string,
  mode: 'WAL' | 'DELETE' | 'TRUNCATE' | 'PERSIST',
  pauseMs: number,
  autocheckpoint = 40,
): Promise<Writer> {
  const program = join(import.meta.dirname, 'writer-process.ts');
  const child: ChildProcess = spawn(
    process.execPath,
    ['--no-warnings', program, path, mode, String(pauseMs), String(autocheckpoint)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout!, 'data'), ended]);
  if (child.exitCode !== null) throw new Error(`the writer ended with code ${child.exitCode}`);
  return {
    acknowledged: () => {
      try {
        return Number(readFileSync(`${path}.acknowledged`, 'utf8'));
      } catch {
        return 0; // before the first commit
      }
    },
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
