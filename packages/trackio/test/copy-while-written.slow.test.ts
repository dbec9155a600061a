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

const COPIES = 220;

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
  ['WAL', 1],
  ['WAL', 0],
  ['DELETE', 12],
  ['TRUNCATE', 12],
  ['PERSIST', 12],
] as const)('a copy while a process commits in %s mode, %i ms apart', (mode, pauseMs) => {
  it(`is a committed state every time, and never goes back (${COPIES} copies)`, async () => {
    const source = join(work.path, 'project.db');
    const writer = await startWriter(source, mode, pauseMs);
    const copy = new CheckedCopy(source, join(work.path, 'copies'), hastyEnvironment());
    let previous = 0;
    const rejected = new Map<string, number>();
    let [copies, logsOnly, refused] = [0, 0, 0];
    try {
      while (copies < COPIES && refused < COPIES) {
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
    expect(copies).toBe(COPIES);
  });
});
