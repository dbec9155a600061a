/**
 * Ten small operations that show how a filesystem behaves, whatever it is called. They run in a child process
 * (probe-child.ts), synchronously, in an empty directory of their own, and take each other's files into account
 * by name only. Each says what it saw in plain words; an error of the system is its answer, too.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  fstatSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

export interface Observation {
  /** Whether it behaved as a local disk does. */
  readonly ok: boolean;
  readonly detail: string;
  /** Milliseconds, where another time than the whole operation's is what was asked for. */
  readonly ms?: number;
}

type Operation = (directory: string) => Observation;

/** The operations by name, in the order in which they run. */
export const PROBE_OPERATIONS: readonly (readonly [name: string, run: Operation])[] = [
  ['exclusive-create', exclusiveCreate],
  ['rename', rename],
  ['listing-after-create', listingAfterCreate],
  ['directory-fsync', directoryFsync],
  ['case-folding', caseFolding],
  ['name-length', nameLength],
  ['mtime-tick', mtimeTick],
  ['fsync-latency', fsyncLatency],
  ['link', link],
  ['unlink-while-open', unlinkWhileOpen],
];

/** The code of a system error (`ENOTSUP`), or its text. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.message;
  return String(error);
}

function exclusiveCreate(directory: string): Observation {
  const path = join(directory, 'exclusive');
  closeSync(openSync(path, 'wx'));
  try {
    closeSync(openSync(path, 'wx'));
  } catch (error) {
    const code = reasonOf(error);
    if (code === 'EEXIST') return { ok: true, detail: 'the second create is refused (EEXIST)' };
    return { ok: false, detail: `the second create is refused, but with ${code} instead of EEXIST` };
  }
  return { ok: false, detail: 'two exclusive creates of one name both succeed: nothing can be claimed here' };
}

function rename(directory: string): Observation {
  const from = join(directory, 'rename-from');
  const to = join(directory, 'rename-to');
  writeFileSync(from, 'new');
  writeFileSync(to, 'older content');
  renameSync(from, to);
  const text = readFileSync(to, 'utf8');
  if (text !== 'new') return { ok: false, detail: `the replaced name still reads ${JSON.stringify(text)}` };
  if (existsSync(from)) return { ok: false, detail: 'the old name is still there: copied, not renamed' };
  return { ok: true, detail: 'replaces an existing name, read back at once' };
}

function listingAfterCreate(directory: string): Observation {
  const missing: string[] = [];
  for (const name of ['listed-1', 'listed-2', 'listed-3']) {
    writeFileSync(join(directory, `t-${name}`), name);
    renameSync(join(directory, `t-${name}`), join(directory, name));
    if (!readdirSync(directory).includes(name)) missing.push(name);
  }
  const seen = `${3 - missing.length} of 3 new names are in the next listing`;
  return { ok: missing.length === 0, detail: seen };
}

function directoryFsync(directory: string): Observation {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return { ok: true, detail: 'a directory can be synced' };
}

function caseFolding(directory: string): Observation {
  writeFileSync(join(directory, 'case-a'), 'lower');
  writeFileSync(join(directory, 'CASE-A'), 'upper');
  const folded = readFileSync(join(directory, 'case-a'), 'utf8') !== 'lower';
  return {
    ok: !folded,
    detail: folded ? 'case-a and CASE-A are one file' : 'upper and lower case are apart',
  };
}

/** The longest names that Lamella makes are ids of 200 bytes with their prefix; eCryptfs stops at 143. */
function nameLength(directory: string): Observation {
  for (const length of [255, 204, 143, 100]) {
    const path = join(directory, 'n'.repeat(length));
    try {
      writeFileSync(path, '');
    } catch (error) {
      if (reasonOf(error) !== 'ENAMETOOLONG') throw error;
      continue;
    }
    return { ok: length >= 204, detail: `names of ${length} bytes are possible` };
  }
  return { ok: false, detail: 'not even names of 100 bytes are possible' };
}

function mtimeTick(directory: string): Observation {
  const path = join(directory, 'tick');
  const seen: bigint[] = [];
  for (let write = 0; write < 25; write += 1) {
    writeFileSync(path, String(write));
    const time = statSync(path, { bigint: true }).mtimeNs;
    if (seen.at(-1) !== time) seen.push(time);
    sleep(2);
  }
  const steps = seen.slice(1).map((time, index) => time - (seen[index] ?? 0n));
  const smallest = steps.reduce<bigint | null>(
    (least, step) => (least === null || step < least ? step : least),
    null,
  );
  const whole = seen.every((time) => time % 1_000_000_000n === 0n);
  if (smallest === null || whole) return { ok: false, detail: 'times of files move in whole seconds' };
  return { ok: true, detail: `times of files move by ${(Number(smallest) / 1e6).toFixed(1)} ms or less` };
}

function fsyncLatency(directory: string): Observation {
  const times: number[] = [];
  const page = new Uint8Array(4096);
  for (let file = 0; file < 5; file += 1) {
    const descriptor = openSync(join(directory, `sync-${file}`), 'wx');
    try {
      writeSync(descriptor, page);
      const begin = performance.now();
      fsyncSync(descriptor);
      times.push(performance.now() - begin);
      if (fstatSync(descriptor).size !== page.length)
        return { ok: false, detail: 'a synced file is too short' };
    } finally {
      closeSync(descriptor);
    }
  }
  times.sort((a, b) => a - b);
  const median = times[2] ?? 0;
  const detail = `a new file of 4 KB: median ${median.toFixed(1)} ms, longest ${(times[4] ?? 0).toFixed(1)} ms of 5`;
  return { ok: true, detail, ms: median };
}

function link(directory: string): Observation {
  const from = join(directory, 'link-from');
  const to = join(directory, 'link-to');
  writeFileSync(from, 'linked');
  linkSync(from, to);
  const count = statSync(from).nlink;
  if (count !== 2) return { ok: false, detail: `a second name exists, but ${count} is counted` };
  try {
    linkSync(from, to);
  } catch (error) {
    return {
      ok: reasonOf(error) === 'EEXIST',
      detail: `a file gets a second name; a taken one: ${reasonOf(error)}`,
    };
  }
  return { ok: false, detail: 'a link replaces a name that is taken' };
}

function unlinkWhileOpen(directory: string): Observation {
  const path = join(directory, 'unlinked');
  writeFileSync(path, 'still here');
  const descriptor = openSync(path, 'r');
  try {
    unlinkSync(path);
    const buffer = new Uint8Array(16);
    const read = readSync(descriptor, buffer, 0, buffer.length, 0);
    const ok = new TextDecoder().decode(buffer.subarray(0, read)) === 'still here';
    return {
      ok,
      detail: ok ? 'an open file outlives its name' : 'an open file reads wrong after its name is gone',
    };
  } finally {
    closeSync(descriptor);
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
