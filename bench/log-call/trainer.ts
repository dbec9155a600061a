/**
 * The training process of the `log-call` benchmark: 10 metrics a call, 10,000 calls a second, a fresh object per call
 * as a real program makes one, and a turn of the event loop between two calls whenever one is due.
 *
 *     node trainer.ts <dir> <seconds> <mode> [<count file>]
 *
 * `mode`: `noop` (the same loop, nothing logged), `log`, or `killed` (never yields, and writes the number of calls
 * whose `log()` has returned into the count file after each). Prints one JSON object, but for `killed`.
 */
import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { init } from '@lamella/client';

const CALLS_PER_SECOND = 10_000;

/** Machine code is made and the publisher has started. */
const WARM_UP_CALLS = 20_000;

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

interface Loop {
  readonly latencies: Float64Array;
  readonly turnMaxMs: number;
  /** The same without the time in which the thread did not run: what other processes on the machine do is not in it. */
  readonly turnCpuMaxMs: number;
  readonly rssMax: number;
}

async function loop(
  count: number,
  log: (metrics: Record<string, number>, step: number) => void,
): Promise<Loop> {
  const latencies = new Float64Array(count).fill(1); // touched now, so that it does not count as growth
  const start = performance.now();
  let turnMaxMs = 0;
  let turnCpuMaxMs = 0;
  let cpu = cpuMs();
  let rssMax = 0;
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
      turnMaxMs = Math.max(turnMaxMs, now - turn);
      turnCpuMaxMs = Math.max(turnCpuMaxMs, cpuNow - cpu);
    }
    turn = now;
    cpu = cpuNow;
  }
  return { latencies, turnMaxMs, turnCpuMaxMs, rssMax: Math.max(rssMax, process.memoryUsage.rss()) };
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
  const idle = await loop(calls, () => undefined);
  const rssBefore = process.memoryUsage.rss();
  if (mode === 'noop') return;
  const run = init({ dir, project: 'bench', id: 'timed' });
  const warm = await loop(Math.min(WARM_UP_CALLS, calls), (metrics, step) =>
    run.log(metrics, step - WARM_UP_CALLS),
  );
  const busy = await loop(calls, (metrics, step) => run.log(metrics, step));
  const publisher = publisherRss();
  const end = await run.finish();
  const sorted = busy.latencies.toSorted();
  const at = (p: number): number => (sorted[Math.ceil(p * sorted.length) - 1] ?? Number.NaN) * 1000;
  process.stdout.write(
    JSON.stringify({
      calls: calls + warm.latencies.length,
      p50Us: at(0.5),
      p99Us: at(0.99),
      p999Us: at(0.999),
      maxMs: sorted.at(-1) ?? Number.NaN,
      turnMaxMs: busy.turnMaxMs,
      turnCpuMaxMs: busy.turnCpuMaxMs,
      idleTurnMaxMs: idle.turnMaxMs,
      rssGrowth: Math.max(warm.rssMax, busy.rssMax) - rssBefore,
      publisherRss: publisher,
      end,
    }),
  );
}

if (mode === 'killed') killed();
await measured();
