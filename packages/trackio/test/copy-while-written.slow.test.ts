/**
 * The property that everything on shared disks rests on: whatever moment a copy is taken at, it is a state that
 * the writer committed, no older than the copy before, and holds all that was acknowledged before it began.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckedCopy, type CopyEnvironment } from '../src/sqlite/checked-copy.ts';
import { type Scratch, scratch } from './directories.ts';
import { startWriter } from './writer.ts';

let work: Scratch;
beforeEach(() => {
  work = scratch();
});
afterEach(() => work.dispose());

/** Every look is a second later than the one before, so that no pause has to be waited for. */
function hastyEnvironment(): CopyEnvironment {
  let nowMs = Date.now();
  return {
    now: () => (nowMs += 1000),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    random: Math.random,
  };
}

function fill(path: string, megabytes: number): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE filler (bytes)');
  for (let megabyte = 0; megabyte < megabytes; megabyte += 1) {
    database.exec('INSERT INTO filler VALUES (randomblob(1000000))');
  }
  database.close();
}

interface State {
  readonly rows: number;
  readonly highest: number;
  readonly system: number;
  readonly named: number;
  readonly check: string;
}

function stateOf(path: string): State {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const count = (sql: string): number => Number(database.prepare(sql).get()?.['n']);
    return {
      rows: count('SELECT count(*) AS n FROM metrics'),
      highest: count('SELECT coalesce(max(step), 0) AS n FROM metrics'),
      system: count('SELECT count(*) AS n FROM system_metrics'),
      named: count(`SELECT coalesce(max(CAST(value AS INTEGER)), 0) AS n FROM project_metadata`),
      check: String(database.prepare('PRAGMA integrity_check').get()?.['integrity_check']),
    };
  } finally {
    database.close();
  }
}

describe.each([
  { mode: 'WAL', pauseMs: 1, copies: 60, megabytes: 0, pages: 40 },
  { mode: 'WAL', pauseMs: 0, copies: 30, megabytes: 0, pages: 400 },
  // Large enough for its copy to be shared between generations, and checked in a child process.
  { mode: 'WAL', pauseMs: 5, copies: 12, megabytes: 12, pages: 1000 },
  { mode: 'DELETE', pauseMs: 12, copies: 60, megabytes: 0, pages: 40 },
  { mode: 'TRUNCATE', pauseMs: 12, copies: 30, megabytes: 0, pages: 40 },
  { mode: 'PERSIST', pauseMs: 12, copies: 30, megabytes: 0, pages: 40 },
] as const)('$copies copies while a process commits in $mode mode, $pauseMs ms apart', (given) => {
  const { mode, pauseMs, copies: wanted, megabytes, pages } = given;
  it(`are committed states every time, and never go back (${megabytes} MB)`, async () => {
    const source = join(work.path, 'project.db');
    fill(source, megabytes);
    const writer = await startWriter(source, mode, pauseMs, pages);
    const copy = new CheckedCopy(source, join(work.path, 'copies'), hastyEnvironment());
    let previous = 0;
    const rejected = new Map<string, number>();
    let [copies, logsOnly, refused] = [0, 0, 0];
    try {
      // A busy machine may find no sound moment many times in a row; only a wrong copy is a failure.
      while (copies < wanted && refused < wanted * 20) {
        const acknowledged = writer.acknowledged();
        const refreshed = await copy.refresh();
        for (const reason of refreshed.rejected) rejected.set(reason, (rejected.get(reason) ?? 0) + 1);
        if (!refreshed.isNew) {
          if (refreshed.rejected.length > 0) refused += 1;
          else await new Promise((resolve) => setTimeout(resolve, 1)); // nothing was committed meanwhile
          continue;
        }
        copies += 1;
        if (refreshed.generation.logOnly) logsOnly += 1;
        const state = stateOf(refreshed.generation.path);
        const { highest } = state;
        expect(state).toEqual({ rows: highest, highest, system: highest, named: highest, check: 'ok' });
        expect(highest).toBeGreaterThanOrEqual(Math.max(previous, acknowledged));
        previous = highest;
        await copy.removeOld();
      }
    } finally {
      await writer.stop();
    }
    const reasons = [...rejected].map(([reason, times]) => `${times} × ${reason}`).join('; ');
    console.log(
      `${mode}, ${pauseMs} ms: ${copies} copies (${logsOnly} of the log alone) up to commit ${previous}; ` +
        `${refused} refreshes without a sound one; thrown away: ${reasons}`,
    );
    expect([...rejected.keys()].filter((reason) => reason.includes('quick_check'))).toEqual([]);
    expect(copies).toBe(wanted);
    expect(logsOnly > 0).toBe(mode === 'WAL');
  });
});
