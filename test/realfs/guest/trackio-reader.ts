/**
 * Runs in the guest on client B: reads the database of a Trackio process on client A once a second, and holds every
 * answer against what that process logged: rows 1 to n with their values, no hole, never fewer than before.
 *
 * `copy`: as Lamella does on a network disk. `in-place`: the database is opened where it lies, anew for every look, as
 * Trackio's own server does; here that is the mistake which the scenario has to notice.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeAge, problemOf, TrackioSource } from '@lamella/trackio';
import { ENDED, LOCAL, MOUNT_B, RESULTS } from './pair.ts';
import { judgeRows, type Row, rowsInPlace, rowsOf } from './trackio-rows.ts';

export const FOLDER: string = 'trackio';
export const PROJECT: string = 'digits';

export interface TrackioReaderOptions {
  readonly how: 'copy' | 'in-place';
  readonly seconds: number;
  readonly pollMs: number;
}

/** `reader.json`, written anew after every look: a reader may be killed at any time. */
export interface TrackioReaderResult {
  readonly looks: number;
  /** Answers that were a state which the writer had committed, and no older than the one before. */
  readonly right: number;
  readonly wrong: readonly string[];
  /** Looks that found no database, no tables or no rows yet. */
  readonly notYet: number;
  /** Looks that failed, by what they said. */
  readonly failed: readonly string[];
  readonly rows: number;
  /** When each row was first seen, in milliseconds since 1970; by its number, from 1. */
  readonly seenMs: readonly number[];
  /** The age that was stated last, in words. */
  readonly age: string;
  /** Every look that answered: when, the rows it showed, and the age that it stated, in milliseconds. */
  readonly answers: readonly { readonly atMs: number; readonly rows: number; readonly ageMs: number }[];
  /** Copies that were thrown away. */
  readonly rejected: number;
}

const NOT_YET = ['missing', 'not-yet', 'zero-byte', 'foreign', 'busy-writer'];

/** What a look found: rows from the database, and where they are copies, how old. */
interface Answer {
  readonly rows: Iterable<Row>;
  readonly age: string;
  readonly ageMs: number;
  readonly rejected: number;
}

interface Eye {
  look(): Promise<Answer>;
  close(): Promise<void>;
}

function openCopies(path: string): Eye {
  const source = new TrackioSource({ path, filesystem: 'network', copyFolder: join(LOCAL, 'copies') });
  return {
    look: async () => {
      const { rejected } = await source.refresh();
      const nowMs = Date.now();
      return {
        rows: rowsOf(source.database.logs),
        age: describeAge(source.age, nowMs),
        ageMs: nowMs - source.age.readAtMs,
        rejected: rejected.length,
      };
    },
    close: () => source.close(),
  };
}

/** Readable and writable: so does Trackio's server, whose last connection checkpoints and removes the log. */
function openInPlace(path: string): Eye {
  return {
    look: () => {
      const database = new DatabaseSync(path, { timeout: 1000 });
      try {
        return Promise.resolve({ rows: rowsInPlace(database), age: 'live', ageMs: 0, rejected: 0 });
      } finally {
        database.close();
      }
    },
    close: () => Promise.resolve(),
  };
}

/** Looks, judges and keeps count. */
class Looker {
  readonly #eye: Eye;
  readonly #wrong: string[] = [];
  readonly #failed: string[] = [];
  readonly #seenMs: number[] = [];
  readonly #answers: { atMs: number; rows: number; ageMs: number }[] = [];
  #looks = 0;
  #right = 0;
  #notYet = 0;
  #rejected = 0;
  #age = '';

  constructor({ how }: TrackioReaderOptions) {
    const path = join(MOUNT_B, FOLDER, `${PROJECT}.db`);
    this.#eye = how === 'copy' ? openCopies(path) : openInPlace(path);
  }

  async look(): Promise<void> {
    this.#looks += 1;
    try {
      const answer = await this.#eye.look();
      const judged = judgeRows(answer.rows, this.#seenMs.length);
      const nowMs = Date.now();
      if (judged.wrong !== null) this.#wrong.push(judged.wrong);
      else if (judged.rows === 0) this.#notYet += 1;
      else this.#right += 1;
      while (this.#seenMs.length < judged.rows) this.#seenMs.push(nowMs);
      this.#rejected += answer.rejected;
      this.#age = answer.age;
      this.#answers.push({ atMs: nowMs, rows: judged.rows, ageMs: answer.ageMs });
    } catch (error) {
      const isEarly = NOT_YET.includes(problemOf(error) ?? '') || /no such table/.test(String(error));
      if (isEarly && this.#seenMs.length === 0) this.#notYet += 1;
      else this.#failed.push(String(error));
    }
    writeFileSync(join(RESULTS, 'reader.json'), JSON.stringify(this.#result()));
  }

  async close(): Promise<void> {
    await this.#eye.close();
  }

  #result(): TrackioReaderResult {
    return {
      looks: this.#looks,
      right: this.#right,
      wrong: this.#wrong,
      notYet: this.#notYet,
      failed: this.#failed,
      rows: this.#seenMs.length,
      seenMs: this.#seenMs,
      age: this.#age,
      answers: this.#answers,
      rejected: this.#rejected,
    };
  }
}

async function main(options: TrackioReaderOptions): Promise<void> {
  const end = Date.now() + options.seconds * 1000;
  const isThere = (): boolean =>
    readdirSync(MOUNT_B).includes(FOLDER) && readdirSync(join(MOUNT_B, FOLDER)).includes(`${PROJECT}.db`);
  while (!isThere() && Date.now() < end) await sleep(200);
  const looker = new Looker(options);
  // A writer that has ended is a dead one: this reader is to end first.
  while (Date.now() < end && !existsSync(ENDED.a)) {
    await looker.look();
    await sleep(options.pollMs);
  }
  await looker.close();
}

if (process.argv[1] === import.meta.filename)
  await main(JSON.parse(process.argv[2] ?? '') as TrackioReaderOptions);
