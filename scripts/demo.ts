// `npm run demo`: trains a real network on real handwritten digits, 4 learning rates × 2 ranks, as 8 processes that
// log with the SDK; meanwhile the dashboard shows it. Messages go to stderr; stdout has the JSON object of --json.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openStore } from '@lamella/store/node';
import { launch, type Launched, type Training } from '../examples/digits/launch.ts';
import { startServer } from '../packages/app/src/server/start.ts';
import { audit } from './demo-audit.ts';
import { DASHBOARD, run } from './steps.ts';

const HELP = `usage: npm run demo -- [--dir DIR] [--port N] [--epochs N] [--once] [--json]

Trains on handwritten digits in 8 processes (4 runs with different learning rates, 2 ranks each), and serves the
dashboard until Ctrl-C.

  --dir DIR    the store (default: a new temporary directory)
  --port N     of the dashboard, on the loopback address (default: a free one)
  --epochs N   passes over the images (default: 60, about a minute; with --once: 12)
  --once       stop after the training
  --json       with --once: print one JSON object on stdout: dir, runs, writers, logCalls, records, lost, seconds
`;
/** From too small to too large: with the last one most units die in the first epoch. */
const LEARNING_RATES = [0.01, 0.1, 0.5, 2];
const WORLD_SIZE = 2;
/** For trainers that are told to end: their SDK publishes what it has. */
const STOP_MS = 10_000;

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string' },
      port: { type: 'string', default: '0' },
      epochs: { type: 'string' },
      once: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const epochs = Number(values.epochs ?? (values.once ? 12 : 60));
  if (!Number.isInteger(epochs) || epochs < 1) {
    tell(`--epochs must be a whole number from 1, not ${values.epochs}`);
    return 2;
  }
  const dir = resolve(
    process.env['INIT_CWD'] ?? '.',
    values.dir ?? mkdtempSync(join(tmpdir(), 'lamella-demo-')),
  );
  const scratch = mkdtempSync(join(tmpdir(), 'lamella-demo-ranks-'));
  const interrupted = interruption();
  tell('building the dashboard');
  const built = await run({ ...DASHBOARD, stdout: 'stderr' });
  if (built !== 0) return built;
  await openStore(dir, { create: true });
  const server = await startServer({ dir, host: '127.0.0.1', port: Number(values.port) });
  tell(`store:     ${dir}\ndashboard: ${server.url}\n`);

  try {
    const started = performance.now();
    const trainings = describe({ dir, scratch, epochs });
    const launched = trainings.map(launch);
    const ended = Promise.all(launched.map((training) => training.ended));
    const codes = await Promise.race([ended, interrupted.promise]);
    const failed = codes === 'interrupted' || codes.flat().some((code) => code !== 0);
    // A terminal sends Ctrl-C to the trainers, too: they may be gone before this process hears of it.
    if (failed && (await Promise.race([interrupted.promise, sleep(300)])) === 'interrupted') {
      return await stop(launched, ended);
    }
    if (failed) {
      tell(`training failed: exit codes by run and rank: ${JSON.stringify(codes)}`);
      return 1;
    }
    const result = await audit(dir, trainings, launched);
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    tell(
      `\ntrained in ${seconds} s: ${result.logCalls} log calls, ${result.records} records, ${result.lost} lost`,
    );
    if (values.json) process.stdout.write(`${JSON.stringify({ ...result, seconds })}\n`);
    if (values.once) return result.lost === 0 ? 0 : 1;
    tell(`the dashboard goes on at ${server.url} until Ctrl-C; the store stays in ${dir}`);
    await interrupted.promise;
    return 0;
  } finally {
    await server.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The ids are new every time, so that a second demo in the same store makes runs of its own. */
function describe(of: {
  readonly dir: string;
  readonly scratch: string;
  readonly epochs: number;
}): Training[] {
  const tag = Math.random().toString(36).slice(2, 6);
  return LEARNING_RATES.map((learningRate) => {
    const name = `lr-${learningRate}`;
    const id = `${name}-${tag}`;
    return { ...of, id, name, learningRate, worldSize: WORLD_SIZE, scratch: join(of.scratch, id) };
  });
}

/** Resolves at the first SIGINT, SIGTERM or SIGHUP. Later ones are the same one: a terminal and npm both send it. */
function interruption(): { readonly promise: Promise<'interrupted'> } {
  const { promise, resolve: interrupt } = Promise.withResolvers<'interrupted'>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupt('interrupted'));
  return { promise };
}

async function stop(launched: readonly Launched[], ended: Promise<unknown>): Promise<number> {
  tell('\nstopping the training; what it logged stays in the store');
  for (const training of launched) training.stop('SIGTERM');
  const late = await Promise.race([ended.then(() => false), sleep(STOP_MS, true, { ref: false })]);
  if (late) for (const training of launched) training.stop('SIGKILL');
  return 130;
}

process.exitCode = await main();
