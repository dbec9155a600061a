/**
 * Filesystems on macOS and Windows, where there is no mount table to read. Pure.
 *
 * macOS: the number that statfs gives is assigned at run time and says nothing, so the output of `mount` is read:
 * `source on /point (type, option, …)`; the word `local` there is the system's own judgement. Windows: a path to
 * a share begins with `\\server\share`, also once a mapped drive letter was resolved.
 */
import type { Verdict } from './classify.ts';
import type { Mount } from './mountinfo.ts';
import { mountOfPath } from './mountinfo.ts';
import type { FilesystemClass } from './type.ts';
import { filesystemOfFuseSource, filesystemOfType, isFuse } from './type.ts';

/** Classifies `path` (absolute, links resolved) by what `mount` printed on macOS. Never throws. */
export function classifyByMountOutput(output: string, path: string): Verdict {
  const mount = mountOfPath(parseMountOutput(output), path);
  if (mount === null) return nothing([`no line that mount printed is above ${path}`]);
  const { line, source, point, type, options } = mount;
  const where = `mount printed in line ${line}: ${source} on ${point}, type ${type}`;
  const { class: of, name, why } = ofMacType(type, source, options);
  return { class: of, type, name, source, mount: point, options, evidence: [where, why], upper: null };
}

function parseMountOutput(output: string): Mount[] {
  return output.split('\n').flatMap((line, index) => {
    const match = /^(.*?) on (\/.*) \(([^()]*)\)\s*$/.exec(line);
    if (match === null) return [];
    const [, source = '', point = '', words = ''] = match;
    const [type = '', ...options] = words.split(',').map((word) => word.trim());
    return [{ line: index + 1, device: '', point, type, source, options }];
  });
}

function ofMacType(
  type: string,
  source: string,
  options: readonly string[],
): { class: FilesystemClass; name: string | null; why: string } {
  if (isFuse(type)) {
    const known = filesystemOfType(type) ?? filesystemOfFuseSource(source);
    const why = `type ${type}, source ${source} is ${known?.name ?? 'in no table'}`;
    return { class: known?.class ?? 'unknown', name: known?.name ?? null, why };
  }
  const known = filesystemOfType(type);
  const local = options.includes('local');
  if (known !== null && known.class !== 'local') {
    return { class: known.class, name: known.name, why: `type ${type} is ${known.name}: ${known.class}` };
  }
  const why = local ? 'the system calls it local' : 'the system does not call it local: network';
  return { class: local ? 'local' : 'network', name: known?.name ?? type, why };
}

/** Classifies an absolute Windows path (drive letters of shares resolved): shares are network. Never throws. */
export function classifyWindowsPath(path: string): Verdict {
  const share = /^(?:\\\\\?\\UNC\\|\\\\(?![?.]\\)|\/\/(?![?.]\/))([^\\/]+)[\\/]+([^\\/]+)/i.exec(path);
  if (share !== null) {
    const source = `\\\\${share[1]}\\${share[2]}`;
    const evidence = [`the path leads to the share ${source}: network`];
    return { ...nothing(evidence), class: 'network', name: 'a Windows share', source, mount: source };
  }
  const drive = /^(?:\\\\\?\\)?([a-z]:)[\\/]/i.exec(path)?.[1]?.toUpperCase();
  if (drive !== undefined) {
    const evidence = [`drive ${drive} stands for no share: local`];
    return { ...nothing(evidence), class: 'local', name: 'a disk', mount: `${drive}\\` };
  }
  return nothing([`${path} has neither a drive letter nor the name of a share`]);
}

function nothing(evidence: readonly string[]): Verdict {
  return {
    class: 'unknown',
    type: null,
    name: null,
    source: null,
    mount: null,
    options: [],
    evidence,
    upper: null,
  };
}
