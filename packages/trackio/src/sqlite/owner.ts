/**
 * The owner file of a database: which host writes it. It is advice, not a lock: two hosts that start in the same second both
 * go on, and a program that does not know it (Trackio) is not kept out. It turns the usual mistake, a second job on another node with
 * the same TRACKIO_DIR, into a clear refusal.
 *
 * Processes of one host (one boot of one kernel) share locks and memory and may all write. Whether an owner is still
 * alive is told by the age of its file, by the clock of the file's server only: the clocks of two hosts are never compared.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { LamellaError } from '@lamella/store';
import { isMissing } from './file-facts.ts';
import { toNamed } from './problem.ts';

/** Who writes a database. */
export interface Owner {
  readonly host: string;
  /** Changes with every boot; the host's name where the system has none. */
  readonly boot_id: string;
  readonly pid: number;
  /** When the file was last renewed, by the owner's clock: for people. */
  readonly renewed: string;
}

/** An owner renews its file this often. */
export const OWNER_RENEW_MS = 15_000;
/** A file that was not renewed for so long has no owner any more. */
export const OWNER_STALE_MS = 60_000;

/** The owner file of the database at `path`. */
export function ownerPath(path: string): string {
  return `${path}-owner.json`;
}

/** Who this process is. */
export function thisOwner(nowMs: number): Owner {
  return { host: hostname(), boot_id: bootId(), pid: process.pid, renewed: new Date(nowMs).toISOString() };
}

export interface Ownership {
  /** Renews the file; to be called every OWNER_RENEW_MS. Error: conflict when another host has taken over. */
  renew(nowMs: number): void;
  /** Removes the file if it is still this process's. */
  release(): void;
}

/**
 * Claims the database at `path` for this host.
 *
 * Errors: conflict when another host renewed its claim within the last minute; the message names it, and both ways
 * out. unavailable when the file cannot be written.
 */
export function claimOwnership(path: string, me: Owner): Ownership {
  const file = ownerPath(path);
  const write = (owner: Owner): void => {
    refuseOther(path, me, probe(file, owner));
    publish(file, owner);
  };
  write(me);
  return {
    renew: (nowMs) => write({ ...me, renewed: new Date(nowMs).toISOString() }),
    release: () => {
      const owner = readOwner(file);
      if (owner !== null && owner.boot_id === me.boot_id && owner.pid === me.pid)
        rmSync(file, { force: true });
    },
  };
}

/** The owner in a file; null when there is none, or it is not readable as one (then nobody can be named). */
export function readOwner(file: string): Owner | null {
  try {
    const owner = JSON.parse(readFileSync(file, 'utf8')) as Partial<Owner> | null;
    if (typeof owner?.host !== 'string' || typeof owner.boot_id !== 'string') return null;
    return {
      host: owner.host,
      boot_id: owner.boot_id,
      pid: Number(owner.pid),
      renewed: String(owner.renewed),
    };
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return null;
    throw toNamed(file, error);
  }
}

/** The claim that is there, and its age by the server's clock, which a file of our own tells. */
function probe(file: string, me: Owner): { readonly owner: Owner | null; readonly ageMs: number } {
  const owner = readOwner(file);
  if (owner === null || owner.boot_id === me.boot_id) return { owner: null, ageMs: 0 };
  const mine = temporaryName(file);
  try {
    writeFileSync(mine, JSON.stringify(me));
    return {
      owner,
      ageMs: statSync(mine).mtimeMs - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0),
    };
  } catch (error) {
    throw toNamed(file, error);
  } finally {
    rmSync(mine, { force: true });
  }
}

function refuseOther(path: string, me: Owner, { owner, ageMs }: ReturnType<typeof probe>): void {
  if (owner === null || ageMs > OWNER_STALE_MS) return;
  throw new LamellaError(
    'conflict',
    `the database ${path} is written by host ${owner.host} (pid ${owner.pid}, renewed ${owner.renewed}), and SQLite is not ` +
      `safe for two hosts; use TRACKIO_STORAGE_MODE=parquet, where any number of hosts may write, or a TRACKIO_DIR on a ` +
      `disk of this host (${me.host})`,
    { details: { path, host: owner.host, pid: owner.pid } },
  );
}

function publish(file: string, owner: Owner): void {
  const temporary = temporaryName(file);
  try {
    writeFileSync(temporary, `${JSON.stringify(owner)}\n`);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new LamellaError(
      'unavailable',
      `the owner file ${file} cannot be written; check the directory's permissions`,
      {
        cause: error,
      },
    );
  }
}

function temporaryName(file: string): string {
  return `${file}.${randomBytes(4).toString('hex')}.tmp`;
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return hostname(); // no Linux: the name has to do
  }
}
