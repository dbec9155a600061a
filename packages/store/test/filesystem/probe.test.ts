import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PROBE_NAMES, probeDirectory } from '../../src/filesystem/probe.ts';
import { inMountNamespace, whyNoMounts } from './mount-namespace.ts';

const scratch = mkdtempSync(join(tmpdir(), 'lamella-probe-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const noMounts = whyNoMounts();
if (noMounts !== null) console.warn(`skipped: probes of real mounts, because ${noMounts}`);

describe('the probes', () => {
  it('are ten, each named, timed and told in words', async () => {
    const probes = await probeDirectory(scratch);
    expect(probes.map(({ name }) => name)).toEqual([
      'exclusive-create',
      'rename',
      'listing-after-create',
      'directory-fsync',
      'case-folding',
      'name-length',
      'mtime-tick',
      'fsync-latency',
      'link',
      'unlink-while-open',
    ]);
    expect(probes.filter(({ detail }) => detail === '')).toEqual([]);
    expect(probes.filter(({ ms }) => ms === null || ms < 0)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('find a local disk in order', async () => {
    const probes = await probeDirectory(scratch);
    expect(probes.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('leave nothing behind', async () => {
    const empty = join(scratch, 'empty');
    mkdirSync(empty);
    await probeDirectory(empty);
    expect(readdirSync(empty)).toEqual([]);
  });

  it.runIf(process.platform === 'linux')(
    'say of a directory that cannot be written that it cannot',
    async () => {
      const probes = await probeDirectory('/proc');
      expect(probes.map(({ name }) => name)).toEqual(PROBE_NAMES);
      expect(new Set(probes.map(({ detail }) => detail))).toEqual(
        new Set(['not tried: nothing can be written in /proc (ENOENT)']),
      );
    },
  );

  it('say of a directory that is not there that it is not', async () => {
    const probes = await probeDirectory(join(scratch, 'missing'));
    expect(probes[0]?.detail).toContain('(ENOENT)');
    expect(probes.some(({ ok }) => ok)).toBe(false);
  });

  it('need the permission to write', async (context) => {
    if (process.getuid?.() === 0) context.skip('root may write everywhere');
    const closed = join(scratch, 'closed');
    mkdirSync(closed);
    chmodSync(closed, 0o500);
    expect((await probeDirectory(closed))[0]?.detail).toContain('(EACCES)');
  });

  it.skipIf(noMounts !== null)('say of a read-only and of a full filesystem what is wrong', () => {
    const script = `
      mkdir -p ro full; mount -t tmpfs -o ro none ro; mount -t tmpfs -o size=4k none full; echo x > full/x
      detect --probe "$PWD/ro" "$PWD/full"`;
    const [readOnly, full] = inMountNamespace(script, scratch) as {
      name: string;
      ok: boolean;
      detail: string;
    }[][];
    expect(readOnly?.[0]?.detail).toContain('(EROFS)');
    const failed = full?.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
    expect(failed).toContain('fsync-latency: refused: ENOSPC');
    expect(full?.find(({ name }) => name === 'exclusive-create')?.ok).toBe(true);
  });
});
