/**
 * The real Trackio, for tests that compare with it: a virtual environment per version in `.cache/trackio/`, made by
 * pip from the package index that this machine is set up for.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './steps.ts';

export type TrackioVersion = '0.43.0' | '0.36.0';

/** 0.36 imports a name that newer releases of huggingface_hub do not have any more. */
const REQUIREMENTS: Readonly<Record<TrackioVersion, readonly string[]>> = {
  '0.43.0': ['trackio==0.43.0'],
  '0.36.0': ['trackio==0.36.0', 'huggingface_hub<1.32'],
};

/** A Python that has that Trackio, or why there is none. */
export function trackioPython(
  version: TrackioVersion,
): { readonly python: string } | { readonly why: string } {
  const folder = join(ROOT, '.cache', 'trackio', version);
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  // Written last: an environment that was given up half-way is made again.
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return { python };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, '..'), { recursive: true });
  const steps: readonly (readonly [string, ...string[]])[] = [
    ['python3', '-m', 'venv', folder],
    [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...REQUIREMENTS[version]],
    [python, '-c', 'import trackio'],
  ];
  for (const [command, ...args] of steps) {
    const ran = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 });
    if (ran.status === 0) continue;
    const text = ran.error?.message ?? ran.stderr.trim().split('\n').at(-1) ?? '';
    return {
      why: `Trackio ${version} cannot be installed (${command} ${args.slice(0, 3).join(' ')}): ${text}`,
    };
  }
  writeFileSync(complete, '');
  return { python };
}
