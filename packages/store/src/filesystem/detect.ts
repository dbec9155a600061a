/**
 * What filesystem a directory is on: asks the system, in a child process with a time limit, and classifies the
 * answer (classify.ts). The mount table is read here, since reading it never touches a mount.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { answerLines, askProgram, askScript, scriptBeside } from './ask.ts';
import type { Verdict } from './classify.ts';
import { byPath, classify, classifyByTable, throughOverlay } from './classify.ts';
import { classifyByMountOutput, classifyWindowsPath } from './other-system.ts';
import type { FilesystemClass } from './type.ts';
import { FILESYSTEM_CLASSES } from './type.ts';

/** Where a directory is, and why we think so. */
export interface Filesystem {
  /** The absolute path that was asked about. */
  readonly path: string;
  /** The nearest part of it that exists, links resolved; null where nothing of this machine was asked. */
  readonly existing: string | null;
  readonly class: FilesystemClass;
  /** Type as the mount table spells it (`nfs4`), or null where nothing is known. */
  readonly type: string | null;
  /** The name people use (`NFSv4`), or null. */
  readonly name: string | null;
  readonly source: string | null;
  /** The mount point, or null. */
  readonly mount: string | null;
  readonly options: readonly string[];
  /** Why: sentences, in the order in which things were asked. */
  readonly evidence: readonly string[];
  /** What the user should hear about: settings that were not understood. */
  readonly warnings: readonly string[];
  /** False where the filesystem did not answer in time; nothing should touch it then. */
  readonly answers: boolean;
}

export interface DetectOptions {
  /** Environment; LAMELLA_FILESYSTEM_CLASS in it overrides the class. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds for each question, default 5,000. */
  readonly timeoutMs?: number;
  /** Text of another machine's mount table: the path is looked up in it, and nothing of this machine is asked. */
  readonly mountinfo?: string;
  /** Default: the platform this runs on. */
  readonly platform?: NodeJS.Platform;
  /** Where the mount table is read, default `/proc/self/mountinfo`. */
  readonly mountinfoPath?: string;
}

const STAT_CHILD: URL = scriptBeside(import.meta.url, 'stat-child');
const TIMEOUT_MS = 5000;
const OVERLAYS_MAX = 4;

/** The filesystem of `path`, which need not exist yet. Never rejects and never hangs; unknown stays `unknown`. */
export async function detectFilesystem(path: string, options: DetectOptions = {}): Promise<Filesystem> {
  const platform = options.platform ?? process.platform;
  const absolute = resolve(path);
  const found =
    options.mountinfo === undefined
      ? await askSystem(absolute, platform, options)
      : { verdict: classifyByTable(options.mountinfo, absolute), answers: true, existing: null };
  const { verdict, answers, existing } = found;
  const override = readOverride(options.env ?? process.env, verdict.class);
  return {
    path: absolute,
    existing,
    class: override.class ?? verdict.class,
    type: verdict.type,
    name: verdict.name,
    source: verdict.source,
    mount: verdict.mount,
    options: verdict.options,
    evidence: [...verdict.evidence, ...override.evidence],
    warnings: override.warnings,
    answers,
  };
}

interface Found {
  readonly verdict: Verdict;
  readonly existing: string;
  readonly answers: boolean;
}

async function askSystem(path: string, platform: NodeJS.Platform, options: DetectOptions): Promise<Found> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const asked = await askPath(path, timeoutMs);
  if (platform === 'linux')
    return await askLinux(path, asked, { timeoutMs, table: options.mountinfoPath }, 0);
  const verdict =
    platform === 'win32' ? classifyWindowsPath(asked.real) : await askMount(asked.real, timeoutMs);
  const evidence = [...asked.evidence, ...verdict.evidence];
  return { verdict: { ...verdict, evidence }, answers: asked.answers, existing: asked.real };
}

async function askMount(path: string, timeoutMs: number): Promise<Verdict> {
  const printed = await askProgram('/sbin/mount', [], timeoutMs);
  const verdict = classifyByMountOutput(printed.stdout, path);
  if (printed.ended === 'done') return verdict;
  return { ...verdict, evidence: [`/sbin/mount: ${printed.detail}`, ...verdict.evidence] };
}

interface Limits {
  readonly timeoutMs: number;
  readonly table: string | undefined;
}

async function askLinux(path: string, asked: AskedPath, limits: Limits, depth: number): Promise<Found> {
  // Read after the question, which may have mounted what an automount point stands for.
  const table = await readTable(limits.table ?? '/proc/self/mountinfo');
  const facts = { path: asked.real, mountinfo: table.text, device: asked.device, magic: asked.magic };
  let verdict = classify(facts);
  if (verdict.upper !== null) verdict = throughOverlay(verdict, await askUpper(verdict.upper, limits, depth));
  verdict = byPath(byPath(verdict, path), asked.real);
  const evidence = [...asked.evidence, ...table.evidence, ...verdict.evidence];
  return { verdict: { ...verdict, evidence }, answers: asked.answers, existing: asked.real };
}

/** The verdict about an overlay's upper directory, or null where that directory cannot be seen from here. */
async function askUpper(upper: string, limits: Limits, depth: number): Promise<Verdict | null> {
  if (depth >= OVERLAYS_MAX) return null;
  const asked = await askPath(upper, limits.timeoutMs);
  if (!asked.exists) return null;
  return (await askLinux(upper, asked, limits, depth + 1)).verdict;
}

async function readTable(path: string): Promise<{ text: string | null; evidence: readonly string[] }> {
  try {
    return { text: await readFile(path, 'utf8'), evidence: [] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { text: null, evidence: [`the mount table cannot be read: ${reason}`] };
  }
}

interface AskedPath {
  /** The nearest part of the path that exists, links resolved; as far as that is known. */
  readonly real: string;
  readonly exists: boolean;
  readonly device: string | null;
  readonly magic: number | null;
  readonly answers: boolean;
  readonly evidence: readonly string[];
}

async function askPath(path: string, timeoutMs: number): Promise<AskedPath> {
  const answer = await askScript(STAT_CHILD, [path], timeoutMs);
  const said = Object.assign({}, ...answerLines(answer)) as {
    at?: string;
    real?: string;
    exists?: boolean;
    refused?: string | null;
    device?: string;
    magic?: number;
    noMagic?: string;
  };
  const evidence: string[] = [];
  const real = said.real ?? said.at ?? path;
  if (said.refused !== undefined && said.refused !== null) {
    evidence.push(`only ${real} of ${path} can be looked into (${said.refused})`);
  } else if (said.exists === false) evidence.push(`${path} does not exist yet; asked about ${real}`);
  else if (real !== path) evidence.push(`${path} leads to ${real}`);
  if (answer.ended === 'timeout') {
    const where = said.real === undefined ? (said.at ?? path) : said.real;
    evidence.push(`${where} gave no answer within ${timeoutMs} ms; judged by the mount table alone`);
  } else if (answer.ended === 'failed') evidence.push(`${real} could not be asked: ${answer.detail}`);
  if (said.noMagic !== undefined) evidence.push(`statfs failed (${said.noMagic})`);
  return {
    real,
    exists: said.exists ?? false,
    device: said.device ?? null,
    magic: said.magic ?? null,
    answers: answer.ended !== 'timeout',
    evidence,
  };
}

/** LAMELLA_FILESYSTEM_CLASS: the user knows better. A value that is no class is said and ignored. */
function readOverride(
  env: Readonly<Record<string, string | undefined>>,
  detected: FilesystemClass,
): {
  class: FilesystemClass | null;
  evidence: readonly string[];
  warnings: readonly string[];
} {
  const value = env['LAMELLA_FILESYSTEM_CLASS'];
  if (value === undefined || value.trim() === '') return { class: null, evidence: [], warnings: [] };
  const found = FILESYSTEM_CLASSES.find((each) => each === value.trim().toLowerCase());
  if (found !== undefined) {
    return {
      class: found,
      evidence: [`LAMELLA_FILESYSTEM_CLASS=${value} overrides: ${found}`],
      warnings: [],
    };
  }
  const allowed = FILESYSTEM_CLASSES.join(', ');
  const warning =
    `LAMELLA_FILESYSTEM_CLASS=${JSON.stringify(value)} is not one of ${allowed}; ` +
    `the class that was found is used (${detected})`;
  return { class: null, evidence: [], warnings: [warning] };
}
