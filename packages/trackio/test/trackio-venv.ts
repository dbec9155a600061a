/**
 * The real Trackio, for tests: a Python virtual environment for each version under `.cache/`, made once. Run as a program it
 * makes them all: `node packages/trackio/test/trackio-venv.ts`.
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CACHE = join(import.meta.dirname, '..', '..', '..', '.cache');

/** What pip is told for each version; 0.36.0 cannot import a newer huggingface_hub. */
const REQUIREMENTS: Readonly<Record<string, readonly string[]>> = {
  '0.36.0': ['trackio==0.36.0', 'huggingface_hub<1.32'],
  '0.43.0': ['trackio==0.43.0'],
};

export type TrackioVersion = '0.36.0' | '0.43.0';
export const TRACKIO_VERSIONS: readonly TrackioVersion[] = ['0.43.0', '0.36.0'];

/** A Python that imports Trackio, or the reason why there is none. */
export type TrackioPython = { readonly python: string } | { readonly missing: string };

/** Makes the environment of a version if it is not there. Takes 10 s the first time. */
export function trackioPython(version: TrackioVersion): TrackioPython {
  const folder = join(CACHE, `trackio-${version}`);
  const python = join(folder, 'bin', 'python');
  const done = join(folder, 'complete');
  if (existsSync(done)) return { python };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  const steps: readonly (readonly [string, readonly string[]])[] = [
    ['python3', ['-m', 'venv', folder]],
    [
      python,
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...(REQUIREMENTS[version] ?? [])],
    ],
    [python, ['-c', `import trackio; assert trackio.__version__ == '${version}', trackio.__version__`]],
  ];
  for (const [program, args] of steps) {
    const result = run(program, args);
    if (result.status === 0) continue;
    const said = (result.error?.message ?? result.stderr).trim().split('\n').at(-1) ?? '';
    return { missing: `${program} ${args.slice(0, 3).join(' ')} failed: ${said}` };
  }
  writeFileSync(done, '');
  return { python };
}

/** The Python of every version; null, and the reason on stderr, where there is none. */
export function trackioPythons(): readonly {
  readonly version: TrackioVersion;
  readonly python: string | null;
}[] {
  return TRACKIO_VERSIONS.map((version) => {
    const found = trackioPython(version);
    if ('missing' in found) console.warn(`SKIPPED: no real Trackio ${version}: ${found.missing}`);
    return { version, python: 'python' in found ? found.python : null };
  });
}

/** Runs Python code with a Trackio directory of its own, without a network. Answers what it printed. */
export function runTrackio(
  python: string,
  directory: string,
  code: string,
  env: Readonly<Record<string, string>> = {},
): string {
  const result = run(python, ['-c', code], trackioEnvironment(directory, env));
  if (result.status !== 0)
    throw new Error(`python ended with ${String(result.status ?? result.signal)}: ${result.stderr}`);
  return result.stdout;
}

/** The environment of a Trackio process that keeps to `directory`. */
export function trackioEnvironment(
  directory: string,
  env: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  const home = join(directory, '..', 'home');
  mkdirSync(home, { recursive: true });
  return {
    PATH: process.env['PATH'],
    HOME: home,
    HF_HOME: join(home, 'hf'),
    HF_HUB_OFFLINE: '1',
    PYTHONUNBUFFERED: '1',
    TRACKIO_DIR: directory,
    ...env,
  };
}

function run(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): SpawnSyncReturns<string> {
  return spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 300_000,
    maxBuffer: 64 << 20,
    ...(env === undefined ? {} : { env }),
  });
}

if (process.argv[1] === import.meta.filename) {
  for (const version of TRACKIO_VERSIONS) console.log(version, trackioPython(version));
}
