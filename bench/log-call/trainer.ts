/**
 * The training process of the `log-call` benchmark: 10 metrics a call, 10,000 calls a second, a fresh object per call
 * as a real program makes one, and a turn of the event loop between two calls whenever one is due.
 *
 *     node trainer.ts <dir> <seconds> <mode> [<count file>]
 *
 * `mode`: `log` (for `seconds` on end, then as long again in windows, by turns with and without logging; prints one
 * JSON object), or `killed` (never yields, and writes the number of calls whose `log()` has returned into the count
 * file after each).
 */
import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { init } from '@lamella/client';

const CALLS_PER_SECOND = 10_000;

/** Machine code is made and the publisher has started. */
const WARM_UP_CALLS = 20_000;

/** Pairs of windows, one with logging and one without. */
const WINDOWS = 15;

const [dir = '', seconds = '60', mode = 'log', countFile = ''] = process.argv.slice(2);
const calls = Math.round(Number(seconds) * CALLS_PER_SECOND);

/** A curve with noise: what compresses as little as real metrics do. */
function metricsAt(step: number): Record<string, number> {
  const noise = Math.random();
  return {
    'train/loss': 2 / (1 + step / 1000) + 0.1 * noise,
    'train/accuracy': 1 - 1 / (1 + step / 500) + 0.05 * noise,
    'train/grad_norm': 3 * noise,
    'train/lr': 0.001,
    'train/samples_per_s': 1000 + 50 * noise,
    'eval/loss': 2.5 / (1 + step / 1000) + 0.2 * noise,
    'eval/accuracy': 0.9 - 1 / (1 + step / 400),
    'time/data': 0.01 * noise,
    'time/forward': 0.02 + 0.001 * noise,
    'time/backward': 0.04 + 0.002 * noise,
  };
}

/** Waits until `dueMs` on performance.now(), as a busy training step does. */
function work(dueMs: number): void {
  while (performance.now() < dueMs);
}

/** CPU time of this thread. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The longest turns of the event loop, and what they are made of. */
interface Turns {
  readonly maxMs: number;
  /** The most CPU time that this thread took in one. */
  readonly cpuMaxMs: number;
  /** The longest time of one in which this thread did not run. */
  readonly waitMaxMs: number;
  readonly latencies: Float64Array;
  readonly rssMax: number;
}

async function loop(
  count: number,
  log: (metrics: Record<string, number>, step: number) => void,
): Promise<Turns> {
  const latencies = new Float64Array(count).fill(1); // touched now, so that it does not count as growth
  let maxMs = 0;
  let cpuMaxMs = 0;
  let waitMaxMs = 0;
  let rssMax = 0;
  let cpu = cpuMs();
  const start = performance.now();
  let turn = start;
  for (let i = 0; i < count; i++) {
    work(start + (i * 1000) / CALLS_PER_SECOND);
    const metrics = metricsAt(i);
    const before = performance.now();
    log(metrics, i);
    latencies[i] = performance.now() - before;
    if (i % CALLS_PER_SECOND === 0) rssMax = Math.max(rssMax, process.memoryUsage.rss());
    await setImmediate();
    const now = performance.now();
    const cpuNow = cpuMs();
    if (i > 0) {
      maxMs = Math.max(maxMs, now - turn);
      cpuMaxMs = Math.max(cpuMaxMs, cpuNow - cpu);
      waitMaxMs = Math.max(waitMaxMs, now - turn - (cpuNow - cpu));
    }
    turn = now;
    cpu = cpuNow;
  }
  rssMax = Math.max(rssMax, process.memoryUsage.rss());
  return { maxMs, cpuMaxMs, waitMaxMs, latencies, rssMax };
}

/** The most memory that our child has had, in bytes. */
function publisherRss(): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      if (!status.includes(`PPid:\t${process.pid}\n`)) continue;
      return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
    } catch (error) {
      if (
        (error as NodeJS.ErrnoException).code !== 'ENOENT' &&
        (error as NodeJS.ErrnoException).code !== 'ESRCH'
      ) {
        throw error;
      }
    }
  }
  return Number.NaN;
}

function killed(): never {
  const run = init({ dir, project: 'bench', id: 'killed' });
  const fd = openSync(countFile, 'w');
  const count = new BigInt64Array(1);
  const start = performance.now();
  for (let i = 0; ; i++) {
    work(start + (i * 1000) / CALLS_PER_SECOND);
    run.log(metricsAt(i), i);
    count[0] = BigInt(i + 1);
    writeSync(fd, count, 0, 8, 0);
  }
}

async function measured(): Promise<void> {
  await loop(calls / 10, () => undefined); // what the loop itself needs of memory
  const rssBefore = process.memoryUsage.rss();
  const run = init({ dir, project: 'bench', id: 'timed' });
  let step = 0;
  const log = (metrics: Record<string, number>): void => run.log(metrics, step++);
  const warm = await loop(Math.min(WARM_UP_CALLS, calls), log);
  const busy = await loop(calls, log);
  const publisher = publisherRss();
  const windowCalls = Math.round(calls / WINDOWS / 2);
  const logging: Turns[] = [];
  const idle: Turns[] = [];
  for (let i = 0; i < WINDOWS; i++) {
    logging.push(await loop(windowCalls, log));
    await run.flush(); // so that nothing is left for the publisher to do in the window without
    idle.push(await loop(windowCalls, () => undefined));
  }
  const end = await run.finish();
  const sorted = busy.latencies.toSorted();
  const at = (p: number): number => (sorted[Math.ceil(p * sorted.length) - 1] ?? Number.NaN) * 1000;
  const waits = (windows: readonly Turns[]): number[] => windows.map(({ waitMaxMs }) => waitMaxMs);
  process.stdout.write(
    JSON.stringify({
      calls: step,
      p50Us: at(0.5),
      p99Us: at(0.99),
      p999Us: at(0.999),
      maxMs: sorted.at(-1) ?? Number.NaN,
      turnMaxMs: busy.maxMs,
      turnCpuMaxMs: Math.max(...[busy, ...logging].map(({ cpuMaxMs }) => cpuMaxMs)),
      turnWaitsMs: waits(logging),
      idleTurnMaxMs: Math.max(...idle.map(({ maxMs }) => maxMs)),
      idleTurnCpuMaxMs: Math.max(...idle.map(({ cpuMaxMs }) => cpuMaxMs)),
      idleTurnWaitsMs: waits(idle),
      rssGrowth: Math.max(warm.rssMax, busy.rssMax) - rssBefore,
      publisherRss: publisher,
      end,
    }),
  );
}

if (mode === 'killed') killed();
await measured();
