/**
 * Runs in the guest on client B: reads the fragments that a Trackio process on client A writes, twice a second, and
 * notes when each call was first seen.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inbox } from '@lamella/trackio';
import { MOUNT_B, RESULTS } from './pair.ts';
import { FOLDER } from './trackio-reader.ts';

export interface InboxReaderOptions {
  readonly seconds: number;
  readonly pollMs: number;
}

/** `reader.json`. */
export interface InboxReaderResult {
  readonly looks: number;
  /** By the number of the call, from 1; null where it was not seen. */
  readonly seenMs: readonly (number | null)[];
  /** Calls that came twice, or with a value that was never logged. */
  readonly wrong: number;
  /** Lines that are no records. */
  readonly badLines: number;
  readonly failed: readonly string[];
}

async function main({ seconds, pollMs }: InboxReaderOptions): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!readdirSync(MOUNT_B).includes(FOLDER) && Date.now() < end) await sleep(100);
  const inbox = new Inbox(join(MOUNT_B, FOLDER));
  const seenMs: (number | null)[] = [];
  const failed: string[] = [];
  let [looks, wrong, badLines] = [0, 0, 0];
  while (Date.now() < end) {
    looks += 1;
    try {
      const change = await inbox.refresh();
      badLines += change.badLines;
      const nowMs = Date.now();
      for (const { metrics } of change.added) {
        const losses = new Map<number, number>();
        const numbers = new Map<number, number>();
        for (let cell = 0; cell < metrics.cells.count; cell++) {
          const key = inbox.keys[metrics.cells.key[cell] ?? 0];
          const value = metrics.cells.value[cell] ?? Number.NaN;
          (key === 'loss' ? losses : numbers).set(metrics.cells.row[cell] ?? 0, value);
        }
        for (let row = 0; row < metrics.rows; row++) {
          const number = numbers.get(row) ?? 0;
          if (losses.get(row) !== 1 / number || (seenMs[number - 1] ?? null) !== null) wrong += 1;
          else seenMs[number - 1] = nowMs;
        }
      }
    } catch (error) {
      failed.push(String(error));
    }
    await sleep(pollMs * (0.8 + 0.4 * Math.random()));
  }
  const result: InboxReaderResult = {
    looks,
    seenMs: Array.from(seenMs, (ms) => ms ?? null),
    wrong,
    badLines,
    failed,
  };
  writeFileSync(join(RESULTS, 'reader.json'), JSON.stringify(result));
}

if (process.argv[1] === import.meta.filename)
  await main(JSON.parse(process.argv[2] ?? '') as InboxReaderOptions);
