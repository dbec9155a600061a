/**
 * Mount options that change what a filesystem promises, and what a user should know about them. A table: type,
 * option, sentence. Sources: nfs(5), mount.lustre(8), mount.cifs(8), the kernel's 9p page, WekaFS's description
 * of its mount modes, and our own measurements on NFS.
 *
 * FUSE programs do not show their own options in the mount table (s3fs's `stat_cache_expire`, for instance), so
 * what there is to say about those is said about the type, in `typeAdvice`.
 */

/** `warning`: something can go wrong with this option. `advice`: worth knowing. */
export type Level = 'warning' | 'advice';

export interface OptionJudgement {
  /** The option as it is mounted, `local_lock=all`. */
  readonly option: string;
  readonly level: Level;
  readonly sentence: string;
}

interface OptionRow {
  /** Which types, against the whole of the type. */
  readonly types: RegExp;
  /** The option, or its name where `value` is given. */
  readonly option: string;
  /** Which values: a pattern for words, a bound for seconds. */
  readonly value?: RegExp | { readonly above: number } | { readonly atMost: number };
  readonly level: Level;
  readonly sentence: string;
  /** Options that say the same thing are judged once. */
  readonly topic?: string;
}

const NFS: RegExp = /^nfs[34]?$/;
const LUSTRE: RegExp = /^(fuse\.)?lustre(_lite)?$/;
const SMB: RegExp = /^(cifs|smb\d?|smbfs)$/;
const NINE_P: RegExp = /^(9p|v9fs)$/;
const WEKA: RegExp = /^wekafs$/;
const ANY: RegExp = /^/;

const LOCAL_LOCKS =
  'locks on this mount hold only among the processes of one host: SQLite may be used from one host only, and a ' +
  "second one damages the database; Lamella's shards take no locks";
const LATE_NAMES =
  'other hosts learn of new files later than the 60 s of the default; Lamella waits three times as long before it ' +
  'removes merged files, and a dashboard elsewhere is that late';

const ROWS: readonly OptionRow[] = [
  { types: NFS, option: 'nolock', level: 'warning', sentence: LOCAL_LOCKS, topic: 'locks' },
  {
    types: NFS,
    option: 'local_lock',
    value: /^(all|flock|posix)$/,
    level: 'warning',
    sentence: LOCAL_LOCKS,
    topic: 'locks',
  },
  {
    types: NFS,
    option: 'soft',
    level: 'warning',
    sentence:
      'a slow server turns into I/O errors, and data may be cut short silently; mount with `hard` (Lamella keeps ' +
      'what it could not write, checks the size before it publishes, and tries again)',
  },
  {
    types: NFS,
    option: 'softerr',
    level: 'warning',
    sentence: 'a slow server turns into timeouts and data may be cut short; mount with `hard`',
  },
  {
    types: NFS,
    option: 'nocto',
    level: 'warning',
    sentence:
      'opening a file or directory no longer asks the server, so other hosts see new files up to `acdirmax` (60 s) ' +
      'late and SQLite reads old pages; mount without `nocto`',
  },
  { types: NFS, option: 'actimeo', value: { above: 60 }, level: 'advice', sentence: LATE_NAMES, topic: 'ac' },
  {
    types: NFS,
    option: 'acdirmax',
    value: { above: 60 },
    level: 'advice',
    sentence: LATE_NAMES,
    topic: 'ac',
  },
  {
    types: NFS,
    option: 'acregmax',
    value: { above: 60 },
    level: 'advice',
    sentence: 'size and time of a file that grows (a database, a log) are seen late by other hosts',
  },
  {
    types: NFS,
    option: 'noac',
    level: 'advice',
    sentence:
      "every look at a file asks the server: about a quarter of the speed, and SQLite's WAL is damaged by two hosts " +
      'all the same; Lamella does not need it',
    topic: 'noac',
  },
  {
    types: NFS,
    option: 'actimeo',
    value: { atMost: 0 },
    level: 'advice',
    sentence: 'every look at a file asks the server; Lamella does not need it',
    topic: 'noac',
  },
  {
    types: NFS,
    option: 'vers',
    value: /^[23]/,
    level: 'advice',
    sentence:
      'NFSv3 can hide the last new file of a burst from other hosts until the directory changes again; Lamella ' +
      'changes it once more, other writers do not. NFSv4.2 has no such gap',
  },
  {
    types: LUSTRE,
    option: 'noflock',
    level: 'warning',
    sentence:
      "file locks fail here (ENOSYS): SQLite and Trackio's lock file do not work; mount with `flock`. Lamella's " +
      'shards take no locks',
  },
  { types: /^(gfs2|ocfs2)$/, option: 'localflocks', level: 'warning', sentence: LOCAL_LOCKS },
  { types: LUSTRE, option: 'localflock', level: 'warning', sentence: LOCAL_LOCKS },
  {
    types: LUSTRE,
    option: 'flock',
    level: 'advice',
    sentence:
      "locks hold among all hosts, as AWS documents for FSx; a mapped file (SQLite's WAL) still does not",
  },
  {
    types: WEKA,
    option: 'writecache',
    level: 'advice',
    sentence:
      "what is written waits in this host's memory until fsync or close; Lamella does both before a file gets its name",
  },
  {
    types: WEKA,
    option: 'readcache',
    level: 'advice',
    sentence:
      "file attributes may rarely be seen late by other hosts; Lamella's files never change, so it does not matter",
  },
  {
    types: WEKA,
    option: 'dentry_max_age_negative',
    value: { above: 0 },
    level: 'advice',
    sentence:
      'a name looked up too early stays missing for that many milliseconds; Lamella lists and never guesses names',
  },
  {
    types: SMB,
    option: 'cache',
    value: /^loose$/,
    level: 'warning',
    sentence: 'two hosts that use one file damage it; mount with `cache=strict`',
  },
  { types: SMB, option: 'nobrl', level: 'warning', sentence: LOCAL_LOCKS },
  {
    types: NINE_P,
    option: 'cache',
    value: /^(loose|fscache|mmap|5|7|11|15)$/,
    level: 'warning',
    sentence: 'cached files are never checked against the host again; what others write may stay unseen',
  },
  {
    types: ANY,
    option: 'volatile',
    level: 'warning',
    sentence: 'the overlay ignores fsync: what a crash of the host leaves is not certain',
  },
  {
    types: /^ext[234]$/,
    option: 'nobarrier',
    level: 'warning',
    sentence: 'a power cut may lose what was synced',
    topic: 'barrier',
  },
  {
    types: /^ext[234]$/,
    option: 'barrier',
    value: /^0$/,
    level: 'warning',
    sentence: 'a power cut may lose what was synced',
    topic: 'barrier',
  },
  {
    types: ANY,
    option: 'ro',
    level: 'warning',
    sentence: 'mounted read-only: runs can be shown, not logged here',
  },
];

/** What the options of a mount of that type mean to a user; each topic once, in the order of the options. */
export function judgeOptions(type: string | null, options: readonly string[]): OptionJudgement[] {
  const judged: OptionJudgement[] = [];
  const topics = new Set<string>();
  for (const option of options) {
    const row = ROWS.find((each) => each.types.test(type ?? '') && matches(each, option));
    if (row === undefined || topics.has(row.topic ?? row.option)) continue;
    topics.add(row.topic ?? row.option);
    judged.push({ option, level: row.level, sentence: row.sentence });
  }
  return judged;
}

function matches(row: OptionRow, option: string): boolean {
  const [name, value = ''] = option.split(/=(.*)/s);
  if (name !== row.option) return false;
  if (row.value === undefined) return !option.includes('=');
  if (row.value instanceof RegExp) return row.value.test(value);
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  return 'above' in row.value ? seconds > row.value.above : seconds <= row.value.atMost;
}

/** Seconds after which another NFS client has noticed a new name: `acdirmax` or `actimeo`, 60 by default. */
export function directoryCacheSeconds(type: string | null, options: readonly string[]): number | null {
  if (type === null || !NFS.test(type)) return null;
  const seconds = (name: string): number | null => {
    const option = options.find((each) => each.startsWith(`${name}=`));
    const value = Number(option?.slice(name.length + 1) ?? 'none');
    return Number.isFinite(value) ? value : null;
  };
  if (options.includes('noac')) return 0;
  return seconds('acdirmax') ?? seconds('actimeo') ?? 60;
}

const TYPE_ADVICE: readonly (readonly [types: RegExp, sentence: string])[] = [
  [/^(tmpfs|ramfs)$/, 'this is memory: everything here is gone after a restart'],
  [
    /^beegfs$|^fhgfs$|^fuse\.beegfs$/,
    "BeeGFS keeps file locks to one host unless `tuneUseGlobalFileLocks=true` is in its client's configuration",
  ],
  [/^gpfs$/, "GPFS may show other hosts a file's time minutes late; Lamella does not go by file times"],
  [
    /glusterfs$/,
    "GlusterFS may give an error for a file that was just replaced; Lamella's readers list again and retry",
  ],
  [/sshfs$/, 'sshfs caches directories for 20 s, so a dashboard on this mount is that late'],
  [
    /s3fs$/,
    's3fs copies on rename and caches what it knows of files for 15 minutes: keep only the shards here, and read slowly',
  ],
  [
    /^(9p|v9fs|virtiofs|vboxsf|vmhgfs|prl_fs)$/,
    'a folder of the host: locks and mapped files may not hold between host and guest',
  ],
];

/** What there is to know about every mount of that type. */
export function typeAdvice(type: string | null): string[] {
  return TYPE_ADVICE.filter(([types]) => types.test(type ?? '')).map(([, sentence]) => sentence);
}
