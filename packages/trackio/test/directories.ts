/** Directories that real Trackio versions wrote, unpacked for one test file, and what is known to be in them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FIXTURES = join(import.meta.dirname, 'fixtures');

/** Versions with databases, and the one with an inbox only. */
export const DATABASE_VERSIONS: readonly string[] = ['0.5.0', '0.23.0', '0.36.0', '0.43.0'];
export const INBOX_VERSION = '0.36.0-jsonl';

/** A temporary directory that is removed by `dispose`. */
export interface Scratch {
  readonly path: string;
  dispose(): void;
}

export function scratch(): Scratch {
  const path = mkdtempSync(join(tmpdir(), 'lamella-trackio-'));
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
}

/** Unpacks the directory of a version into `into` and answers its path. */
export function unpack(version: string, into: string): string {
  const target = join(into, version);
  mkdirSync(target, { recursive: true });
  const tar = spawnSync('tar', ['-xzf', join(FIXTURES, `${version}.tar.gz`), '-C', target], {
    encoding: 'utf8',
  });
  if (tar.status !== 0) throw new Error(`tar failed: ${tar.stderr}`);
  return join(target, 'trackio');
}

/** The measured content of a version's directory. */
export function expected(version: string): unknown {
  return JSON.parse(readFileSync(join(FIXTURES, `${version}.expected.json`), 'utf8'));
}
