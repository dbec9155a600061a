/**
 * `/proc/self/mountinfo`: one line per mount,
 * `id parent major:minor root mount-point options [optional fields …] - type source super-options`.
 *
 * Two things go wrong in most readers of this file. The optional fields vary in number, so the part after ` - `
 * is found by that separator. And blanks in paths are octal escapes (`\040`), as bytes, so they are decoded, and
 * paths are compared by whole components: `/scratch2` is not below `/scratch`.
 *
 * A line that does not have this form is left out; the text may come from a support ticket.
 */

export interface Mount {
  /** Number of the line in the text, from 1. */
  readonly line: number;
  /** Device number as `major:minor`. */
  readonly device: string;
  /** Where it is mounted, decoded. */
  readonly point: string;
  readonly type: string;
  readonly source: string;
  /** Options of the mount, then those of the filesystem which it does not have, decoded. */
  readonly options: readonly string[];
}

/** The mounts of a mountinfo text, in its order. Never throws: what is not a mount is left out. */
export function parseMountinfo(text: string): Mount[] {
  return text.split('\n').flatMap((line, index) => parseLine(line.replace(/\r$/, ''), index + 1) ?? []);
}

function parseLine(line: string, number: number): Mount | null {
  const end = line.indexOf(' - ');
  if (end < 0) return null;
  const [, , device, root, point, options] = line.slice(0, end).split(' ');
  const [type, source = '', ...superOptions] = line.slice(end + 3).split(' ');
  if (device === undefined || !/^\d+:\d+$/.test(device)) return null;
  if (root === undefined || !point?.startsWith('/') || options === undefined) return null;
  if (type === undefined || type === '') return null;
  return {
    line: number,
    device,
    point: decodeEscapes(point),
    type: decodeEscapes(type),
    source: decodeEscapes(source),
    options: mergeOptions(options, superOptions.join(' ')),
  };
}

/** `\040` and its like, which are bytes: several in a row may be one character. */
export function decodeEscapes(text: string): string {
  return text.replace(/(?:\\[0-3][0-7]{2})+/g, (escapes) => {
    const bytes = escapes
      .split('\\')
      .slice(1)
      .map((digits) => Number.parseInt(digits, 8));
    return new TextDecoder().decode(Uint8Array.from(bytes));
  });
}

function mergeOptions(mount: string, filesystem: string): string[] {
  const split = (text: string): string[] =>
    text
      .split(',')
      .filter((option) => option !== '')
      .map(decodeEscapes);
  const all = [...new Set([...split(mount), ...split(filesystem)])];
  // Mount and filesystem each say `rw` or `ro`; nothing can be written where one of them says `ro`.
  return all.includes('ro') ? all.filter((option) => option !== 'rw') : all;
}

/** Whether `path` is `point` or below it, by whole components. */
export function isBelow(path: string, point: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`);
}

/**
 * The mount of `path` among `mounts`: the longest mount point that it is below; of several mounts on one point the
 * last, as that one lies on top. An automount trigger counts only where nothing is mounted over it.
 */
export function mountOfPath(mounts: readonly Mount[], path: string): Mount | null {
  let found: Mount | null = null;
  for (const mount of mounts) {
    if (!isBelow(path, mount.point)) continue;
    if (found !== null && mount.point.length < found.point.length) continue;
    const trigger = mount.type === 'autofs' && found !== null && found.point === mount.point;
    if (!trigger) found = mount;
  }
  return found;
}

/**
 * The mount with that device number. The number is exact, also for bind mounts; among several mounts of one
 * device the one that `path` is below is taken, else the last.
 */
export function mountOfDevice(mounts: readonly Mount[], device: string, path: string): Mount | null {
  const same = mounts.filter((mount) => mount.device === device);
  return mountOfPath(same, path) ?? same.at(-1) ?? null;
}
