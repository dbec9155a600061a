/**
 * Lamella's own store on NFS: N processes log with the SDK on client A, half of them are killed at random, and a
 * reader on client B follows. Then the server's own disk is counted: nothing that `log()` took may be missing, twice
 * or different, but for what a killed publisher had not published yet.
 */
import { join } from 'node:path';
import { openReader } from '@lamella/store';
import { nodeCodec, openStore, systemClock } from '@lamella/store/node';
import { exactly, type Figure, percentile, told } from '../../bench/scenario.ts';
import type { PairResult } from './guest/pair.ts';
import type { ReaderOptions, ReaderResult } from './guest/shard-reader.ts';
import { PROJECT, RUNS, STORE, type WriterFate, type WritersOptions } from './guest/shard-writers.ts';
import type { Outcome, Scenario, ScenarioContext } from './scenario.ts';
import { ShardTally } from './shard-tally.ts';

const WRITERS = { full: 8, short: 4 };
const CALLS_PER_SECOND = 20;
/** How often a dashboard looks. */
const POLL_MS = 500;
/** Starting eight processes and their publishers on the guest's one CPU, the ends of publishers, catching up. */
const MARGIN_SECONDS = 75;

export const scenario: Scenario = {
  name: 'shards',
  about:
    'SDK processes on client A, half of them killed with SIGKILL; a live reader on client B; a full count',
  seconds: { full: 60, short: 10 },
  prepare: () => null,
  run: runShards,
};

async function runShards({ volume, seconds, short }: ScenarioContext): Promise<Outcome> {
  const processes = WRITERS[short ? 'short' : 'full'];
  const writers: WritersOptions = { writers: processes, seconds, callsPerSecond: CALLS_PER_SECOND };
  const reader: ReaderOptions = { writers: processes, pollMs: POLL_MS };
  const guest = (name: string): string => join(import.meta.dirname, 'guest', name);
  await volume.run({
    about: `${processes} processes log for ${seconds} s`,
    seconds: seconds + MARGIN_SECONDS,
    graceSeconds: 30,
    a: { run: [guest('shard-writers.ts'), JSON.stringify(writers)] },
    b: { run: [guest('shard-reader.ts'), JSON.stringify(reader)] },
  });
  const pair = volume.result('pair-result.json') as PairResult;
  for (const client of ['a', 'b'] as const) {
    if (pair[client].code !== 0)
      throw new Error(
        `the program on client ${client} ended with ${JSON.stringify(pair[client])}: ${volume.text(`${client}.log`)}`,
      );
  }
  const fates = volume.result('writers.json') as readonly WriterFate[];
  const seen = volume.result('reader.json') as ReaderResult;
  const counted = await countStore(join(volume.data, STORE), processes);
  return {
    figures: [...figuresOf(fates, counted), ...figuresOfReader(fates, seen, pair)],
    notes: [
      ...fates
        .filter(({ killed, code }) => killed === 'no' && code !== 0)
        .map(({ index }) => `process ${index} failed: ${volume.text(`logger-${index}.log`).trim()}`),
      ...counted.faults,
      ...seen.faults.map((fault) => `on B: ${fault}`),
      ...seen.errors.slice(0, 3).map((error) => `on B: ${error}`),
    ],
  };
}

interface Counted {
  readonly tally: ShardTally;
  /** Files that are no sound shards. */
  readonly faults: readonly string[];
  readonly files: number;
}

/** By a fresh reader, where the volume is a local disk. */
async function countStore(root: string, processes: number): Promise<Counted> {
  const reader = openReader({
    backend: await openStore(root, { create: false }),
    codec: nodeCodec,
    clock: systemClock,
  });
  const tally = new ShardTally(processes);
  const faults: string[] = [];
  let files = 0;
  for (const run of RUNS) {
    const view = await reader.refreshRun(PROJECT, run);
    files += view.files.length;
    for (const { key, reason } of [...view.bad, ...view.unsupported]) faults.push(`${key}: ${reason}`);
    for (const { keys, reason } of view.conflicts) faults.push(`${keys.join(' and ')}: ${reason}`);
    tally.add(await reader.readRows(view));
  }
  return { tally, faults, files };
}

function figuresOf(fates: readonly WriterFate[], { tally, faults, files }: Counted): Figure[] {
  const sum = (of: (fate: WriterFate) => number): number =>
    fates.reduce((total, fate) => total + of(fate), 0);
  const of = (kind: WriterFate['killed']): WriterFate[] => fates.filter(({ killed }) => killed === kind);
  // Of a killed tree the end may be missing, but nothing in the middle.
  const lost = ({ index, killed, calls }: WriterFate): number =>
    killed === 'tree' ? tally.present(index) - tally.prefix(index) : Math.max(0, calls - tally.prefix(index));
  // Of one that was killed before its first flush, all that it logged: the time is counted from its first call.
  const treeLostMs = of('tree').map(
    ({ index, killedAtMs, firstCallMs }) =>
      (killedAtMs ?? 0) - Math.max(tally.lastLoggedMs(index), firstCallMs ?? 0),
  );
  return [
    exactly('lost', sum(lost), 'calls', 0),
    exactly(
      'doubled',
      sum(({ index }) => tally.doubled(index)),
      'rows',
      0,
    ),
    exactly('torn', sum(({ index }) => tally.halves(index)) + tally.wrong + faults.length, 'rows', 0),
    exactly('failed_processes', of('no').filter(({ code }) => code !== 0).length, 'count', 0),
    told(
      'calls',
      sum(({ calls }) => calls),
      'calls',
    ),
    told('processes', fates.length, 'count'),
    told('killed_alone', of('trainer').length, 'count'),
    told('killed_with_publisher', of('tree').length, 'count'),
    told('killed_with_publisher_unpublished_s', Math.max(0, ...treeLostMs) / 1000, 's'),
    told('shards', files, 'count'),
  ];
}

function figuresOfReader(fates: readonly WriterFate[], seen: ReaderResult, { clock }: PairResult): Figure[] {
  const published = seen.shardTimes.map(
    ({ publishedMs, visibleMs }) => visibleMs - (publishedMs - clock.offsetMs),
  );
  const times = (name: string, samples: readonly number[]): Figure[] => [
    told(`${name}_p50_ms`, percentile(samples, 0.5), 'ms'),
    told(`${name}_p95_ms`, percentile(samples, 0.95), 'ms'),
    told(`${name}_max_ms`, Math.max(...samples), 'ms'),
  ];
  const missing = fates.reduce(
    (total, { index, killed, calls }) =>
      total + (killed === 'tree' ? 0 : Math.max(0, calls - (seen.calls[index] ?? 0))),
    0,
  );
  return [
    exactly('reader_missing', missing, 'calls', 0),
    exactly('reader_taken_back', seen.takenBack, 'count', 0),
    exactly('reader_wrong', seen.wrong + seen.doubled + seen.halves + seen.faults.length, 'rows', 0),
    exactly('reader_errors', seen.errors.length, 'count', 0),
    told('reader_polls', seen.polls, 'count'),
    ...times('published_to_visible', published),
    ...times('logged_to_visible', seen.loggedToVisibleMs),
    told('clock_error_ms', clock.errorMs, 'ms'),
  ];
}
