import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseCpuTimes, parseDisks, parseMemory, parseNetwork } from '../src/system/proc.ts';
import { SystemSampler } from '../src/system/sampler.ts';

describe('/proc', () => {
  it('is read as the kernel writes it', () => {
    expect(
      parseCpuTimes('cpu  100 0 50 800 50 0 0 0 7 0\ncpu0 10 0 5 80 5 0 0 0 0 0\nintr 1\n'),
    ).toStrictEqual([
      { busy: 150, total: 1000 },
      { busy: 15, total: 100 },
    ]);
    expect(parseMemory('MemTotal:       2048 kB\nHugePages_Total:       0\n')).toStrictEqual(
      new Map([['MemTotal', 2048]]),
    );
    const disks =
      '   8       0 sda 10 0 20 0 30 0 40 0 0 0 0\n   8       1 sda1 10 0 20 0 30 0 40 0 0 0 0\n' +
      ' 259       0 nvme0n1 1 0 2 0 3 0 4 0 0 0 0\n 259       1 nvme0n1p1 1 0 2 0 3 0 4 0 0 0 0\n   7       0 loop0 9 0 9 0 9 0 9 0 0 0 0\n';
    expect(parseDisks(disks)).toStrictEqual({
      readBytes: 22 * 512,
      writeBytes: 44 * 512,
      reads: 11,
      writes: 33,
    });
    const network =
      'Inter-|   Receive                                                |  Transmit\n face |bytes    packets\n' +
      '    lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0\n  eth0: 1000 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n';
    expect(parseNetwork(network)).toStrictEqual({ sentBytes: 200, receivedBytes: 1000 });
  });
});

describe('SystemSampler', () => {
  it('samples this machine under the names of Trackio', async () => {
    const sampler = new SystemSampler();
    await sleep(50);
    const first = sampler.sample();
    expect(first.get('cpu/count_logical')).toBeGreaterThan(0);
    expect(first.get('memory/total')).toBeGreaterThan(0);
    expect(first.get('memory/percent')).toBeLessThanOrEqual(100);
    for (const [name, value] of first) {
      expect(name).toMatch(/^(?:cpu|memory|swap|disk|network)\/[a-z0-9_/]+$/);
      expect(Number.isFinite(value)).toBe(true);
    }
    await sleep(50);
    const second = sampler.sample();
    expect(second.has('cpu/count_logical')).toBe(false);
    expect(second.get('cpu/utilization')).toBeGreaterThanOrEqual(0);
    expect(second.get('cpu/utilization')).toBeLessThanOrEqual(100);
  });
});
