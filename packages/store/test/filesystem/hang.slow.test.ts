/**
 * A mount that never answers: FUSE with a daemon that takes requests and says nothing, which is what a dead NFS
 * server looks like to a program. Nothing is mocked; where FUSE cannot be mounted the tests are skipped out loud.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Filesystem } from '../../src/filesystem/detect.ts';
import type { Probe } from '../../src/filesystem/probe.ts';
import { askProgram } from '../../src/filesystem/ask.ts';
import { inMountNamespace, whyNoMounts } from './mount-namespace.ts';

/** The shell holds the daemon's end of FUSE (descriptor 3) and never reads it; the mount ends with the shell. */
const HANG = `
  mkdir -p dead
  exec 3<>/dev/fuse
  mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 filer:/export dead`;

const DAEMON: string = fileURLToPath(new URL('silent-daemon.ts', import.meta.url));

function whyNoFuse(): string | null {
  const noMounts = whyNoMounts();
  if (noMounts !== null) return noMounts;
  if (!existsSync('/dev/fuse')) return 'there is no /dev/fuse';
  const tried = spawnSync('unshare', ['-m', 'bash', '-c', `set -e; cd "$(mktemp -d)"; ${HANG}`], {
    encoding: 'utf8',
  });
  return tried.status === 0 ? null : `FUSE cannot be mounted: ${tried.stderr.trim()}`;
}

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'lamella-hang-')));
afterAll(() => rmSync(scratch, { recursive: true }));
const noFuse = whyNoFuse();
if (noFuse !== null) console.warn(`skipped: a mount that hangs, because ${noFuse}`);

describe('a mount that never answers', () => {
  it.skipIf(noFuse !== null)('is classified by the mount table alone, and the program ends', () => {
    const [found] = inMountNamespace(`${HANG}\n detect --timeout 1000 "$PWD/dead/runs"`, scratch) as [
      Filesystem,
    ];
    expect(found).toMatchObject({
      class: 'network',
      type: 'fuse',
      source: 'filer:/export',
      mount: `${scratch}/dead`,
      answers: false,
    });
    expect(found.evidence[0]).toBe(
      `${scratch}/dead/runs gave no answer within 1000 ms; judged by the mount table alone`,
    );
  });

  it.skipIf(noFuse !== null)('does not hold the program, even with a child that no signal reaches', () => {
    const script = `${HANG}
      "${process.execPath}" "${DAEMON}" & daemon=$!; trap 'kill $daemon' EXIT; sleep 0.5
      detect --timeout 1000 "$PWD/dead/runs"
      ps -eo stat=,args= | grep -q "^D.*stat-child.*$PWD/dead/runs" && echo '{"asleep": true}'`;
    const [found, child] = inMountNamespace(script, scratch);
    expect(found).toMatchObject({ class: 'network', answers: false });
    expect(child).toEqual({ asleep: true });
  });

  it.skipIf(noFuse !== null)('is found behind a symbolic link', () => {
    const script = `${HANG}\n ln -s dead/deep short; detect --timeout 1000 "$PWD/short/runs"`;
    const [found] = inMountNamespace(script, scratch) as [Filesystem];
    expect(found).toMatchObject({ class: 'network', mount: `${scratch}/dead`, answers: false });
    expect(found.evidence.join('\n')).toContain(`${scratch}/dead/deep/runs gave no answer`);
  });

  it.skipIf(noFuse !== null)('is probed until the time is over, and says so ten times', () => {
    const script = `${HANG}\n detect --probe --timeout 1000 "$PWD/dead"`;
    const [probes] = inMountNamespace(script, scratch) as [Probe[]];
    expect(probes.map(({ ok, ms, detail }) => ({ ok, ms, detail }))).toEqual(
      Array.from({ length: 10 }, () => ({
        ok: false,
        ms: null,
        detail: 'not tried: no answer within 1000 ms',
      })),
    );
  });
});

describe('a child that never ends', () => {
  it('is given up when its time is over, with what it had said', async () => {
    const program = 'process.stdout.write("begun\\n"); setInterval(() => {}, 1000)';
    const answer = await askProgram(process.execPath, ['-e', program], 1500);
    expect(answer).toEqual({ ended: 'timeout', stdout: 'begun\n', detail: 'no answer within 1500 ms' });
  });

  it('is ended, not left behind', async () => {
    const program = `require("node:fs").writeFileSync(${JSON.stringify(join(scratch, 'pid'))}, String(process.pid)); setInterval(() => {}, 1000)`;
    await askProgram(process.execPath, ['-e', program], 1500);
    expect(readdirSync(scratch)).toContain('pid');
    const pid = spawnSync('cat', [join(scratch, 'pid')], { encoding: 'utf8' }).stdout;
    await expect.poll(() => isAlive(Number(pid)), { timeout: 10_000 }).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH: no such process.
    return false;
  }
}
