/** Options that several commands take, parsed with messages that say what is allowed. */
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { resolveStoreDir } from '@lamella/client/environment';
import { LamellaError } from '@lamella/store';

export type OptionTable = NonNullable<ParseArgsConfig['options']>;

/** Values by option name, and what is no option. */
export interface ParsedOptions {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

/** Errors: invalid, with the usage to look at. */
export function parseOptions(command: string, args: readonly string[], options: OptionTable): ParsedOptions {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return { values: parsed.values as ParsedOptions['values'], positionals: parsed.positionals };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('. ')[0]!.toLowerCase() : String(error);
    throw new LamellaError('invalid', `${reason} (lamella ${command} --help)`, { cause: error });
  }
}

/** The text of an option; undefined when absent. Errors: invalid when it is empty. */
export function textOption(parsed: ParsedOptions, name: string): string | undefined {
  const value = parsed.values[name];
  if (value === '') {
    throw new LamellaError('invalid', `--${name} is empty; give a value or leave it out`);
  }
  return typeof value === 'string' ? value : undefined;
}

/** A port number; undefined when absent. Errors: invalid. */
export function portOption(parsed: ParsedOptions): number | undefined {
  const text = textOption(parsed, 'port');
  if (text === undefined) {
    return undefined;
  }
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new LamellaError(
      'invalid',
      `--port ${JSON.stringify(text)} is not a port; allowed are 0 (any free one) to 65535`,
    );
  }
  return port;
}

/** The store's directory: the option, else what the environment says. */
export function storeDir(parsed: ParsedOptions, env: NodeJS.ProcessEnv): string {
  return resolveStoreDir(env, textOption(parsed, 'dir'));
}
