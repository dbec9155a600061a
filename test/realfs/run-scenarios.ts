/** Sets the harness up, runs scenarios on it one after another, and takes it down again. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../../bench/scenario.ts';
import { ROOT } from '../../scripts/steps.ts';
import { ensurePackages } from './packages.ts';
import { scenario as inbox } from './inbox.ts';
import type { Scenario } from './scenario.ts';
import { scenario as shards } from './shards.ts';
import { copyScenario, inPlaceScenario } from './trackio.ts';
import { type NfsVersion, HarnessMissing, openVolume, ServerCrashed, type Volume } from './volume.ts';

export const SCENARIOS: readonly Scenario[] = [shards, copyScenario, inPlaceScenario, inbox];

export interface RunOptions {
  /** None: all. */
  readonly names: readonly string[];
  readonly versions: readonly NfsVersion[];
  /** Null: what the scenario wants. */
  readonly seconds: number | null;
  readonly short: boolean;
  readonly save: boolean;
  readonly log: (line: string) => void;
}

export interface ScenarioResult {
  readonly name: string;
  readonly nfs: NfsVersion;
  readonly passed: boolean;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly commit: string;
  readonly versions: Readonly<Record<string, string>>;
}

export interface RunResult {
  /** What could not run, and why. */
  readonly skipped: readonly string[];
  readonly results: readonly ScenarioResult[];
}

/** A crash of the server says nothing about what is tested; so often is such a run made again. */
const SERVER_CRASHES_MAX = 2;

/** Runs what was asked for. Errors: the harness is there and failed. */
export async function runScenarios(options: RunOptions): Promise<RunResult> {
  const { names, log } = options;
  const chosen = SCENARIOS.filter(({ name }) => names.length === 0 || names.includes(name));
  const missing = ensurePackages(log);
  if (missing !== null) return { skipped: [`all on NFS, because ${missing}`], results: [] };
  const skipped: string[] = [];
  const results: ScenarioResult[] = [];
  for (const scenario of chosen) {
    const why = scenario.prepare(log);
    if (why !== null) {
      skipped.push(`${scenario.name}, because ${why}`);
      continue;
    }
    const own: ScenarioResult[] = [];
    for (const nfs of options.versions) {
      let result = await runOne(scenario, nfs, options);
      for (
        let tried = 1;
        tried < (scenario.attempts ?? 1) && typeof result !== 'string' && !result.passed;
        tried++
      ) {
        result = await runOne(scenario, nfs, options);
      }
      if (typeof result === 'string') skipped.push(`${scenario.name} on NFSv${nfs}, because ${result}`);
      else own.push(result);
    }
    results.push(...own);
    if (options.save && own.length > 0) save(scenario.name, own);
  }
  return { skipped, results };
}

/** The result, or why there is none. */
async function runOne(
  scenario: Scenario,
  nfs: NfsVersion,
  options: RunOptions,
): Promise<ScenarioResult | string> {
  const { log } = options;
  const seconds = options.seconds ?? scenario.seconds[options.short ? 'short' : 'full'];
  for (let crashes = 0; ; crashes++) {
    let volume: Volume;
    try {
      volume = await openVolume(nfs, log);
    } catch (error) {
      return `the harness cannot be set up: ${(error as Error).message}`;
    }
    try {
      const { figures, notes } = await scenario.run({ nfs, volume, seconds, short: options.short });
      const passed = figures.every(({ met }) => met);
      log(`NFSv${nfs}: ${scenario.name} ${passed ? 'passed' : 'FAILED'}`);
      return {
        name: scenario.name,
        nfs,
        passed,
        seconds,
        figures,
        notes,
        date: new Date().toISOString(),
        commit: commit(),
        versions: { lamella: version('.'), node: process.versions.node, host: release(), ...volume.versions },
      };
    } catch (error) {
      if (error instanceof HarnessMissing) return error.message;
      if (!(error instanceof ServerCrashed) || crashes === SERVER_CRASHES_MAX) throw error;
      log(`NFSv${nfs}: ${error.message}; the run is made again`);
    } finally {
      await volume.close();
    }
  }
}

/** Results of the versions that were not run this time stay. */
function save(name: string, results: readonly ScenarioResult[]): void {
  const folder = join(import.meta.dirname, 'results');
  const path = join(folder, `${name}.json`);
  mkdirSync(folder, { recursive: true });
  const kept = readResults(path).filter(({ nfs }) => !results.some((result) => result.nfs === nfs));
  const all = [...kept, ...results].sort((a, b) => Number(a.nfs) - Number(b.nfs));
  writeFileSync(path, `${JSON.stringify(all, null, 2)}\n`);
}

function readResults(path: string): readonly ScenarioResult[] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as readonly ScenarioResult[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function version(path: string): string {
  return (JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8')) as { version: string }).version;
}

/** With `+` when the tree had changes beside results; outside a git work tree there is none to name. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const dirty = git('status', '--porcelain', '--', '.', ':!test/realfs/results') !== '';
    return `${git('rev-parse', '--short=12', 'HEAD')}${dirty ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}
