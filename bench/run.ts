// `npm run bench -- <name> [--json] [--save] [--quick]`, `npm run bench -- --list`.
//
// Runs one scenario of this folder and prints its figures: as a table, or with --json as exactly one JSON object
// on stdout. Everything else goes to stderr. --save also stores the object in bench/results/<name>.json.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Result, Scenario } from './scenario.ts';

const here = import.meta.dirname;
const root = join(here, '..');
const HELP = `usage: npm run bench -- <name> [--json] [--save] [--quick]
       npm run bench -- --list

  --json    print exactly one JSON object on stdout
  --save    store the result in bench/results/<name>.json
  --quick   a short version, to see that the scenario works; never saved
  --list    names of the scenarios, with what they measure
`;
const NOT_SCENARIOS = ['run.ts', 'scenario.ts'];

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return say(HELP, 0);
  if (values.list) {
    for (const name of names()) process.stdout.write(`${name.padEnd(12)} ${(await load(name)).about}\n`);
    return 0;
  }
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) return say(HELP, 2);
  if (!names().includes(name)) return say(`no scenario ${name}; there are: ${names().join(', ')}\n`, 4);

  const scenario = await load(name);
  const log = (line: string): void => void process.stderr.write(`${name}: ${line}\n`);
  const figures = await scenario.run({ log, quick: values.quick });
  const result: Result = { name, figures, hardware: hardware(), versions: versions(), commit: commit() };
  if (values.save && !values.quick) {
    mkdirSync(join(here, 'results'), { recursive: true });
    writeFileSync(join(here, 'results', `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  }
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : table(result));
  return figures.every((figure) => figure.met) || values.quick ? 0 : 1;
}

/** Scenarios are the files directly in this folder; what they are made of lies in folders of their own. */
function names(): string[] {
  return readdirSync(here)
    .filter((file) => file.endsWith('.ts') && !NOT_SCENARIOS.includes(file))
    .map((file) => file.slice(0, -3))
    .sort();
}

async function load(name: string): Promise<Scenario> {
  const module = (await import(`./${name}.ts`)) as { readonly scenario: Scenario };
  return module.scenario;
}

function hardware(): Result['hardware'] {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
  };
}

/** The runtime, and the exact versions of what is measured with it. */
function versions(): Record<string, string> {
  const manifest = (path: string): string =>
    (JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as { version: string }).version;
  return {
    lamella: manifest('.'),
    node: process.versions.node,
    'hyparquet-writer': manifest('node_modules/hyparquet-writer'),
    hyparquet: manifest('node_modules/hyparquet'),
    duckdb: manifest('node_modules/@duckdb/node-api'),
  };
}

/** Outside a git work tree (a tarball of the project) there is no commit to name. */
function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return (
      git('rev-parse', '--short=12', 'HEAD') +
      (git('status', '--porcelain', '--', '.', ':!bench/results') === '' ? '' : '+')
    );
  } catch (error) {
    process.stderr.write(`no commit is named: ${(error as Error).message.split('\n')[0]}\n`);
    return 'unknown';
  }
}

function table(result: Result): string {
  const lines = result.figures.map(
    (f) =>
      `${f.met ? ' ' : '!'} ${f.name.padEnd(28)} ${String(f.value).padStart(12)} ${f.unit.padEnd(8)} ${f.goal}`,
  );
  return `${result.name} on ${result.hardware.cpu}, ${result.hardware.cores} cores, ${result.commit}\n${lines.join('\n')}\n`;
}

function say(text: string, exitCode: number): number {
  (exitCode === 0 ? process.stdout : process.stderr).write(text);
  return exitCode;
}

process.exitCode = await main();
