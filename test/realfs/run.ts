// `npm run test:realfs [-- name…] [--nfs 3|4.2] [--seconds N | --short] [--save] [--json]`, `-- --list`.
//
// Runs the scenarios of this folder on real NFS with two real clients, and says what was found: as text, or with
// --json as exactly one JSON object on stdout. --save also stores test/realfs/results/<name>.json.
import { parseArgs } from 'node:util';
import { runScenarios, SCENARIOS, type ScenarioResult } from './run-scenarios.ts';
import { NFS_VERSIONS, type NfsVersion } from './volume.ts';

const HELP = `usage: npm run test:realfs -- [name…] [--nfs 3|4.2] [--seconds N | --short] [--save] [--json]
       npm run test:realfs -- --list

  without a name: all scenarios, each on NFSv3 and NFSv4.2
  --nfs VERSION   on this version only
  --seconds N     how long the programs write
  --short         a short run: shows that all works, and is not saved
  --save          store results in test/realfs/results/
  --json          print exactly one JSON object on stdout
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      nfs: { type: 'string' },
      seconds: { type: 'string' },
      short: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return say(HELP, 0);
  if (values.list) {
    return say(SCENARIOS.map(({ name, about }) => `${name.padEnd(18)} ${about}\n`).join(''), 0);
  }
  const unknown = positionals.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    return say(`no scenario ${unknown}; there are: ${SCENARIOS.map(({ name }) => name).join(', ')}\n`, 4);
  }
  if (values.nfs !== undefined && !(NFS_VERSIONS as readonly string[]).includes(values.nfs))
    return say(HELP, 2);
  const seconds = values.seconds === undefined ? null : Number(values.seconds);
  if (seconds !== null && !(seconds >= 5 && seconds <= 3600)) return say('--seconds: 5 to 3600\n', 2);

  const { skipped, results } = await runScenarios({
    names: positionals,
    versions: values.nfs === undefined ? NFS_VERSIONS : [values.nfs as NfsVersion],
    seconds,
    short: values.short,
    save: values.save && !values.short,
    log: (line) => void process.stderr.write(`realfs: ${line}\n`),
  });
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ skipped, results })}\n`
      : results.map(asText).join('') + skipped.map((why) => `skipped: ${why}\n`).join(''),
  );
  return results.every(({ passed }) => passed) ? 0 : 1;
}

function asText({ name, nfs, passed, figures, notes }: ScenarioResult): string {
  const lines = figures.map(
    (f) =>
      `${f.met ? ' ' : '!'} ${f.name.padEnd(38)} ${String(f.value).padStart(10)} ${f.unit.padEnd(6)} ${f.goal}\n`,
  );
  const more = notes.map((note) => `  ${note}\n`);
  return `${name} on NFSv${nfs}: ${passed ? 'passed' : 'FAILED'}\n${lines.join('')}${more.join('')}`;
}

function say(text: string, exitCode: number): number {
  (exitCode === 0 ? process.stdout : process.stderr).write(text);
  return exitCode;
}

process.exitCode = await main();
