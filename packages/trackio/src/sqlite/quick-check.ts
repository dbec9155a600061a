/**
 * SQLite's `quick_check` of a copy on this host's own disk. It reads every page: 785 MB took 5.6 s. So a large copy
 * is checked in a child process, which neither blocks this one nor shares SQLite's tables of open files with it.
 */
import { spawn } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';

/** Up to this size the check is done here: it costs less than a process does. */
export const INLINE_BYTES_MAX: number = 8 << 20;

const PROGRAM = `
const { DatabaseSync } = require('node:sqlite');
try {
  const database = new DatabaseSync(process.argv[1], { readOnly: true });
  const [row] = database.prepare('PRAGMA quick_check(1)').all();
  process.stdout.write(String(row.quick_check));
} catch (error) {
  process.stdout.write(error.message);
}`;

/**
 * What `quick_check` finds in the copy at `path`: null when it is sound, else SQLite's words for the first damage.
 * `bytes` is its size with its log.
 */
export async function quickCheck(path: string, bytes: number): Promise<string | null> {
  const found = bytes <= INLINE_BYTES_MAX ? checkHere(path) : await checkInChild(path);
  return found === 'ok' ? null : found;
}

function checkHere(path: string): string {
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return String(database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']);
    } finally {
      database.close();
    }
  } catch (error) {
    return (error as Error).message; // a copy too damaged to be opened is what this function is asked about
  }
}

function checkInChild(path: string): Promise<string> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--no-warnings', '--eval', PROGRAM, path], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(`the check could not be started: ${error.message}`));
    child.on('close', (code) => {
      const found = Buffer.concat(parts).toString();
      resolve(found === '' ? `the check ended with code ${String(code)}` : found);
    });
  });
}
