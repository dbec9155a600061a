/**
 * The real Trackio in its `jsonl` mode, which it takes on network disks by itself: fragments on client A, read by
 * Lamella on client B, which is never more than 2 s behind (a Trackio server looks every 15 s).
 */
import { join } from 'node:path';
import { Inbox } from '@lamella/trackio';
import { atMost, exactly, percentile, told } from '../../bench/scenario.ts';
import type { InboxReaderOptions, InboxReaderResult } from './guest/inbox-reader.ts';
import type { PairResult } from './guest/pair.ts';
import { FOLDER } from './guest/trackio-reader.ts';
import type { Outcome, Scenario, ScenarioContext } from './scenario.ts';
import { notedTimes, prepareTrackio, trackioWriter } from './trackio.ts';

const POLL_MS = 500;
/** From `log()` to visible. Trackio's own batches take 0.5 s of it. */
const BEHIND_MS_MAX = 2000;

export const scenario: Scenario = {
  name: 'inbox',
  about: 'the real Trackio writes JSONL fragments on client A; client B is at most 2 s behind',
  seconds: { full: 60, short: 15 },
  prepare: prepareTrackio,
  run: runInbox,
};

async function runInbox({ volume, seconds }: ScenarioContext): Promise<Outcome> {
  const options: InboxReaderOptions = { seconds, pollMs: POLL_MS };
  await volume.run({
    about: `Trackio writes fragments for ${seconds} s`,
    seconds: seconds + 60,
    graceSeconds: 40,
    a: trackioWriter(seconds + 120, 0, { TRACKIO_STORAGE_MODE: 'jsonl' }),
    b: { run: [join(import.meta.dirname, 'guest', 'inbox-reader.ts'), JSON.stringify(options)] },
  });
  const ended = volume.result('pair-result.json') as PairResult;
  const seen = volume.result('reader.json') as InboxReaderResult;
  const noted = notedTimes(volume);
  // The reader ends first: what it had no time to see is not late yet.
  const behind = noted.slice(0, seen.seenMs.length).map((ms, index) => (seen.seenMs[index] ?? Infinity) - ms);
  return {
    figures: [
      exactly('writer_died', ended.a.code === 0 ? 0 : 1, 'count', 0),
      exactly('reader_died', ended.b.code === 0 ? 0 : 1, 'count', 0),
      exactly('lost', noted.length - (await countInbox(join(volume.data, FOLDER))), 'rows', 0),
      exactly('reader_wrong', seen.wrong + seen.badLines, 'rows', 0),
      exactly('reader_missing', behind.filter((ms) => ms === Infinity).length, 'rows', 0),
      exactly('reader_errors', seen.failed.length, 'count', 0),
      atMost(
        'logged_to_visible_max_ms',
        behind.reduce((a, b) => Math.max(a, b), 0),
        'ms',
        BEHIND_MS_MAX,
      ),
      told('logged_to_visible_p95_ms', percentile(behind, 0.95), 'ms'),
      told('logged_to_visible_p50_ms', percentile(behind, 0.5), 'ms'),
      told('logged', noted.length, 'rows'),
      told('seen', seen.seenMs.length, 'rows'),
      told('looks', seen.looks, 'count'),
    ],
    notes: [
      `writer: ${JSON.stringify(ended.a)}, reader: ${JSON.stringify(ended.b)}`,
      ...seen.failed.slice(0, 3),
    ],
  };
}

/** Rows in the fragments, where the volume is a local disk. */
async function countInbox(directory: string): Promise<number> {
  const { added } = await new Inbox(directory).refresh();
  return added.reduce((rows, { metrics }) => rows + metrics.rows, 0);
}
