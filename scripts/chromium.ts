/**
 * The browser that the end-to-end tests and the `live` benchmark drive. Nothing is downloaded from outside a
 * package registry: an installed Chromium or Chrome is used, or Debian's package where this process may install it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** Path of a Chromium: `LAMELLA_CHROMIUM`, else the first one on PATH; null when there is none. */
export function findChromium(): string | null {
  const named = process.env['LAMELLA_CHROMIUM'];
  if (named !== undefined && named !== '') return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of NAMES) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (existsSync(path)) return path;
    }
  }
  return null;
}

/**
 * Installs Debian's Chromium when none is found and that is possible. Answers null when there is a browser now,
 * else the reason why there is none.
 */
export function ensureChromium(log: (line: string) => void): string | null {
  if (findChromium() !== null) return null;
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) {
    return 'no Chromium on PATH (set LAMELLA_CHROMIUM), and no apt-get to install one with';
  }
  if (process.getuid?.() !== 0) return 'no Chromium on PATH; as root: apt-get install chromium';
  log('installing chromium (apt-get)');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update'],
    ['install', '--yes', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
  ]) {
    const done = spawnSync('apt-get', ['--quiet=2', ...args], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: 300_000,
    });
    if (done.status !== 0) {
      const last = done.stderr.trim().split('\n').at(-1) ?? 'no answer in 300 s';
      return `apt-get ${args[0]} failed: ${last}`;
    }
  }
  return findChromium() === null ? 'apt-get installed chromium, but it is not on PATH' : null;
}

/** Starts a headless browser. Errors: there is none (`findChromium` says so before). */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('no Chromium on PATH; set LAMELLA_CHROMIUM');
  const { chromium } = await import('playwright-core');
  // As root, and in containers with a small /dev/shm, Chromium starts only like this.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
