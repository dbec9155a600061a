/**
 * One NFS volume with two clients, for the length of one run: a server on this machine, and a User-mode Linux guest
 * that mounts its export twice, as /mnt/a and /mnt/b, with two clients of their own caches (see `guest-init.sh`).
 *
 * The guest sees this machine's files read-only at the same paths: the checkout, the pinned Node, a Python. Its
 * clock is this machine's. It has one CPU, on which system calls cost ten times as much as usual.
 */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync } from 'node:fs';
import { readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../scripts/steps.ts';
import type { Pair } from './guest/pair.ts';
import { type NfsServer, SERVER, spawnContained, startServer } from './server.ts';

export type NfsVersion = '3' | '4.2';
export const NFS_VERSIONS: readonly NfsVersion[] = ['3', '4.2'];

/** Switching off, with room for a busy machine. */
const GUEST_MARGIN_MS = 90_000;
/** Until both clients have mounted. */
const BOOT_MS = 60_000;
/** Memory of the guest; only what is used is taken. */
const GUEST_MEMORY = '3G';
/** The server needs a disk with file handles: not always what /tmp is. */
const PARENT = '/var/tmp';
const LEFTOVER = /^lamella-realfs-(\d+)-/;
/** The guest's modules are bound onto this directory of the host's root, which therefore has to exist. */
const MODULES = '/lib/modules';

export interface Volume {
  /** The volume as the server's own disk has it. */
  readonly data: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Runs a program on each client at the same time. Errors: the guest or the server failed; nothing can be concluded. */
  run(pair: Pair): Promise<void>;
  /** What a program in the guest left in its results folder. Errors: it left nothing; says what the program printed. */
  result(name: string): unknown;
  /** Text of a file in the results folder; empty when there is none. */
  text(name: string): string;
  close(): Promise<void>;
}

/** Sets a volume up. Errors: the step that failed. Nothing is left behind then. */
export async function openVolume(nfs: NfsVersion, log: (line: string) => void): Promise<Volume> {
  removeLeftovers();
  const work = mkdtempSync(join(PARENT, `lamella-realfs-${process.pid}-`));
  const madeModules = mkdirSync(MODULES, { recursive: true }) !== undefined;
  let server: NfsServer | null = null;
  let guest: ChildProcess | null = null;
  const close = async (): Promise<void> => {
    guest?.kill('SIGKILL');
    server?.stop();
    // Ended processes still close their files for a moment.
    await sleep(200);
    rmSync(work, { recursive: true, force: true });
    if (madeModules && readdirSync(MODULES).length === 0) rmdirSync(MODULES);
  };
  try {
    mkdirSync(join(work, 'out'));
    log(`NFSv${nfs}: starting the server`);
    server = await startServer(work, basename(work));
  } catch (error) {
    await close();
    throw error;
  }
  const running = server;
  const text = (name: string): string => {
    const path = join(work, 'out', name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  return {
    data: running.data,
    get versions() {
      return { server: running.version, guest: text('kernel').trim() };
    },
    text,
    result: (name) => {
      const found = text(name);
      if (found === '') throw new Error(`the guest left no ${name}: ${tail(text('program.log'))}`);
      return JSON.parse(found) as unknown;
    },
    run: async (pair) => {
      log(`NFSv${nfs}: booting the guest; ${pair.about}`);
      writeFileSync(join(work, 'out', 'pair.json'), JSON.stringify(pair));
      guest = launchGuest(work, nfs, running);
      await waitForMounts(guest, () => text('mounts'), work);
      await waitForGuest(guest, running, pair.seconds * 1000 + GUEST_MARGIN_MS, work);
      if (text('status').trim() !== '0')
        throw new Error(
          `the programs in the guest failed: ${tail(text('program.log') || readGuestLog(work))}`,
        );
    },
    close,
  };
}

function launchGuest(work: string, nfs: NfsVersion, server: NfsServer): ChildProcess {
  copyFileSync(join(import.meta.dirname, 'guest-init.sh'), join(work, 'init.sh'));
  chmodSync(join(work, 'init.sh'), 0o755);
  const settings = {
    NFS: nfs,
    SERVER,
    NODE: process.execPath,
    ROOT,
    PROGRAM: join(import.meta.dirname, 'guest', 'pair.ts'),
  };
  const quoted = (value: string): string => `'${value.replaceAll("'", String.raw`'\''`)}'`;
  writeFileSync(
    join(work, 'guest.env'),
    Object.entries(settings)
      .map(([name, value]) => `${name}=${quoted(value)}\n`)
      .join(''),
  );
  const console = openSync(join(work, 'guest.log'), 'w');
  // gro=1: without it frames that the tap has merged are dropped by the guest's card.
  const card = (index: number): string => `vec${index}:transport=tap,ifname=tap${index},depth=64,gro=1`;
  const kernel = [
    `mem=${GUEST_MEMORY}`,
    'root=none',
    'rootfstype=hostfs',
    'rootflags=/',
    'ro',
    `init=${join(work, 'init.sh')}`,
    'quiet',
    'con=null',
    'con0=null,fd:1',
    card(0),
    card(1),
    `umid=${work.slice(-6)}`,
    `uml_dir=${join(work, 'run')}`,
  ];
  // Not itself the first process of its namespace, which would be deaf to some signals.
  const script = 'linux.uml "$@"; exit $?';
  return spawnContained(server.enter, ['bash', '-c', script, 'bash', ...kernel], console);
}

/** Containers may forbid what User-mode Linux needs, and then nothing can be tested. */
async function waitForMounts(guest: ChildProcess, mounts: () => string, work: string): Promise<void> {
  for (const end = Date.now() + BOOT_MS; ; await sleep(100)) {
    if (
      mounts()
        .split('\n')
        .filter((line) => line !== '').length === 2
    )
      return;
    if (Date.now() > end || guest.exitCode !== null || guest.signalCode !== null)
      throw new HarnessMissing(`the guest did not boot and mount: ${tail(readGuestLog(work))}`);
  }
}

/** A guest whose server has crashed hangs for ever in its mounts, so the server is watched, too. */
async function waitForGuest(
  guest: ChildProcess,
  server: NfsServer,
  limitMs: number,
  work: string,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (guest.exitCode === null && guest.signalCode === null) {
    if (!server.isRunning()) throw new ServerCrashed();
    if (Date.now() > end)
      throw new Error(`the guest did not end in ${limitMs / 1000} s: ${tail(readGuestLog(work))}`);
    await sleep(100);
  }
}

/** The harness works on other machines, not on this one. */
export class HarnessMissing extends Error {}

/** The server's fault, not that of what is tested: the run is worth nothing and is made again. */
export class ServerCrashed extends Error {
  constructor() {
    super('the NFS server crashed');
  }
}

function readGuestLog(work: string): string {
  return readFileSync(join(work, 'guest.log'), 'utf8');
}

function tail(text: string): string {
  return text.trim().split('\n').slice(-12).join('\n') || 'it said nothing';
}

/** A run that was killed leaves its folder and its network; a later one takes them away. */
function removeLeftovers(): void {
  for (const name of readdirSync(PARENT)) {
    const pid = LEFTOVER.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    spawnSync('ip', ['netns', 'del', name]);
    rmSync(join(PARENT, name), { recursive: true, force: true });
  }
}
