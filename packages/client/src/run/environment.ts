/**
 * The only place that reads the environment in a training process. Its publisher inherits it, and reads how to store
 * (`publisher/storage-mode.ts`). A value that is not allowed is told once, with
 * the variable, the value, what is allowed and what is used instead; it never stops a training.
 *
 * | variable | meaning | default |
 * |---|---|---|
 * | `TRACKIO_DIR` | directory of the store | `$HF_HOME/trackio` |
 * | `HF_HOME` | Hugging Face's home | `~/.cache/huggingface` |
 * | `LAMELLA_BUFFER_MB` | what may wait in the trainer when the pipe is full | 64 |
 * | `LAMELLA_FINISH_SECONDS` | how long `flush`, `finish` and process exit wait | 30 |
 * | `LAMELLA_FLUSH_SECONDS` | cap of the flush interval | the store's |
 * | `LAMELLA_SYSTEM_SECONDS` | seconds between system samples; 0: none | 10 |
 * | `LAMELLA_DEBUG` | `1`: the publisher's stderr is the trainer's | off |
 *
 * Launchers' variables: see `launcher.ts`.
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { LamellaError } from './error.ts';

/** Settings of a training process, all checked. */
export interface Settings {
  readonly bufferBytes: number;
  readonly finishMs: number;
  /** Null: not set. */
  readonly flushSecondsMax: number | null;
  /** 0: no system metrics. */
  readonly systemSeconds: number;
  readonly debug: boolean;
}

/**
 * The directory of the store, absolute: `dir` if given, else `TRACKIO_DIR`, else Trackio's own default, so that
 * both tools share a home. Errors: unsupported (a URL of an object store), invalid (relative to a directory that is gone).
 */
export function resolveStoreDir(env: NodeJS.ProcessEnv, dir?: string): string {
  const given = present(dir) ?? present(env['TRACKIO_DIR']);
  if (given === null) {
    const home = present(env['HF_HOME']) ?? join(userHome(env), '.cache', 'huggingface');
    return resolve(expandHome(env, home), 'trackio');
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(given)) {
    throw new LamellaError(
      'unsupported',
      `the store ${JSON.stringify(given)} is a URL, and this version writes to directories only; ` +
        'give a path as `dir` or in TRACKIO_DIR',
    );
  }
  const path = expandHome(env, given);
  try {
    return resolve(path);
  } catch (error) {
    throw new LamellaError(
      'invalid',
      `the store ${JSON.stringify(given)} is relative to a working directory that was deleted; ` +
        'give an absolute path as `dir` or in TRACKIO_DIR',
      { cause: error },
    );
  }
}

/** All settings; `warn` is called for every value that is not allowed. */
export function readSettings(env: NodeJS.ProcessEnv, warn: (text: string) => void): Settings {
  const number = (name: string, fallback: number, min: number, max: number): number =>
    readNumber(env, { name, min, max }, fallback, warn) ?? fallback;
  return {
    bufferBytes: number('LAMELLA_BUFFER_MB', 64, 1, 65_536) * 1024 * 1024,
    finishMs: number('LAMELLA_FINISH_SECONDS', 30, 0, 86_400) * 1000,
    flushSecondsMax: readNumber(env, { name: 'LAMELLA_FLUSH_SECONDS', min: 0.05, max: 3600 }, null, warn),
    systemSeconds: number('LAMELLA_SYSTEM_SECONDS', 10, 0, 86_400),
    debug: env['LAMELLA_DEBUG'] === '1',
  };
}

/** A number of the environment; `fallback` where it is unset or not allowed. */
function readNumber(
  env: NodeJS.ProcessEnv,
  variable: { readonly name: string; readonly min: number; readonly max: number },
  fallback: number | null,
  warn: (text: string) => void,
): number | null {
  const { name, min, max } = variable;
  const text = present(env[name]);
  if (text === null) return fallback;
  const value = Number(text);
  if (value >= min && value <= max) return value;
  const used = fallback === null ? 'the default' : String(fallback);
  warn(`${name}=${JSON.stringify(text)} is not a number from ${min} to ${max}; ${used} is used`);
  return fallback;
}

/** The text, or null for what is unset, empty or blank. */
export function present(text: string | undefined): string | null {
  const trimmed = text?.trim();
  return trimmed === undefined || trimmed === '' ? null : trimmed;
}

function expandHome(env: NodeJS.ProcessEnv, path: string): string {
  return path === '~' || path.startsWith('~/') ? join(userHome(env), path.slice(1)) : path;
}

function userHome(env: NodeJS.ProcessEnv): string {
  return present(env['HOME']) ?? homedir();
}
