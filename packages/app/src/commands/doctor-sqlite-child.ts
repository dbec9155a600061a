/**
 * The child that opens databases for `lamella doctor` (see doctor-sqlite.ts). Argument: a ChildQuestion as JSON.
 * Writes lines of JSON, each a part of a ChildAnswer. Databases that lie there are not opened as such: the first
 * 20 bytes of the file tell their mode.
 */
import { closeSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openedPragmas } from '@lamella/trackio';
import type { ChildAnswer, ChildQuestion } from './doctor-sqlite.ts';

/** Beyond this many databases a directory is not looked through to the end. */
const DATABASES_MAX = 1000;
const HEADER = 'SQLite format 3\0';

function tell(line: ChildAnswer): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

function walDatabases(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.db'))
    .map(({ name }) => name);
  return names.slice(0, DATABASES_MAX).filter((name) => isWal(join(directory, name)));
}

/** Byte 18 of the header is the format for writing: 2 is WAL. */
function isWal(path: string): boolean {
  const header = Buffer.alloc(20);
  try {
    const descriptor = openSync(path, 'r');
    try {
      readSync(descriptor, header, 0, header.length, 0);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Gone since the listing, or another user's: nothing is known of it, and nothing is said.
    return false;
  }
  return header.toString('latin1', 0, 16) === HEADER && header[18] === 2;
}

const question = JSON.parse(process.argv[2] ?? '{}') as ChildQuestion;
try {
  if (question.directory !== null) tell({ walDatabases: walDatabases(question.directory) });
} catch {
  // The directory is not there yet, or what is in it may not be read: then it holds nothing to warn of.
  tell({ walDatabases: [] });
}
if (question.writeIn !== null) {
  tell({ opened: openedPragmas(question.writeIn, question.class, question.env) });
}
