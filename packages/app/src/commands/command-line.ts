/**
 * The command line: finds the command, runs it, answers the exit code. Each command is imported only when it
 * is asked for, so that help and version start quickly.
 */
import { readFile } from 'node:fs/promises';
import { LamellaError } from '@lamella/store';
import type { CommandContext } from './context.ts';
import { HELP_DOCTOR, HELP_GET, HELP_LIST, HELP_MAIN, HELP_SHOW } from './help.ts';
import { printError } from './output.ts';

interface Command {
  readonly help: string;
  load(): Promise<(args: readonly string[], context: CommandContext) => Promise<void>>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  show: { help: HELP_SHOW, load: async () => (await import('./show.ts')).show },
  list: { help: HELP_LIST, load: async () => (await import('./list.ts')).list },
  get: { help: HELP_GET, load: async () => (await import('./get.ts')).get },
  doctor: { help: HELP_DOCTOR, load: async () => (await import('./doctor.ts')).doctor },
};

/** Runs the command line `args` (without node and script) and answers the exit code. */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<number> {
  const { output } = context;
  const [name, ...rest] = args;
  const json = args.includes('--json');
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      const topic = name === 'help' && rest[0] !== undefined ? findCommand(rest[0]).help : HELP_MAIN;
      output.out(topic);
      return 0;
    }
    if (name === '--version') {
      output.out(`${await version()}\n`);
      return 0;
    }
    const command = findCommand(name);
    if (rest.includes('--help') || rest.includes('-h')) {
      output.out(command.help);
      return 0;
    }
    await (
      await command.load()
    )(rest, context);
    return 0;
  } catch (error) {
    return printError(output, error, json);
  }
}

function findCommand(name: string): Command {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    throw new LamellaError(
      'invalid',
      `unknown command ${JSON.stringify(name)}; there are ${Object.keys(COMMANDS).join(', ')} (lamella --help)`,
    );
  }
  return command;
}

async function version(): Promise<string> {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
