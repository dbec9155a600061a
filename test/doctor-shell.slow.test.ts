/**
 * `eval "$(lamella doctor --shell DIR)"` and then the real Trackio: what it writes, and what its own connection
 * answers when it is asked for its pragmas.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT } from '../scripts/steps.ts';
import { trackioPythons } from '../packages/trackio/test/trackio-venv.ts';

const scratch = mkdtempSync(join(tmpdir(), 'lamella-shell-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Logs ten calls, then opens the project as Trackio does and asks the connection. */
const PROGRAM = `
import json, os, sys
import trackio
from trackio import sqlite_storage as storage
run = trackio.init(project="digits", name="one", embed=False)
for step in range(10):
    trackio.log({"loss": 1.0 / (step + 1)}, step=step)
trackio.finish()
directory = os.environ["TRACKIO_DIR"]
files = sorted(os.path.relpath(os.path.join(at, name), directory) for at, _, names in os.walk(directory) for name in names)
import sqlite3
connection = sqlite3.connect(os.path.join(directory, "asked.db"))
storage._configure_sqlite_pragmas(connection)
names = ["journal_mode", "synchronous", "mmap_size", "temp_store", "locking_mode"]
answers = {name: connection.execute("PRAGMA " + name).fetchone()[0] for name in names}
print("ANSWER " + json.dumps({"pragmas": answers, "files": files}))
`;

interface Answer {
  readonly pragmas: Readonly<Record<string, string | number>>;
  readonly files: readonly string[];
}

/** A job script of one line, on a disk of class `of`. */
function job(python: string, of: string, before = ''): Answer {
  const dir = mkdtempSync(join(scratch, 'trackio-'));
  const program = join(scratch, 'train.py');
  writeFileSync(program, PROGRAM);
  const lamella = `"${process.execPath}" --conditions=source "${join(ROOT, 'packages/app/src/commands/main.ts')}"`;
  const script = `set -e; ${before}
    eval "$(LAMELLA_FILESYSTEM_CLASS=${of} ${lamella} doctor --shell "$TRACKIO_DIR")"
    exec "${python}" "${program}"`;
  const ran = spawnSync('bash', ['-c', script], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: scratch, TRACKIO_DIR: dir, HF_HUB_OFFLINE: '1' },
  });
  const line = ran.stdout.split('\n').find((each) => each.startsWith('ANSWER '));
  if (line === undefined) throw new Error(`the job failed (${ran.status}): ${ran.stderr}\n${ran.stdout}`);
  expect(readdirSync(dir)).not.toEqual([]);
  return JSON.parse(line.slice('ANSWER '.length)) as Answer;
}

describe.each(trackioPythons())('Trackio $version after the line in its job script', (found) => {
  const python = found.python ?? '';

  it.skipIf(python === '').each(['network', 'parallel', 'object-mount', 'unknown'])(
    'opens no database on a %s filesystem, and would with DELETE, FULL and nothing mapped',
    (of) => {
      const { pragmas, files } = job(python, of);
      expect(files.some((file) => /^inbox\/.*\.jsonl/.test(file))).toBe(true);
      expect(files.filter((file) => /\.db(-|$)/.test(file))).toEqual([]);
      expect(pragmas).toMatchObject({ journal_mode: 'delete', synchronous: 2, mmap_size: 0, temp_store: 2 });
    },
  );

  it.skipIf(python === '')('is made safe although its user had chosen otherwise', () => {
    const { pragmas, files } = job(
      python,
      'parallel',
      'export TRACKIO_STORAGE_MODE=sqlite TRACKIO_SQLITE_JOURNAL_MODE=WAL TRACKIO_SQLITE_MMAP_SIZE=1000000',
    );
    expect(files.filter((file) => /\.db(-|$)/.test(file))).toEqual([]);
    expect(pragmas).toMatchObject({ journal_mode: 'delete', synchronous: 2, mmap_size: 0 });
  });

  it.skipIf(python === '')('writes its database in WAL on a local disk', () => {
    const { pragmas, files } = job(python, 'local');
    expect(files).toContain('digits.db');
    expect(pragmas).toMatchObject({ journal_mode: 'wal', synchronous: 1, mmap_size: 0 });
  });

  it.skipIf(python === '')('on a local disk keeps a rollback journal that its user chose', () => {
    const { pragmas, files } = job(python, 'local', 'export TRACKIO_SQLITE_JOURNAL_MODE=delete');
    expect(files).toContain('digits.db');
    expect(pragmas).toMatchObject({ journal_mode: 'delete' });
  });
});
