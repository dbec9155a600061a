/**
 * The child that touches a path which may never answer (see ask.ts). Argument: an absolute path. Writes lines of
 * JSON, each before the next thing that can hang:
 *
 *     {"at": path}                      where the walk is, with every symbolic link followed so far
 *     {"real": path, "exists": bool, "refused": code | null}   the nearest part of it that is there
 *     {"device": "major:minor"}
 *     {"magic": number} or {"noMagic": code}
 *
 * The walk is done here, link by link, so that a link into a dead mount is known before the mount is touched.
 */
import type { Stats } from 'node:fs';
import { lstatSync, readlinkSync, realpathSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** As many as Linux follows. */
const LINKS_MAX = 40;

interface Found {
  readonly real: string;
  readonly exists: boolean;
  readonly refused: string | null;
}

function tell(line: Readonly<Record<string, unknown>>): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function walk(path: string): Found {
  let at = '/';
  const rest = partsOf(path);
  let links = 0;
  tell({ at: path });
  for (;;) {
    const name = rest.shift();
    if (name === undefined) return { real: at, exists: true, refused: null };
    const next = at === '/' ? `/${name}` : `${at}/${name}`;
    let found: Stats;
    try {
      found = lstatSync(next);
    } catch (error) {
      const code = codeOf(error);
      return { real: at, exists: false, refused: code === 'ENOENT' || code === 'ENOTDIR' ? null : code };
    }
    if (!found.isSymbolicLink()) {
      at = next;
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) return { real: at, exists: false, refused: 'ELOOP' };
    rest.unshift(...partsOf(resolve(at, readlinkSync(next))));
    at = '/';
    tell({ at: `/${rest.join('/')}` });
  }
}

/** Windows: drive letters that stand for a share are resolved to the share by the system itself. */
function walkNative(path: string): Found {
  tell({ at: path });
  for (let at = path; ; at = dirname(at)) {
    try {
      return { real: realpathSync.native(at), exists: at === path, refused: null };
    } catch (error) {
      if (at === dirname(at)) return { real: at, exists: false, refused: codeOf(error) };
    }
  }
}

/** As Linux spells device numbers in mountinfo: 12 + 20 bits of major, 8 + 12 of minor, interleaved. */
function deviceNumber(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn & 0xffffffffn);
  return `${major}:${minor}`;
}

function main(path: string): void {
  const found = process.platform === 'win32' ? walkNative(path) : walk(path);
  tell({ ...found });
  if (process.platform === 'win32') return;
  // An automount is triggered by what lies in it, not by a look at the mount point itself.
  const inside = lstatSync(found.real).isDirectory() ? `${found.real}/.` : found.real;
  tell({ device: deviceNumber(statSync(inside, { bigint: true }).dev) });
  try {
    // 32-bit kernels give numbers above 2^31 as negative ones.
    tell({ magic: Number(statfsSync(inside, { bigint: true }).type & 0xffffffffn) });
  } catch (error) {
    tell({ noMagic: codeOf(error) });
  }
}

main(process.argv[2] ?? '/');
