/**
 * What `lamella doctor` warns of and advises, from what was found. Pure sentences: what is so, what it means,
 * what to do.
 */
import { judgeOptions, typeAdvice } from '@lamella/store/node';
import type { Filesystem, Probe, Treatment } from '@lamella/store/node';

/** Everything the sentences are made from. */
export interface Found {
  readonly filesystem: Filesystem;
  readonly probes: readonly Probe[];
  readonly treatment: Treatment;
  /** Warnings about variables and pragmas, as whoever read them says them. */
  readonly settings: readonly string[];
  /** Names of databases in the directory that are in WAL mode. */
  readonly walDatabases: readonly string[];
  /** Name of the file that stood for the mount table, or null. */
  readonly mountinfoFile: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a probe that failed means here; those that are missing matter to nobody. */
const PROBE_MEANING: Readonly<Record<string, string>> = {
  'exclusive-create':
    'two processes can both create one name here, so nothing can be claimed: SQLite and artifact numbers are not safe',
  rename: 'rename does not replace a file at once, so Lamella writes each file once under its final name',
  'listing-after-create': 'a new file is missing from the next listing: a dashboard shows new points late',
  'case-folding': 'upper and lower case are one name: projects of Trackio that differ only by case collide',
  'name-length': 'long names are not possible: keep the names of projects and runs short',
  'unlink-while-open': 'an open file ends with its name: a reader may have to begin again',
};

export function warningsOf(found: Found): string[] {
  const { filesystem, probes } = found;
  const shared = filesystem.class !== 'local';
  const options = judgeOptions(filesystem.type, filesystem.options);
  const written = wereTried(probes);
  return [
    ...filesystem.warnings,
    ...found.settings,
    ...unanswered(found),
    ...(probes.length > 0 && !written ? [probes[0]!.detail.replace(/^not tried: /, '')] : []),
    ...options.filter(({ level }) => level === 'warning').map(said),
    ...(written ? probes.filter(({ ok }) => !ok).flatMap(({ name }) => PROBE_MEANING[name] ?? []) : []),
    ...(shared ? walWarnings(found) : []),
  ];
}

/** A probe that was tried has a time; where nothing can be written none was. */
function wereTried(probes: readonly Probe[]): boolean {
  return probes.some(({ ms }) => ms !== null);
}

function unanswered({ filesystem, mountinfoFile }: Found): string[] {
  if (!filesystem.answers) {
    return [`${filesystem.path} does not answer; nothing was tried there. Ask whether its server is up`];
  }
  if (mountinfoFile !== null && filesystem.type === null) {
    return [`${mountinfoFile}: no line of the form of /proc/self/mountinfo is above ${filesystem.path}`];
  }
  return [];
}

function walWarnings({ filesystem, walDatabases, env }: Found): string[] {
  const where = `${article(filesystem.class)} (${filesystem.name ?? 'unknown'})`;
  const danger =
    `SQLite is for one host only on ${where}, and its WAL mode for none: a second host that opens such a ` +
    'database, even to read it, can kill the writer and lose rows';
  const named = walDatabases.map(
    (name) =>
      `${name} is in WAL mode; stop every process that has it open, then open it once with journal_mode=DELETE`,
  );
  const mode = env['TRACKIO_STORAGE_MODE']?.trim().toLowerCase();
  const chosen =
    mode === 'sqlite' ? ['TRACKIO_STORAGE_MODE=sqlite is set: keep it to one host, or set jsonl'] : [];
  return [danger, ...named, ...chosen];
}

export function adviceOf(found: Found): string[] {
  const { filesystem, mountinfoFile, treatment } = found;
  const options = judgeOptions(filesystem.type, filesystem.options);
  return [
    ...(mountinfoFile === null
      ? []
      : [`judged by ${mountinfoFile}; nothing of this machine was asked or tried`]),
    ...classAdvice(found),
    ...typeAdvice(filesystem.type),
    ...options.filter(({ level }) => level === 'advice').map(said),
    ...(treatment.publish === 'write-once'
      ? ['keep media and artifacts elsewhere: each file is a whole upload here']
      : []),
  ];
}

function classAdvice({ filesystem, probes }: Found): string[] {
  if (filesystem.class === 'local') {
    if (probes.length > 0 && !wereTried(probes))
      return ['choose a directory that can be written (TRACKIO_DIR)'];
    return ['nothing to change: shards and SQLite (WAL, from this host) are both safe on this disk'];
  }
  const unknown =
    filesystem.class === 'unknown'
      ? [
          'if you know what this disk is, say so: LAMELLA_FILESYSTEM_CLASS=local (or network, parallel, object-mount)',
        ]
      : [];
  return [
    'with Lamella change nothing: TRACKIO_STORAGE_MODE=parquet (its default) writes shards, safe here from any number of hosts',
    `with Trackio put one line into the job script: eval "$(lamella doctor --shell ${quoted(filesystem.path)})"`,
    'or keep TRACKIO_DIR on a disk of the node ($SLURM_TMPDIR, /tmp, a scratch disk) and copy it when the job ends',
    ...unknown,
  ];
}

function said(judgement: { readonly option: string; readonly sentence: string }): string {
  return `mount option ${judgement.option}: ${judgement.sentence}`;
}

function article(of: Filesystem['class']): string {
  if (of === 'object-mount') return 'a mounted object store';
  return of === 'unknown' ? 'a filesystem nobody knows' : `a ${of} filesystem`;
}

/** For a shell: as it is where nothing in it means anything to one. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
