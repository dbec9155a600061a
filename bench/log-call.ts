/**
 * What logging costs the training process, and what a crash loses: 10 metrics a call, 10,000 calls a second for 60 s
 * from one process, while its publisher lays down shards; then the same with `kill -9` at a random moment.
 *
 * `event_loop_max_ms` is the longest that a turn of the training's event loop takes because of Lamella, whatever else
 * runs on the machine. A turn's time has two parts:
 *
 * - The thread runs (its CPU time). All of the longest one counts, over the whole run: log(), Lamella's timers, the
 *   garbage, and even what the loop itself does in that turn.
 * - The thread does not run, because others have the cores. Lamella's publisher is one of them, but nobody can say for a
 *   single stall whose it was. So the process logs and does not log by turns, in windows of 2 s, in which the publisher
 *   has several flushes to do, or nothing. By how much the longest wait of a window with logging exceeds that of the
 *   window without it right afterwards, in the median of 15 pairs, is the publisher's doing. A stall by somebody else
 *   moves no median; a flush that stalls the loop is in each window.
 *
 * The figure is the sum of both. Told beside it: the parts, the longest turns by the clock on the wall, and log_max_ms,
 * where a system call of log() that hung only once would be seen.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeShard, openReader } from '@lamella/store';
import { nodeCodec, openStore, systemClock } from '@lamella/store/node';
import { atMost, exactly, percentile, told } from './scenario.ts';
import type { Figure, Scenario, ScenarioContext } from './scenario.ts';

const TRAINER = join(import.meta.dirname, 'log-call', 'trainer.ts');
const MB = 2 ** 20;
const KILLS = 5;
/** What the trainer logs under, one row per call. */
const KEY = 'train/loss';
/** A killed trainer's calls must be in the store after this. */
const SETTLED_MS = 3000;

export const scenario: Scenario = {
  name: 'log-call',
  about: 'the cost of log() for 10 metrics at 10,000 calls/s, and calls lost, also by kill -9 of the trainer',
  run: measure,
};

/** What the trainer prints. */
interface Timed {
  readonly calls: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxMs: number;
  readonly turnMaxMs: number;
  readonly turnCpuMaxMs: number;
  /** The longest wait of each window. */
  readonly turnWaitsMs: readonly number[];
  readonly idleTurnMaxMs: number;
  readonly idleTurnCpuMaxMs: number;
  readonly idleTurnWaitsMs: readonly number[];
  readonly rssGrowth: number;
  readonly publisherRss: number;
}

async function measure({ log, quick }: ScenarioContext): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'lamella-log-call-'));
  try {
    log(`timing, twice ${quick ? 2 : 60} s: on end, then by turns with and without logging`);
    const timed = await runTimed(join(dir, 'timed'), quick ? 2 : 60);
    const found = await stepsOf(join(dir, 'timed'), 'timed');
    const waitsMore = timed.turnWaitsMs.map((waitMs, i) => waitMs - (timed.idleTurnWaitsMs[i] ?? Number.NaN));
    const publisherMs = Math.max(0, percentile(waitsMore, 0.5));
    const kills: number[] = [];
    for (let i = 0; i < (quick ? 1 : KILLS); i++) kills.push(await runKilled(join(dir, `killed-${i}`), log));
    return [
      atMost('p50_us', timed.p50Us, 'us', 4),
      atMost('p99_us', timed.p99Us, 'us', 60),
      atMost('event_loop_max_ms', timed.turnCpuMaxMs + publisherMs, 'ms', 15),
      atMost('rss_growth_mb', timed.rssGrowth / MB, 'mb', 50),
      atMost('publisher_rss_mb', timed.publisherRss / MB, 'mb', 250),
      exactly('lost', timed.calls - found.size, 'calls', 0),
      exactly(
        'killed_lost_calls',
        kills.reduce((sum, lost) => sum + lost, 0),
        'calls',
        0,
      ),
      told('p999_us', timed.p999Us, 'us'),
      told('log_max_ms', timed.maxMs, 'ms'),
      told('loop_turn_max_ms', timed.turnMaxMs, 'ms'),
      told('idle_loop_turn_max_ms', timed.idleTurnMaxMs, 'ms'),
      told('loop_turn_cpu_max_ms', timed.turnCpuMaxMs, 'ms'),
      told('idle_loop_turn_cpu_max_ms', timed.idleTurnCpuMaxMs, 'ms'),
      told('loop_turn_wait_median_ms', percentile(timed.turnWaitsMs, 0.5), 'ms'),
      told('idle_loop_turn_wait_median_ms', percentile(timed.idleTurnWaitsMs, 0.5), 'ms'),
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function runTimed(dir: string, seconds: number): Promise<Timed> {
  const trainer = start([dir, String(seconds), 'log']);
  let output = '';
  trainer.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  const code = await new Promise<number | null>((resolve) => trainer.once('close', resolve));
  if (code !== 0) throw new Error(`the trainer ended with exit code ${code}`);
  return JSON.parse(output) as Timed;
}

/** Calls whose log() had returned before the kill and that are not in the store 3 s later. */
async function runKilled(dir: string, log: (line: string) => void): Promise<number> {
  const countFile = `${dir}.count`;
  const trainer = start([dir, '0', 'killed', countFile]);
  while (statSync(countFile, { throwIfNoEntry: false })?.size !== 8) await sleep(10);
  await sleep(Math.random() * 5000);
  trainer.kill('SIGKILL');
  await new Promise((resolve) => trainer.once('close', resolve));
  const returned = Number(readFileSync(countFile).readBigInt64LE());
  await sleep(SETTLED_MS);
  const found = await stepsOf(dir, 'killed');
  let lost = 0;
  for (let step = 0; step < returned; step++) lost += found.has(step) ? 0 : 1;
  log(`killed after ${returned} calls: ${found.size} found, ${lost} lost`);
  return lost;
}

function start(args: readonly string[]): ReturnType<typeof spawn> {
  return spawn(process.execPath, ['--conditions=source', TRAINER, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Steps found in the store, read file by file. */
async function stepsOf(dir: string, run: string): Promise<Set<number>> {
  const backend = await openStore(dir, { create: false });
  const reader = openReader({ backend, codec: nodeCodec, clock: systemClock });
  const view = await reader.refreshRun('bench', run);
  const steps = new Set<number>();
  for (const file of view.files) {
    const batch = await decodeShard(await reader.readShard(file), nodeCodec);
    for (let row = 0; row < batch.count; row++) {
      if (batch.key[row] === KEY && batch.kind[row] === 'metric') steps.add(Number(batch.step[row]));
    }
  }
  return steps;
}
