/**
 * What the harness is made of, from Debian: an NFS server in user space, and User-mode Linux, a Linux kernel that is
 * a program. The machine's own kernel needs no NFS client, and the two clients are real ones.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** A file of each package, by which it is known to be there. */
const PACKAGES: readonly (readonly [name: string, file: string])[] = [
  ['nfs-ganesha', '/usr/bin/ganesha.nfsd'],
  ['nfs-ganesha-vfs', '/usr/share/doc/nfs-ganesha-vfs'],
  ['rpcbind', '/sbin/rpcbind'],
  ['user-mode-linux', '/usr/bin/linux.uml'],
  ['kmod', '/sbin/modprobe'],
  ['iproute2', '/sbin/ip'],
];

/** Debian's packages start their services when they are installed, unless this file says no. */
const POLICY = '/usr/sbin/policy-rc.d';

/** Seconds for `apt-get`; the packages are 45 MB. */
const APT_SECONDS = 120;

/** A machine without a network is to say so soon. */
const NO_PATIENCE = ['--option=Acquire::Retries=0', '--option=Acquire::http::Timeout=15'];

/**
 * Installs what is missing where that is possible. Answers null when the harness can be set up now, else the reason
 * why it cannot.
 */
export function ensurePackages(log: (line: string) => void): string | null {
  if (process.platform !== 'linux') return 'two real NFS clients need User-mode Linux, which runs on Linux';
  if (process.arch !== 'x64') return `Debian has User-mode Linux for x64 only, not for ${process.arch}`;
  if (process.getuid?.() !== 0) return 'network namespaces and an NFS server need root';
  if (!existsSync('/dev/net/tun'))
    return 'there is no /dev/net/tun for the network between clients and server';
  const names = missing();
  if (names.length === 0) return null;
  if (!existsSync('/usr/bin/apt-get')) return `no apt-get to install ${names.join(', ')} with`;
  log(`installing ${names.join(', ')} (apt-get)`);
  const failed = install(names);
  const left = missing();
  if (left.length === 0) return null;
  return `${left.join(', ')} cannot be installed: ${failed ?? 'apt-get did it, but its files are not where Debian has them'}`;
}

function missing(): string[] {
  return PACKAGES.filter(([, file]) => !existsSync(file)).map(([name]) => name);
}

/** Null, or what apt-get said last. */
function install(names: readonly string[]): string | null {
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...names]]) {
      const done = spawnSync('apt-get', ['--quiet=2', ...NO_PATIENCE, ...args], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
        timeout: APT_SECONDS * 1000,
      });
      if (done.status === 0) continue;
      return done.stderr.trim().split('\n').at(-1) || `apt-get ${args[0]} gave no answer in ${APT_SECONDS} s`;
    }
    return null;
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
}
