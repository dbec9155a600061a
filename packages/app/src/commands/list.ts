/** `lamella list projects|runs|metrics`: names in Trackio's shapes, with Lamella's details beside them. */
import { LamellaError } from '@lamella/store';
import type { MetricRow, RunRow } from '../procedures/types.ts';
import { listMetrics, listRuns } from '../query/listing.ts';
import { nearNames } from '../query/near-names.ts';
import type { ProjectSnapshot } from '../query/snapshot.ts';
import { Snapshots } from '../query/snapshots.ts';
import type { CommandContext } from './context.ts';
import { parseOptions, storeDir, textOption } from './options.ts';
import type { ParsedOptions } from './options.ts';
import { printable, printJson, printTable } from './output.ts';

const TOPICS = ['projects', 'runs', 'metrics'] as const;

/** What the parts of this command share. */
export interface Listing {
  readonly snapshots: Snapshots;
  readonly context: CommandContext;
  readonly parsed: ParsedOptions;
  readonly json: boolean;
}

/** Errors: invalid options; not-found (directory, project, run); unsupported; unavailable. */
export async function list(args: readonly string[], context: CommandContext): Promise<void> {
  const parsed = parseOptions('list', args, {
    dir: { type: 'string' },
    project: { type: 'string' },
    run: { type: 'string' },
    json: { type: 'boolean' },
  });
  const [topic, extra] = parsed.positionals;
  const known = TOPICS.find((name) => name === topic);
  if (!known || extra !== undefined) {
    const wrong = known ? extra : topic;
    throw new LamellaError(
      'invalid',
      `list ${wrong === undefined ? 'needs one of' : `takes no ${JSON.stringify(wrong)}; it takes one of`} ${TOPICS.join(', ')} (lamella list --help)`,
    );
  }
  const snapshots = await Snapshots.open({
    dir: storeDir(parsed, context.env),
    thread: false,
    onTrouble: (message) => context.output.err(`Warning: ${printable(message)}\n`),
  });
  try {
    const listing: Listing = { snapshots, context, parsed, json: parsed.values['json'] === true };
    await { projects: printProjects, runs: printRuns, metrics: printMetrics }[known](listing);
  } finally {
    await snapshots.close();
  }
}

async function printProjects({ snapshots, context, json }: Listing): Promise<void> {
  const names = await snapshots.listProjects();
  await snapshots.reportProblems();
  if (json) {
    printJson(context.output, { projects: names });
    return;
  }
  names.forEach((name) => context.output.out(`${printable(name)}\n`));
  if (names.length === 0) {
    context.output.err('no projects here yet\n');
  }
}

async function printRuns(listing: Listing): Promise<void> {
  const snapshot = await loadProject(listing);
  const rows = listRuns(snapshot);
  warnOfProblems(listing, rows);
  const { output } = listing.context;
  if (listing.json) {
    printJson(output, { project: snapshot.project, runs: rows.map(({ name }) => name), details: rows });
    return;
  }
  if (rows.length === 0) {
    output.err('no runs here yet\n');
    return;
  }
  printTable(output, [
    ['NAME', 'STATE', 'LAST STEP', 'RECORDS', 'WRITERS', 'STARTED', 'ID'],
    ...rows.map((row) => [
      row.name,
      row.state,
      row.lastStep === null ? '-' : String(row.lastStep),
      String(row.records),
      String(row.writers),
      row.startedAt === null ? '-' : new Date(row.startedAt).toISOString(),
      row.id,
    ]),
  ]);
}

async function printMetrics(listing: Listing): Promise<void> {
  const snapshot = await loadProject(listing);
  const rows = listRuns(snapshot);
  const asked = textOption(listing.parsed, 'run');
  const run = asked === undefined ? null : findRunByName(listing, rows, snapshot.project, asked);
  warnOfProblems(listing, run ? [run] : rows);
  const metrics = await listMetrics(listing.snapshots.engine, snapshot, run ? [run.id] : undefined);
  const logged = metrics.filter(({ kind }) => kind === 'metric');
  const { output } = listing.context;
  if (listing.json) {
    printJson(output, {
      project: snapshot.project,
      run: run?.name ?? null,
      ...(run ? { run_id: run.id } : {}),
      metrics: logged.map(({ name }) => name),
      system_metrics: metrics.filter(({ kind }) => kind === 'system').map(({ name }) => name),
      details: metrics,
    });
    return;
  }
  if (logged.length === 0) {
    output.err('no metrics here yet\n');
    return;
  }
  printTable(output, [['METRIC', 'TYPE', 'POINTS', 'RUNS'], ...logged.map(metricCells)]);
}

function metricCells(row: MetricRow): string[] {
  return [row.name, row.type, String(row.points), String(row.runs)];
}

/** The project of `--project`, all of it. Errors: invalid (no `--project`), not-found. */
export async function loadProject({ snapshots, parsed }: Listing): Promise<ProjectSnapshot> {
  const project = textOption(parsed, 'project');
  if (project === undefined) {
    const names = await snapshots.listProjects();
    throw new LamellaError('invalid', `--project is missing; ${nearNames('projects', '', names)}`);
  }
  const feed = await snapshots.feed(project);
  await feed.complete();
  return feed.snapshot;
}

/** By id, else by display name; of several the latest, said on stderr. Errors: not-found. */
export function findRunByName(
  listing: Listing,
  rows: readonly RunRow[],
  project: string,
  asked: string,
): RunRow {
  const byId = rows.find(({ id }) => id === asked);
  const named = rows.filter(({ name }) => name === asked);
  const found = byId ?? named.at(-1);
  if (!found) {
    const near = nearNames(
      'runs',
      asked,
      rows.map(({ name }) => name),
    );
    throw new LamellaError(
      'not-found',
      `no run ${JSON.stringify(asked)} in project ${JSON.stringify(project)}; ${near}`,
    );
  }
  if (!byId && named.length > 1) {
    listing.context.output.err(
      `Warning: ${named.length} runs are named ${JSON.stringify(asked)}; this is the latest, ${found.id}\n`,
    );
  }
  return found;
}

/** Says on stderr what is wrong with runs. */
export function warnOfProblems(listing: Listing, rows: readonly RunRow[]): void {
  for (const { id, problems } of rows) {
    for (const problem of problems) {
      listing.context.output.err(`Warning: run ${printable(id)}: ${printable(problem)}\n`);
    }
  }
}
