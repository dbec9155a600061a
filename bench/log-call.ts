/**
 * What logging costs the training process, and what a crash loses: 10 metrics a call, 10,000 calls a second for 60 s
 * from one process, while its publisher lays down shards; then the same with `kill -9` at a random moment.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeShard, openReader } from '@lamella/store';
import { nodeCodec, openStore, systemClock } from '@lamella/store/node';
import { atMost, exactly, type Figure, type Scenario, type ScenarioContext, told } from './scenario.ts';

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
  readonly idleTurnMaxMs: number;
  readonly rssGrowth: number;
  readonly publisherRss: number;
}

async function measure({ log, quick }: ScenarioContext): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'lamella-log-call-'));
  try {
    log(`timing, twice ${quick ? 2 : 60} s: without logging, then with`);
    const timed = await runTimed(join(dir, 'timed'), quick ? 2 : 60);
    const found = await stepsOf(join(dir, 'timed'), 'timed');
    const kills: number[] = [];
    for (let i = 0; i < (quick ? 1 : KILLS); i++) kills.push(await runKilled(join(dir, `killed-${i}`), log));
    return [
      atMost('p50_us', timed.p50Us, 'us', 4),
      atMost('p99_us', timed.p99Us, 'us', 60),
      // Both loops are the same but for the call: what the longer one takes more is caused by us.
      atMost('event_loop_max_ms', Math.max(0, timed.turnMaxMs - timed.idleTurnMaxMs), 'ms', 15),
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
      told('loop_turn_cpu_max_ms', timed.turnCpuMaxMs, 'ms'),
      told('idle_loop_turn_max_ms', timed.idleTurnMaxMs, 'ms'),
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
