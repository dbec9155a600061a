/** `lamella show`: the dashboard's server in the foreground, until a signal. */
import { LamellaError } from '@lamella/store';
import { isLoopback } from '../server/headers.ts';
import { startServer } from '../server/start.ts';
import type { CommandContext } from './context.ts';
import { parseOptions, portOption, storeDir, textOption } from './options.ts';
import { printable } from './output.ts';

/** Errors: as startServer, and invalid options. */
export async function show(args: readonly string[], context: CommandContext): Promise<void> {
  const parsed = parseOptions('show', args, {
    dir: { type: 'string' },
    project: { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    json: { type: 'boolean' },
  });
  if (parsed.positionals.length > 0) {
    throw new LamellaError(
      'invalid',
      `show takes no ${JSON.stringify(parsed.positionals[0])}; a project is given as --project NAME`,
    );
  }
  const { output, signal } = context;
  const dir = storeDir(parsed, context.env);
  const host = textOption(parsed, 'host');
  const port = portOption(parsed);
  const project = textOption(parsed, 'project');
  const server = await startServer({
    dir,
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    onTrouble: (message) => output.err(`Warning: ${printable(message)}\n`),
  });
  const url =
    project === undefined ? `${server.url}/` : `${server.url}/?project=${encodeURIComponent(project)}`;
  if (host !== undefined && !isLoopback(host)) {
    output.err(
      `Warning: ${host} can be reached by others; whoever reaches it reads every project of ${dir}\n`,
    );
  }
  if (parsed.values['json'] === true) {
    output.out(`${JSON.stringify({ url, dir, ...(project === undefined ? {} : { project }) })}\n`);
  } else {
    output.out(`Lamella shows ${dir}\n  ${url}\nCtrl-C stops it.\n`);
  }
  await new Promise<void>((resolve) => {
    if (signal.aborted) {
      resolve();
    }
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.close();
}
