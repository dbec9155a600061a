/**
 * Runs in the guest on client B: reads the database of a Trackio process on client A once a second, and holds every
 * answer against what that process logged: rows 1 to n with their values, no hole, never fewer than before.
 *
 * `copy`: as Lamella does on a network disk. `in-place`: as it does on a local disk only; here that is the mistake
 * which the scenario has to notice.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeAge, problemOf, TrackioSource } from '@lamella/trackio';
import { LOCAL, MOUNT_B, RESULTS } from './pair.ts';
import { judgeRows } from './trackio-rows.ts';

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
  /** Looks before the database or its tables are there; they say so. */
  readonly notYet: number;
  /** Looks that failed, by what they said. */
  readonly failed: readonly string[];
  readonly rows: number;
  /** When each row was first seen, in milliseconds since 1970; by its number, from 1. */
  readonly seenMs: readonly number[];
  /** The age that was stated last, in words. */
  readonly age: string;
  /** The longest age that was stated, in seconds. */
  readonly statedAgeMaxS: number;
  /** Copies that were thrown away. */
  readonly rejected: number;
}

const NOT_YET = ['missing', 'not-yet', 'zero-byte', 'foreign', 'busy-writer'];

class Looker {
  readonly #source: TrackioSource;
  readonly #wrong: string[] = [];
  readonly #failed: string[] = [];
  readonly #seenMs: number[] = [];
  #looks = 0;
  #right = 0;
  #notYet = 0;
  #rejected = 0;
  #age = '';
  #statedAgeMaxS = 0;

  constructor(options: TrackioReaderOptions) {
    this.#source = new TrackioSource({
      path: join(MOUNT_B, FOLDER, `${PROJECT}.db`),
      filesystem: options.how === 'copy' ? 'network' : 'local',
      copyFolder: join(LOCAL, 'copies'),
    });
  }

  async look(): Promise<void> {
    this.#looks += 1;
    try {
      const { rejected } = await this.#source.refresh();
      this.#rejected += rejected.length;
      const judged = judgeRows(this.#source.database.logs, this.#seenMs.length);
      const nowMs = Date.now();
      if (judged.wrong === null) this.#right += 1;
      else this.#wrong.push(judged.wrong);
      while (this.#seenMs.length < judged.rows) this.#seenMs.push(nowMs);
      this.#age = describeAge(this.#source.age, nowMs);
      this.#statedAgeMaxS = Math.max(this.#statedAgeMaxS, (nowMs - this.#source.age.readAtMs) / 1000);
    } catch (error) {
      if (NOT_YET.includes(problemOf(error) ?? '') && this.#seenMs.length === 0) this.#notYet += 1;
      else this.#failed.push(String(error));
    }
    writeFileSync(join(RESULTS, 'reader.json'), JSON.stringify(this.#result()));
  }

  async close(): Promise<void> {
    await this.#source.close();
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
      statedAgeMaxS: this.#statedAgeMaxS,
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
  while (Date.now() < end) {
    await looker.look();
    await sleep(options.pollMs);
  }
  await looker.close();
}

if (process.argv[1] === import.meta.filename)
  await main(JSON.parse(process.argv[2] ?? '') as TrackioReaderOptions);
