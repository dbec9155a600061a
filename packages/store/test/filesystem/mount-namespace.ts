/** Runs a shell script in a mount namespace of its own, so that what it mounts is gone with it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const DETECT: string = fileURLToPath(new URL('detect-here.ts', import.meta.url));

/** Why mounts cannot be made here, or null where they can. */
export function whyNoMounts(): string | null {
  if (process.platform !== 'linux') return 'mount namespaces are a thing of Linux';
  const tried = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { encoding: 'utf8' });
  if (tried.status === 0) return null;
  return `no mount namespace: ${(tried.stderr ?? String(tried.error)).trim()}`;
}

/** Lines that the script printed; `detect PATH…` in it detects there, `$1` is its scratch directory. */
export function inMountNamespace(script: string, scratch: string): unknown[] {
  const prelude = `set -e; cd "$1"; detect() { "${process.execPath}" "${DETECT}" "$@"; }`;
  const ran = spawnSync('unshare', ['-m', 'bash', '-c', `${prelude}\n${script}`, 'bash', scratch], {
    encoding: 'utf8',
  });
  if (ran.status !== 0) throw new Error(`the script failed (${ran.status}): ${ran.stderr}`);
  return ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}
