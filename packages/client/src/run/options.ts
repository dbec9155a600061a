/**
 * What `init` takes, checked. This is the only place where user code gets an exception from Lamella: a typing
 * error in a project's name should stop a program at its start, and nothing should stop it later.
 */
import { hostname } from 'node:os';
import type { Hello } from '../pipe/frame.ts';
import { PIPE_VERSION } from '../pipe/frame.ts';
import { readSettings, resolveStoreDir } from './environment.ts';
import type { Settings } from './environment.ts';
import { LamellaError } from './error.ts';
import { readPlace } from './launcher.ts';
import type { Place } from './launcher.ts';
import { checkName, idFromName, idOfName, kindOf, makeName, slug } from './name.ts';
import { toJsonText, UnkeepableValue } from './value.ts';
import { quoted, warnOnce } from './warning.ts';

/** Options of `init`. Unknown ones are ignored with a warning. */
export interface InitOptions {
  /** The project; created with its first record. 1 to 200 bytes. */
  readonly project: string;
  /** Display name of the run; default: two words and four digits. */
  readonly name?: string | undefined;
  /** Hyper-parameters, by name: whatever can be logged. Names must not begin with `_`; default: none. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Runs with the same group can be shown together; default: none. */
  readonly group?: string | undefined;
  /**
   * Id of the run, 1 to 200 bytes. Processes that give the same id (ranks, or a later process that goes on) write into one run.
   * Default: made from the launch (torchrun, SLURM, MPI) when it has several ranks, else from the name.
   */
  readonly id?: string | undefined;
  /**
   * `never` (default), `allow` or `must`: go on with a run that exists. Without `id` the run is found by its
   * name; such runs must be begun with `allow`, too, so that the id is made of the name alone.
   */
  readonly resume?: 'never' | 'allow' | 'must' | undefined;
  /** Directory of the store; created if missing. Default: `TRACKIO_DIR`, else `~/.cache/huggingface/trackio`. */
  readonly dir?: string | undefined;
  /** Words to find the run by; default: none. */
  readonly tags?: readonly string[] | undefined;
  /** Free text about the run; default: none. */
  readonly notes?: string | undefined;
  /** Seconds between samples of system metrics; 0 or false: none. Default: `LAMELLA_SYSTEM_SECONDS`, else 10. */
  readonly systemSeconds?: number | false | undefined;
}

const KNOWN = [
  'project',
  'name',
  'config',
  'group',
  'id',
  'resume',
  'dir',
  'tags',
  'notes',
  'systemSeconds',
] as const satisfies readonly (keyof InitOptions)[];

/** The client's name and version, as runs tell it. */
export const SDK = 'lamella-ts/0.1.0';

/** How much longer than the trainer a publisher goes on trying. */
const PUBLISHER_PATIENCE = 4;

/** A trainer that does not wait at all still wants its calls published. */
const PUBLISHER_MS_MIN = 5000;

/** What a run says of itself, config included. Half of what the store takes in one call: on its way it is escaped. */
const BYTES_MAX = 8 * 1024 * 1024;

/** Job ids are used whole: two launches whose ids begin alike are two runs. */
const LAUNCH_CHARACTERS = 150;

export interface RunPlan {
  readonly settings: Settings;
  readonly place: Place;
  /** The first frame; config and lost calls are filled in when it is sent. */
  readonly hello: Hello;
  readonly config: Readonly<Record<string, unknown>>;
}

/** How many runs this process has begun per launch id: the second one of each rank is one run again. */
const launches = new Map<string, number>();

/** Checks everything and decides what is left open. Errors: invalid, unsupported. */
export function planRun(given: InitOptions, env: NodeJS.ProcessEnv): RunPlan {
  if (typeof given !== 'object' || given === null) {
    throw new LamellaError(
      'invalid',
      `init: give an object such as {project: "digits"}, not ${kindOf(given)}`,
    );
  }
  for (const option of Object.keys(given)) {
    if (!(KNOWN as readonly string[]).includes(option)) {
      warnOnce(
        `option:${option}`,
        `init: the option ${quoted(option)} is unknown and ignored; known: ${KNOWN.join(', ')}`,
      );
    }
  }
  const tell = (message: string): void => warnOnce(`environment:${message}`, message);
  const project = checkName('project', given.project);
  const settings = readSettings(env, tell);
  const place = readPlace(env, tell);
  const resume = checkResume(given);
  const { id, name } = chooseId(given, resume, project, place);
  const config = given.config ?? {};
  const hello: Hello = {
    pipe: PIPE_VERSION,
    dir: resolveStoreDir(env, text('dir', given.dir) ?? undefined),
    project,
    run: id,
    name,
    group: text('group', given.group),
    tags: checkTags(given.tags),
    notes: text('notes', given.notes),
    resume,
    rank: place.rank,
    worldSize: place.worldSize,
    host: hostname(),
    pid: process.pid,
    job: place.job,
    launcher: place.launcher,
    sdk: SDK,
    config: configTexts(config),
    systemSeconds: systemSeconds(given.systemSeconds, settings, place),
    flushSecondsMax: settings.flushSecondsMax,
    deadlineMs: Math.max(settings.finishMs * PUBLISHER_PATIENCE, PUBLISHER_MS_MIN),
    lost: null,
  };
  const bytes = Buffer.byteLength(JSON.stringify(hello));
  if (bytes > BYTES_MAX) {
    throw new LamellaError(
      'invalid',
      `init: \`config\`, \`notes\`, \`tags\` and names have ${bytes} bytes together; ${BYTES_MAX} are allowed`,
    );
  }
  return { settings, place, config, hello };
}

/** JSON text of every config value. Errors: invalid, naming the key and what is wrong with its value. */
export function configTexts(config: Readonly<Record<string, unknown>>): Record<string, string> {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new LamellaError('invalid', `init: \`config\` must be an object, not ${kindOf(config)}`);
  }
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(config)) texts[key] = configText(key, value);
  return texts;
}

/** JSON text of one config value. Errors: invalid. */
export function configText(key: string, value: unknown): string {
  if (key.startsWith('_')) {
    throw new LamellaError(
      'invalid',
      `config: ${quoted(key)} begins with "_", which is reserved; choose another name`,
    );
  }
  try {
    const json = toJsonText(value);
    const bytes = Buffer.byteLength(json);
    if (bytes > BYTES_MAX) throw new UnkeepableValue(`it has ${bytes} bytes, ${BYTES_MAX} are allowed`);
    return json;
  } catch (error) {
    const reason = error instanceof UnkeepableValue ? error.message : `it cannot be read (${String(error)})`;
    throw new LamellaError('invalid', `config: the value of ${quoted(key)} cannot be kept: ${reason}`, {
      cause: error,
    });
  }
}

function checkResume(given: InitOptions): 'never' | 'allow' | 'must' {
  const resume = given.resume ?? 'never';
  if (resume !== 'never' && resume !== 'allow' && resume !== 'must') {
    throw new LamellaError(
      'invalid',
      `init: \`resume\` is ${quoted(String(resume))}; allowed: "never", "allow", "must"`,
    );
  }
  if (resume === 'must' && given.id === undefined && given.name === undefined) {
    throw new LamellaError(
      'invalid',
      'init: `resume: "must"` needs the `id` or the `name` of the run to go on with',
    );
  }
  return resume;
}

function chooseId(
  given: InitOptions,
  resume: string,
  project: string,
  place: Place,
): { id: string; name: string } {
  const name = text('name', given.name);
  if (given.id !== undefined && given.id !== null) {
    const id = checkName('id', given.id);
    return { id, name: name ?? id };
  }
  if (resume !== 'never' && name !== null) return { id: idOfName(name), name };
  if (place.worldSize > 1 && place.job !== null) {
    const launch = slug(`${place.launcher}-${place.job}`, LAUNCH_CHARACTERS);
    const nth = launches.get(`${project}/${launch}`) ?? 0;
    launches.set(`${project}/${launch}`, nth + 1);
    const id = nth === 0 ? launch : `${launch}-${nth + 1}`;
    return { id, name: name ?? id };
  }
  if (place.worldSize > 1) {
    warnOnce(
      'ranks',
      `init: ${place.launcher} started ${place.worldSize} ranks but gives no job id that they share, so every rank ` +
        'becomes a run of its own; give all ranks the same `id`',
    );
  }
  if (name !== null) return { id: idFromName(name), name };
  const made = makeName();
  return { id: made.unique, name: made.name };
}

function systemSeconds(given: number | false | undefined, settings: Settings, place: Place): number {
  if (place.localRank !== 0) return 0; // one sampler per host
  if (given === undefined) return settings.systemSeconds;
  if (given === false) return 0;
  if (typeof given !== 'number' || !(given >= 0)) {
    throw new LamellaError(
      'invalid',
      'init: `systemSeconds` must be a number of seconds, 0 or false for none',
    );
  }
  return given;
}

function checkTags(tags: readonly string[] | undefined): readonly string[] {
  if (tags === undefined || tags === null) return [];
  if (!Array.isArray(tags))
    throw new LamellaError('invalid', `init: \`tags\` must be a list, not ${kindOf(tags)}`);
  return tags.map(String);
}

/** An optional text; an empty one counts as none. */
function text(option: string, value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return value.toWellFormed();
  throw new LamellaError('invalid', `init: \`${option}\` must be a string, not ${kindOf(value)}`);
}
