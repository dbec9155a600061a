/**
 * From what the system said to a class. Pure: the text of the mount table, the device number and the statfs
 * magic come in, a verdict with its reasons goes out, so every filesystem of the tables can be tested on any
 * machine, and a support ticket's mount table can be judged elsewhere.
 *
 * Order: the mount with the directory's device number, else the longest mount point; then its type; for `fuse`
 * its source; then statfs; and where nothing says anything, as in many containers, the path itself.
 */
import { formatMagic, MAGICS } from './magic.ts';
import type { Mount } from './mountinfo.ts';
import { mountOfDevice, mountOfPath, parseMountinfo } from './mountinfo.ts';
import type { FilesystemClass, KnownFilesystem } from './type.ts';
import { filesystemOfFuseSource, filesystemOfType, isFuse } from './type.ts';

/** What is known about a directory before it is classified. */
export interface Facts {
  /** Absolute path without symbolic links, as far as they could be resolved. */
  readonly path: string;
  /** Text of the mount table (`/proc/self/mountinfo`), or null where there is none. */
  readonly mountinfo: string | null;
  /** Device number as `major:minor`, or null where it was not asked. */
  readonly device?: string | null;
  /** `f_type` of statfs, or null where it was not asked. */
  readonly magic?: number | null;
}

export interface Verdict {
  readonly class: FilesystemClass;
  /** Type as the mount table spells it (`nfs4`, `fuse.sshfs`), or null where nothing is known. */
  readonly type: string | null;
  /** The name people use (`NFSv4`, `MooseFS`), or null. */
  readonly name: string | null;
  readonly source: string | null;
  readonly mount: string | null;
  readonly options: readonly string[];
  /** Why: one sentence per source that said something, in the order in which they were asked. */
  readonly evidence: readonly string[];
  /** Of an overlay: the directory that takes what is written; its filesystem is the one that counts. */
  readonly upper: string | null;
}

/** Paths that clusters mount shared filesystems at; asked last, where a container hides everything else. */
const SHARED_PATH: RegExp = /^\/(fsx|lustre|gpfs|nfs|cephfs|weka)/;

const NOTHING: Verdict = {
  class: 'unknown',
  type: null,
  name: null,
  source: null,
  mount: null,
  options: [],
  evidence: [],
  upper: null,
};

/** Classifies a directory. An overlay comes back `unknown` with `upper` set: see `throughOverlay`. */
export function classify(facts: Facts): Verdict {
  const found = findMount(facts);
  const byTable = found.mount === null ? NOTHING : ofMount(found.mount);
  const verdict = withMagic(byTable, facts.magic ?? null, found.exact);
  return { ...verdict, evidence: [...found.evidence, ...byTable.evidence, ...verdict.evidence] };
}

/** The last resort, after everything else left the class open. */
export function byPath(verdict: Verdict, path: string): Verdict {
  const word = SHARED_PATH.exec(path)?.[0];
  if (verdict.class !== 'unknown' || word === undefined) return verdict;
  const reason = `the path begins with ${word}, where clusters mount shared filesystems: network`;
  return { ...verdict, class: 'network', evidence: [...verdict.evidence, reason] };
}

/** An overlay's verdict, once its upper directory was classified (null: it is not visible here). */
export function throughOverlay(overlay: Verdict, upper: Verdict | null): Verdict {
  const where = overlay.upper ?? '';
  // A container sees the path that its host knew; here it leads back into the overlay itself.
  if (upper === null || (upper.type === overlay.type && upper.mount === overlay.mount)) {
    const reason = `its upper directory ${where} is not visible here (a container): nothing says what it is on`;
    return { ...overlay, upper: null, evidence: [...overlay.evidence, reason] };
  }
  const evidence = [
    ...overlay.evidence,
    `what is written goes to its upper directory ${where}`,
    ...upper.evidence,
  ];
  const volatile = overlay.options.includes('volatile') ? ['volatile'] : [];
  return { ...upper, options: [...upper.options, ...volatile], evidence };
}

/** Overlays in overlays: containers in containers; more is a table that leads in a circle. */
const OVERLAYS_MAX = 4;

/**
 * Classifies `path` as if `mountinfo` were the mount table of this machine: by the longest mount point, an
 * overlay's upper directory in the same way. Nothing of this machine is asked. Never throws.
 */
export function classifyByTable(mountinfo: string, path: string): Verdict {
  return byPath(inTable(mountinfo, path, 0), path);
}

function inTable(mountinfo: string, path: string, depth: number): Verdict {
  const verdict = classify({ mountinfo, path });
  if (verdict.upper === null) return verdict;
  return throughOverlay(verdict, depth < OVERLAYS_MAX ? inTable(mountinfo, verdict.upper, depth + 1) : null);
}

function findMount(facts: Facts): { mount: Mount | null; exact: boolean; evidence: readonly string[] } {
  if (facts.mountinfo === null) return { mount: null, exact: false, evidence: [] };
  const mounts = parseMountinfo(facts.mountinfo);
  if (mounts.length === 0) {
    return {
      mount: null,
      exact: false,
      evidence: ['the mount table holds no line of the form of mountinfo'],
    };
  }
  const evidence: string[] = [];
  if (facts.device !== undefined && facts.device !== null) {
    const mount = mountOfDevice(mounts, facts.device, facts.path);
    if (mount !== null) {
      return { mount, exact: true, evidence: [describe(mount, `has device number ${facts.device}`)] };
    }
    // btrfs and bcachefs give every subvolume a number of its own, which no line has.
    evidence.push(`no line of the mount table has device number ${facts.device}`);
  }
  const mount = mountOfPath(mounts, facts.path);
  evidence.push(
    mount === null
      ? `no mount point of the mount table is above ${facts.path}`
      : describe(mount, `is the longest mount point above ${facts.path}`),
  );
  return { mount, exact: false, evidence };
}

function describe(mount: Mount, why: string): string {
  return `mount table line ${mount.line} (${mount.point}) ${why}: type ${mount.type}, source ${mount.source}`;
}

function ofMount(mount: Mount): Verdict {
  const base = {
    ...NOTHING,
    type: mount.type,
    source: mount.source,
    mount: mount.point,
    options: mount.options,
  };
  const known = filesystemOfType(mount.type);
  if (known !== null && known.class !== 'unknown') return settle(base, known, `type ${mount.type}`);
  if (isFuse(mount.type)) {
    const bySource = filesystemOfFuseSource(mount.source);
    if (bySource !== null) return settle(base, bySource, `type ${mount.type}, source ${mount.source}`);
    const reason = `type ${mount.type} and source ${mount.source} do not tell what is behind this FUSE mount`;
    return { ...base, name: known?.name ?? null, evidence: [reason] };
  }
  if (mount.type === 'overlay') return ofOverlay(base, mount);
  if (mount.type === 'autofs') {
    return { ...base, name: 'automount', evidence: ['an automount point on which nothing is mounted yet'] };
  }
  return { ...base, evidence: [`type ${mount.type} is in no table`] };
}

function ofOverlay(base: Verdict, mount: Mount): Verdict {
  const upper = mount.options.find((option) => option.startsWith('upperdir='))?.slice('upperdir='.length);
  if (upper?.startsWith('/') === true) return { ...base, name: 'overlay', upper };
  // The kernel repeats what was given to `mount`, and a relative path was relative to a directory now unknown.
  const reason =
    upper === undefined
      ? 'an overlay that shows no upper directory in its options: nothing says what it is on'
      : `an overlay that was mounted with a relative upper directory (${upper}): nothing says what it is on`;
  return { ...base, name: 'overlay', evidence: [reason] };
}

function settle(base: Verdict, known: KnownFilesystem, by: string): Verdict {
  return {
    ...base,
    class: known.class,
    name: known.name,
    evidence: [`${by} is ${known.name}: ${known.class}`],
  };
}

/**
 * statfs asked the directory itself. A mount that was found by its path alone may be another one than the
 * directory's, so there a known magic has the last word; a mount found by device number stands.
 */
function withMagic(table: Verdict, magic: number | null, exact: boolean): Verdict {
  if (magic === null) return { ...table, evidence: [] };
  const known = MAGICS.get(magic);
  const said = `statfs says ${formatMagic(magic)}`;
  if (known === undefined) return { ...table, evidence: [`${said}, which is in no table`] };
  if (known.class === 'unknown' || (exact && table.class !== 'unknown')) {
    return { ...table, type: table.type ?? known.type, evidence: [`${said} (${known.type})`] };
  }
  if (table.class === known.class) return { ...table, evidence: [`${said} (${known.type}), which agrees`] };
  const name = filesystemOfType(known.type)?.name ?? known.type;
  const reason = `${said} (${known.type}): ${known.class}`;
  // Where the table was only silent, its source and options are still this mount's.
  const base = table.class === 'unknown' && table.type !== null ? table : NOTHING;
  return { ...base, class: known.class, type: known.type, name, upper: null, evidence: [reason] };
}
