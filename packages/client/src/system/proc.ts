/** Counters of the machine, as Linux tells them in /proc. Each reader answers null where the file is missing. */
import { readFileSync } from 'node:fs';

/** Jiffies since boot: of all CPUs together first, then of each. */
export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** Counters since boot, summed over whole disks. */
export interface DiskCounters {
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly reads: number;
  readonly writes: number;
}

/** Bytes since boot, summed over all interfaces but the loopback. */
export interface NetworkCounters {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Kibibytes, by /proc/meminfo's names. */
export type Memory = ReadonlyMap<string, number>;

/** /proc/diskstats counts in sectors of 512 bytes, whatever the disk's own size. */
const SECTOR_BYTES = 512;

/** Devices whose counters repeat those of others: loops, RAM disks, device mapper, software RAID. */
const NOT_DISKS = /^(?:loop|ram|zram|dm-|md|sr|fd|nbd)\d*/;

/** A partition of a disk: `sda1`, `nvme0n1p2`, `mmcblk0p1`, `vda1`. */
const PARTITION = /^(?:(?:sd|vd|xvd|hd)[a-z]+\d+|(?:nvme\d+n\d+|mmcblk\d+)p\d+)$/;

export function parseCpuTimes(text: string): CpuTimes[] {
  const lines = text.split('\n').filter((line) => line.startsWith('cpu'));
  return lines.map((line) => {
    // user nice system idle iowait irq softirq steal; guest times are in user already
    const fields = line.trim().split(/\s+/).slice(1, 9).map(Number);
    const total = fields.reduce((sum, field) => sum + field, 0);
    return { total, busy: total - (fields[3] ?? 0) - (fields[4] ?? 0) };
  });
}

export function parseMemory(text: string): Memory {
  const memory = new Map<string, number>();
  for (const [, name, kib] of text.matchAll(/^(\w+):\s+(\d+) kB$/gm)) memory.set(name ?? '', Number(kib));
  return memory;
}

export function parseDisks(text: string): DiskCounters {
  let [readBytes, writeBytes, reads, writes] = [0, 0, 0, 0];
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const device = fields[2];
    if (device === undefined || NOT_DISKS.test(device) || PARTITION.test(device)) continue;
    reads += Number(fields[3]);
    readBytes += Number(fields[5]) * SECTOR_BYTES;
    writes += Number(fields[7]);
    writeBytes += Number(fields[9]) * SECTOR_BYTES;
  }
  return { readBytes, writeBytes, reads, writes };
}

export function parseNetwork(text: string): NetworkCounters {
  let [sentBytes, receivedBytes] = [0, 0];
  for (const [, name, counters] of text.matchAll(/^\s*([^\s:]+):\s*(.+)$/gm)) {
    if (name === 'lo') continue;
    const fields = (counters ?? '').trim().split(/\s+/).map(Number);
    receivedBytes += fields[0] ?? 0;
    sentBytes += fields[8] ?? 0;
  }
  return { sentBytes, receivedBytes };
}

/** Parses a file of /proc; null where there is none (other systems, hardened containers). */
export function readProc<T>(path: string, parse: (text: string) => T): T | null {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch {
    return null; // this machine does not tell; the metrics that need it are left out
  }
}
