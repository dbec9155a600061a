/**
 * System metrics under Trackio's names: percent, GiB, MiB/s. Rates and utilisation are of the time between two
 * samples. The first sample also has what does not change (numbers of CPUs, total memory's companions).
 */
import { availableParallelism, cpus, freemem, loadavg, totalmem } from 'node:os';
import type { CpuTimes, DiskCounters, Memory, NetworkCounters } from './proc.ts';
import { parseCpuTimes, parseDisks, parseMemory, parseNetwork, readProc } from './proc.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const KIB_PER_GIB = 2 ** 20;

interface Counters {
  readonly atMs: number;
  readonly cpu: readonly CpuTimes[] | null;
  readonly disk: DiskCounters | null;
  readonly network: NetworkCounters | null;
}

export class SystemSampler {
  #before: Counters = readCounters();
  #isFirst = true;

  /** Values by name; only finite ones. */
  sample(): ReadonlyMap<string, number> {
    const now = readCounters();
    const metrics = new Map<string, number>();
    addCpu(metrics, this.#before, now);
    addMemory(metrics, readProc('/proc/meminfo', parseMemory));
    addRates(metrics, this.#before, now);
    if (this.#isFirst) {
      metrics.set('cpu/count_logical', cpus().length || availableParallelism());
      metrics.set('cpu/frequency', cpus()[0]?.speed ?? 0);
    }
    this.#before = now;
    this.#isFirst = false;
    for (const [name, value] of metrics) if (!Number.isFinite(value)) metrics.delete(name);
    return metrics;
  }
}

function readCounters(): Counters {
  return {
    atMs: performance.now(),
    cpu: readProc('/proc/stat', parseCpuTimes),
    disk: readProc('/proc/diskstats', parseDisks),
    network: readProc('/proc/net/dev', parseNetwork),
  };
}

function addCpu(metrics: Map<string, number>, before: Counters, now: Counters): void {
  if (now.cpu === null || before.cpu === null) {
    // Without /proc the load of the last minute is the best there is.
    metrics.set('cpu/utilization', Math.min(100, ((loadavg()[0] ?? 0) / availableParallelism()) * 100));
    return;
  }
  for (const [i, times] of now.cpu.entries()) {
    const last = before.cpu[i];
    if (!last) continue;
    const percent = (100 * (times.busy - last.busy)) / (times.total - last.total);
    metrics.set(i === 0 ? 'cpu/utilization' : `cpu/${i - 1}/utilization`, percent);
  }
}

function addMemory(metrics: Map<string, number>, memory: Memory | null): void {
  const total = memory?.get('MemTotal') ?? totalmem() / 1024;
  const available = memory?.get('MemAvailable') ?? freemem() / 1024;
  metrics.set('memory/total', total / KIB_PER_GIB);
  metrics.set('memory/available', available / KIB_PER_GIB);
  metrics.set('memory/used', (total - available) / KIB_PER_GIB);
  metrics.set('memory/percent', (100 * (total - available)) / total);
  const swap = memory?.get('SwapTotal') ?? 0;
  if (swap === 0) return;
  const swapUsed = swap - (memory?.get('SwapFree') ?? 0);
  metrics.set('swap/total', swap / KIB_PER_GIB);
  metrics.set('swap/used', swapUsed / KIB_PER_GIB);
  metrics.set('swap/percent', (100 * swapUsed) / swap);
}

function addRates(metrics: Map<string, number>, before: Counters, now: Counters): void {
  const seconds = (now.atMs - before.atMs) / 1000;
  if (now.disk && before.disk) {
    metrics.set('disk/read_mb_per_sec', (now.disk.readBytes - before.disk.readBytes) / seconds / MIB);
    metrics.set('disk/write_mb_per_sec', (now.disk.writeBytes - before.disk.writeBytes) / seconds / MIB);
    metrics.set('disk/read_iops', (now.disk.reads - before.disk.reads) / seconds);
    metrics.set('disk/write_iops', (now.disk.writes - before.disk.writes) / seconds);
    metrics.set('disk/read_bytes', now.disk.readBytes / GIB);
    metrics.set('disk/write_bytes', now.disk.writeBytes / GIB);
  }
  if (now.network && before.network) {
    metrics.set(
      'network/sent_mb_per_sec',
      (now.network.sentBytes - before.network.sentBytes) / seconds / MIB,
    );
    metrics.set(
      'network/recv_mb_per_sec',
      (now.network.receivedBytes - before.network.receivedBytes) / seconds / MIB,
    );
    metrics.set('network/sent_bytes', now.network.sentBytes / GIB);
    metrics.set('network/recv_bytes', now.network.receivedBytes / GIB);
  }
}
