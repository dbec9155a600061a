/** `lamella doctor`: what disk a directory is on, what that means for SQLite and for Lamella, what to change. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { resolveStoreDir } from '@lamella/client/environment';
import { LamellaError } from '@lamella/store';
import { detectFilesystem } from '@lamella/store/node';
import type { CommandContext } from './context.ts';
import { examine } from './doctor-report.ts';
import type { DoctorOptions } from './doctor-report.ts';
import { shellLines, shellSettings } from './doctor-shell.ts';
import { doctorText } from './doctor-text.ts';
import { parseOptions, textOption } from './options.ts';
import { printable, printJson } from './output.ts';

/** Errors: invalid options; not-found or unavailable for the file of `--mountinfo`. What is found is no error. */
export async function doctor(args: readonly string[], context: CommandContext): Promise<void> {
  const parsed = parseOptions('doctor', args, {
    json: { type: 'boolean' },
    shell: { type: 'boolean' },
    mountinfo: { type: 'string' },
  });
  const [asked, extra] = parsed.positionals;
  if (extra !== undefined) {
    throw new LamellaError('invalid', `doctor takes one directory, not also ${JSON.stringify(extra)}`);
  }
  if (parsed.values['json'] === true && parsed.values['shell'] === true) {
    throw new LamellaError('invalid', '--json and --shell exclude each other; give one of them');
  }
  const { env, output } = context;
  const dir = resolveStoreDir(env, asked);
  const options: DoctorOptions = { env, ...(await readMountinfo(textOption(parsed, 'mountinfo'))) };
  if (parsed.values['shell'] === true) {
    await printShell(dir, options, context);
    return;
  }
  const examined = await examine(dir, options);
  // Said on stderr whatever is printed: a report in JSON is often read by nobody but a program.
  for (const warning of examined.settings) output.err(`Warning: ${printable(warning)}\n`);
  if (parsed.values['json'] === true) printJson(output, examined.report);
  else output.out(doctorText(examined));
}

async function printShell(
  dir: string,
  options: DoctorOptions,
  { env, output }: CommandContext,
): Promise<void> {
  const filesystem = await detectFilesystem(dir, {
    env,
    ...(options.mountinfo === undefined ? {} : { mountinfo: options.mountinfo.text }),
  });
  const settings = shellSettings(filesystem.class, env);
  for (const warning of filesystem.warnings) output.err(`Warning: ${printable(warning)}\n`);
  for (const { name, value, replaces } of settings) {
    if (replaces === null) continue;
    const disk = `on ${printable(dir)} (${filesystem.class})`;
    output.err(`Warning: ${name}=${printable(replaces)} is not safe ${disk}; it becomes ${value}\n`);
  }
  if (env['TRACKIO_DIR'] === undefined || resolve(env['TRACKIO_DIR']) !== dir) {
    output.err(
      `Note: these lines are for ${printable(dir)}; Trackio goes there only with TRACKIO_DIR set to it\n`,
    );
  }
  output.out(shellLines(settings));
}

async function readMountinfo(file: string | undefined): Promise<Pick<DoctorOptions, 'mountinfo'>> {
  if (file === undefined) return {};
  try {
    return { mountinfo: { file, text: await readFile(file, 'utf8') } };
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new LamellaError(
      code === 'ENOENT' ? 'not-found' : 'unavailable',
      `the mount table ${JSON.stringify(file)} cannot be read (${code}); give a copy of /proc/self/mountinfo`,
      { cause },
    );
  }
}
