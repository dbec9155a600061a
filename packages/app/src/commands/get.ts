/** `lamella get metric`: the values of one metric of one run, in Trackio's shape. */
import { LamellaError } from '@lamella/store';
import { formatTime } from '@lamella/trackio';
import { listRuns } from '../query/listing.ts';
import { eachMetricValue } from '../query/metric-values.ts';
import { Snapshots } from '../query/snapshots.ts';
import type { CommandContext } from './context.ts';
import { findRunByName, loadProject, warnOfProblems } from './list.ts';
import { parseOptions, storeDir, textOption } from './options.ts';
import { printable } from './output.ts';

/** Values written at once. */
const VALUES_PER_WRITE = 4096;

/** Errors: invalid options; not-found (directory, project, run, metric); unsupported; unavailable. */
export async function get(args: readonly string[], context: CommandContext): Promise<void> {
  const parsed = parseOptions('get', args, {
    dir: { type: 'string' },
    project: { type: 'string' },
    run: { type: 'string' },
    metric: { type: 'string' },
    json: { type: 'boolean' },
  });
  const [topic, extra] = parsed.positionals;
  if (topic !== 'metric' || extra !== undefined) {
    throw new LamellaError('invalid', 'get takes one thing to get: metric (lamella get --help)');
  }
  const [asked, metric] = ['run', 'metric'].map((name) => {
    const text = textOption(parsed, name);
    if (text === undefined) {
      throw new LamellaError(
        'invalid',
        `--${name} is missing; give a name (lamella list metrics shows them)`,
      );
    }
    return text;
  }) as [string, string];
  const { output } = context;
  const snapshots = await Snapshots.open({
    dir: storeDir(parsed, context.env),
    thread: false,
    onTrouble: (message) => output.err(`Warning: ${printable(message)}\n`),
  });
  try {
    const listing = { snapshots, context, parsed, json: parsed.values['json'] === true };
    const snapshot = await loadProject(listing);
    const run = findRunByName(listing, listRuns(snapshot), snapshot.project, asked);
    warnOfProblems(listing, [run]);
    const printer = listing.json
      ? jsonPrinter(output.out.bind(output), snapshot.project, run.name, metric)
      : textPrinter(output.out.bind(output));
    await eachMetricValue(snapshots.engine, snapshot, { run: run.id, metric }, printer.value);
    printer.end();
  } finally {
    await snapshots.close();
  }
}

interface Printer {
  value(value: { readonly timeUs: number; readonly step: number | null; readonly json: string }): void;
  end(): void;
}

/** A million values are written piece by piece, not as one text. Nothing is written before the first value. */
function jsonPrinter(out: (text: string) => void, project: string, run: string, metric: string): Printer {
  const head = JSON.stringify({ project, run, metric }, null, 2).slice(0, -2);
  let begun = false;
  let part: string[] = [];
  const write = (end: string): void => {
    out(`${begun ? '' : `${head},\n  "values": [`}${part.join('')}${end}`);
    begun = true;
    part = [];
  };
  let count = 0;
  return {
    value({ timeUs, step, json }) {
      const comma = count++ === 0 ? '' : ',';
      part.push(`${comma}\n    {"timestamp": "${formatTime(timeUs)}", "step": ${step}, "value": ${json}}`);
      if (part.length >= VALUES_PER_WRITE) write('');
    },
    end: () => write('\n  ]\n}\n'),
  };
}

function textPrinter(out: (text: string) => void): Printer {
  let part: string[] = [];
  const write = (): void => {
    out(part.join(''));
    part = [];
  };
  return {
    value({ timeUs, step, json }) {
      part.push(`${formatTime(timeUs).padEnd(32)}  ${String(step ?? '-').padEnd(10)}  ${printable(json)}\n`);
      if (part.length >= VALUES_PER_WRITE) write();
    },
    end: write,
  };
}
