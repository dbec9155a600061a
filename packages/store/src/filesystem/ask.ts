/**
 * Asks something that may never be answered. A call on a dead mount sleeps in the kernel and cannot be
 * interrupted; in a thread it would hold this process's exit for ever. So it is made in a child process, which is
 * abandoned when its time is over: its pipes are closed and nothing waits for it any more.
 *
 * A child's answer is lines of JSON, so what it found before it got stuck is known too.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Answer {
  /** `done`: ended by itself. `timeout`: its time was over. `failed`: could not start, or ended with an error. */
  readonly ended: 'done' | 'timeout' | 'failed';
  readonly stdout: string;
  /** Why it failed, else ''. */
  readonly detail: string;
}

/** An answer of a few kilobytes is what is expected; a megabyte is a mount table of 5,000 lines. */
const OUTPUT_MAX = 4 * 1024 * 1024;

/**
 * Runs a program for at most `timeoutMs` and resolves with what it wrote until then; never rejects, and leaves
 * nothing behind that keeps this process alive.
 */
export async function askProgram(
  command: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<Answer> {
  return await new Promise<Answer>((resolve) => {
    const child = spawn(command, args, {
      // The working directory may itself lie on the mount that does not answer.
      cwd: '/',
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    let stdout = '';
    let stderr = '';
    const settle = (ended: Answer['ended'], detail: string): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      resolve({ ended, stdout, detail });
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      settle('timeout', `no answer within ${timeoutMs} ms`);
    }, timeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < OUTPUT_MAX) stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < 10_000) stderr += text;
    });
    child.on('error', (error) => settle('failed', error.message));
    child.on('close', (code, signal) => {
      if (code === 0) settle('done', '');
      else settle('failed', `${command} ended with ${signal ?? code}: ${lastLine(stderr)}`);
    });
  });
}

/**
 * The script `name` that lies beside the module `of` (its `import.meta.url`): TypeScript where the module is run
 * from source, JavaScript in a built package.
 */
export function scriptBeside(of: string, name: string): URL {
  return new URL(`./${name}.${of.endsWith('.ts') ? 'ts' : 'js'}`, of);
}

/** Runs a script on this Node, for at most `timeoutMs`. */
export async function askScript(script: URL, args: readonly string[], timeoutMs: number): Promise<Answer> {
  // A script from source may import this workspace's packages, which are then sources, too.
  const source = script.pathname.endsWith('.ts') ? ['--conditions=source'] : [];
  return await askProgram(process.execPath, [...source, fileURLToPath(script), ...args], timeoutMs);
}

/** The objects that an answer holds, one per line; a line cut off in the middle is left out. */
export function answerLines(answer: Answer): object[] {
  return answer.stdout.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null ? [value] : [];
    } catch {
      // The last line of a child that was ended while it wrote.
      return [];
    }
  });
}

/** Without the options of the parent's Node (`--import`, `--inspect`), which would slow or stop the child. */
function environment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  delete env['NODE_OPTIONS'];
  delete env['NODE_V8_COVERAGE'];
  return env;
}

function lastLine(text: string): string {
  const lines = text.trim().split('\n');
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
}
