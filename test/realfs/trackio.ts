/**
 * The real Trackio in its `sqlite` mode on client A, read by Lamella on client B. `trackio-copy` reads checked copies,
 * as Lamella does on a network disk: the writer must live, lose nothing, and every answer must be right.
 * `trackio-in-place` opens the database where it lies, and passes only if that does harm: it shows that the first
 * one can fail.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { atMost, exactly, type Figure, percentile, told } from '../../bench/scenario.ts';
import { trackioPython } from '../../packages/trackio/test/trackio-venv.ts';
import { ENDED, LOCAL, type Pair, type PairResult, type Program, RESULTS } from './guest/pair.ts';
import {
  FOLDER,
  PROJECT,
  type TrackioReaderOptions,
  type TrackioReaderResult,
} from './guest/trackio-reader.ts';
import type { Outcome, Scenario, ScenarioContext } from './scenario.ts';
import type { Volume } from './volume.ts';

/** The newest Trackio that Lamella knows. */
export const TRACKIO_VERSION = '0.43.0';
export const CALLS_PER_SECOND = 30;

/** What the stated age allows: rows that the writer holds back until its checkpoint, 30 s, and a few looks. */
const BEHIND_MS_MAX = 34_000;

/** The writer is quiet for that share of the time: caches of the reader's client then grow old. */
const QUIET_SHARE = 0.4;

/** The reader of copies looks as often as a dashboard; in place, more often: that only makes the harm come sooner. */
const POLL_MS = { copy: 1000, 'in-place': 250 };

export const copyScenario: Scenario = {
  name: 'trackio-copy',
  about:
    'the real Trackio in sqlite mode (WAL) on client A; checked copies on client B: right, and no harm done',
  seconds: { full: 60, short: 15 },
  prepare: prepareTrackio,
  run: async (context) => {
    const { figures, notes } = await runTrackio(context, 'copy');
    return { figures, notes };
  },
};

export const inPlaceScenario: Scenario = {
  name: 'trackio-in-place',
  about: 'the same with a reader that opens the database in place on client B: passes only if that does harm',
  seconds: { full: 60, short: 30 },
  attempts: 3,
  prepare: prepareTrackio,
  run: async (context) => {
    const { figures, notes, harm } = await runTrackio(
      context,
      (process.env['HOW'] ?? 'in-place') as 'in-place',
    );
    return { figures: [exactly('harm_done', harm ? 1 : 0, 'count', 1), ...figures.map(asTold)], notes };
  },
};

/** Null, or why there is no real Trackio here. */
export function prepareTrackio(log: (line: string) => void): string | null {
  log(`the real Trackio ${TRACKIO_VERSION}`);
  const found = trackioPython(TRACKIO_VERSION);
  return 'missing' in found ? found.missing : null;
}

/** The writer on client A. It ends when the reader has. */
export function trackioWriter(
  seconds: number,
  quiet: number,
  env: Readonly<Record<string, string>>,
): Program {
  const found = trackioPython(TRACKIO_VERSION);
  const python = 'python' in found ? found.python : '';
  const program = join(import.meta.dirname, 'guest', 'trackio_log.py');
  const noted = join(RESULTS, 'noted');
  return {
    run: [
      python,
      '-X',
      'faulthandler',
      program,
      PROJECT,
      String(CALLS_PER_SECOND),
      String(seconds),
      String(quiet),
      noted,
      ENDED.b,
    ],
    env: {
      TRACKIO_DIR: join('/mnt/a', FOLDER),
      HF_HUB_OFFLINE: '1',
      HF_HOME: join(LOCAL, 'hf'),
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      ...env,
    },
  };
}

/** Times in milliseconds at which `log()` had returned, by the number of the call from 1. */
export function notedTimes(volume: Volume): number[] {
  return volume
    .text('noted')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number(line.split(' ')[1]));
}

async function runTrackio(
  { volume, seconds }: ScenarioContext,
  how: TrackioReaderOptions['how'],
): Promise<Outcome & { readonly harm: boolean }> {
  const options: TrackioReaderOptions = { how, seconds, pollMs: POLL_MS[how] };
  const pair: Pair = {
    about: `Trackio logs, and a reader reads ${how === 'copy' ? 'copies' : 'in place'}, for ${seconds} s`,
    seconds: seconds + 60,
    graceSeconds: 40,
    a: trackioWriter(seconds + 15, how === 'copy' ? seconds * QUIET_SHARE : 0, {
      TRACKIO_STORAGE_MODE: 'sqlite',
      TRACKIO_SQLITE_JOURNAL_MODE: 'wal',
    }),
    b: { run: [join(import.meta.dirname, 'guest', 'trackio-reader.ts'), JSON.stringify(options)] },
  };
  await volume.run(pair);
  const ended = volume.result('pair-result.json') as PairResult;
  const seen = volume.result('reader.json') as TrackioReaderResult;
  const noted = notedTimes(volume);
  const left = countDatabase(join(volume.data, FOLDER, `${PROJECT}.db`), noted.length);
  const writerLives = ended.a.code === 0;
  const staleness = seen.seenMs.map((ms, index) => ms - (noted[index] ?? ms));
  const figures: Figure[] = [
    exactly('writer_died', writerLives ? 0 : 1, 'count', 0),
    exactly('reader_died', ended.b.code === 0 ? 0 : 1, 'count', 0),
    exactly('lost', left.lost, 'rows', 0),
    exactly('damaged', left.damage === null ? 0 : 1, 'count', 0),
    exactly('wrong_answers', seen.wrong.length, 'count', 0),
    exactly('failed_looks', seen.failed.length, 'count', 0),
    exactly('looks_without_age', seen.right > 0 && seen.age === '' ? 1 : 0, 'count', 0),
    { ...told('right_answers', seen.right, 'count'), goal: '>= 1', met: seen.right > 0 },
    told('logged', noted.length, 'rows'),
    told('looks', seen.looks, 'count'),
    told('looks_before_the_first_row', seen.notYet, 'count'),
    told('copies_thrown_away', seen.rejected, 'count'),
    atMost(
      'logged_to_visible_max_ms',
      staleness.reduce((a, b) => Math.max(a, b), 0),
      'ms',
      BEHIND_MS_MAX,
    ),
    told('logged_to_visible_p50_ms', percentile(staleness, 0.5), 'ms'),
    told('logged_to_visible_p95_ms', percentile(staleness, 0.95), 'ms'),
    told('stated_age_max_ms', Math.max(0, ...seen.answers.map(({ ageMs }) => ageMs)), 'ms'),
    told('older_than_stated_max_ms', Math.max(0, ...olderThanStated(seen, noted)), 'ms'),
  ];
  const notes = [
    `writer: ${JSON.stringify(ended.a)}, reader: ${JSON.stringify(ended.b)}`,
    `age as stated last: ${seen.age}`,
    ...(left.damage === null ? [] : [`on the server: ${left.damage}`]),
    ...seen.wrong.slice(0, 3),
    ...seen.failed.slice(0, 3),
    ...(writerLives ? [] : [volume.text('a.log').trim().split('\n').slice(0, 3).join(' | ')]),
  ];
  return { figures, notes, harm: !writerLives || left.lost > 0 || left.damage !== null };
}

/** By how much the oldest call that an answer does not show is older than the answer says that it may be. */
function olderThanStated({ answers }: TrackioReaderResult, noted: readonly number[]): number[] {
  return answers.map(({ atMs, rows, ageMs }) => atMs - (noted[rows] ?? atMs) - ageMs);
}

/** A failed goal is what this scenario wants to see: its figures are told. */
function asTold(figure: Figure): Figure {
  return { ...figure, goal: '-', met: true };
}

/** What is left of `noted` rows, where the volume is a local disk and nobody has it open any more. */
function countDatabase(
  path: string,
  noted: number,
): { readonly lost: number; readonly damage: string | null } {
  if (!existsSync(path)) return { lost: noted, damage: 'there is no database' };
  const database = new DatabaseSync(path);
  try {
    const [check] = Object.values(database.prepare('PRAGMA integrity_check').get() ?? {});
    const numbers = database.prepare(
      `SELECT DISTINCT json_extract(CAST(metrics AS TEXT), '$.number') AS n FROM metrics`,
    );
    const found = numbers.all().filter((row) => Number(row['n']) >= 1 && Number(row['n']) <= noted).length;
    return { lost: noted - found, damage: check === 'ok' ? null : String(check) };
  } catch (error) {
    return { lost: noted, damage: String(error) };
  } finally {
    database.close();
  }
}
