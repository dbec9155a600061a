/**
 * What `lamella doctor` finds out about a directory: its filesystem, how it behaves, what SQLite answers there
 * and what Lamella does. Whatever touches the directory does so in a child process with a time limit.
 */
import { readSettings } from '@lamella/client/environment';
import { detectFilesystem, probeDirectory, treatmentOf } from '@lamella/store/node';
import type { Filesystem, Probe } from '@lamella/store/node';
import { adviceOf, warningsOf } from './doctor-findings.ts';
import { examineSqlite } from './doctor-sqlite.ts';
import type { PragmaValues } from './doctor-sqlite.ts';

/** The object that `--json` prints: names and shapes are a contract. */
export interface DoctorReport {
  readonly path: string;
  readonly filesystem: Pick<Filesystem, 'class' | 'type' | 'source' | 'mount' | 'options' | 'evidence'>;
  /** Ten, or none where nothing was tried (another machine's mount table, a mount that does not answer). */
  readonly probes: readonly Probe[];
  readonly sqlite: { readonly pragmas: PragmaValues; readonly reason: string };
  readonly lamella: {
    readonly publish: 'rename' | 'write-once';
    /** Seconds from the proof that a file is covered by another to its removal. */
    readonly grace_s: number;
    /** The longest flush interval in seconds. */
    readonly flush_s: number;
  };
  readonly warnings: readonly string[];
  readonly advice: readonly string[];
}

export interface Examined {
  readonly report: DoctorReport;
  /** The name that people use for the filesystem, or null. */
  readonly name: string | null;
  /** The warnings that are about variables, which belong on stderr whatever is printed. */
  readonly settings: readonly string[];
}

export interface DoctorOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Another machine's mount table, and the name of the file it is from. */
  readonly mountinfo?: { readonly file: string; readonly text: string };
}

/** Examines `dir`, which need not exist. Never rejects for what it finds. */
export async function examine(dir: string, { env, mountinfo }: DoctorOptions): Promise<Examined> {
  const filesystem = await detectFilesystem(dir, {
    env,
    ...(mountinfo === undefined ? {} : { mountinfo: mountinfo.text }),
  });
  const touchable = filesystem.existing !== null && filesystem.answers ? filesystem.existing : null;
  const probes = touchable === null ? [] : await probeDirectory(touchable);
  const writable = touchable !== null && probes.some(({ ms }) => ms !== null);
  const sqlite = await examineSqlite({
    directory: touchable === null ? null : filesystem.path,
    writeIn: writable ? touchable : null,
    class: filesystem.class,
    env,
  });
  const ofVariables = [...sqlite.warnings];
  const { flushSecondsMax } = readSettings(env, (text) => ofVariables.push(text));
  const renames = probes.find(({ name }) => name === 'rename');
  const treatment = treatmentOf(filesystem, {
    renames: renames === undefined || renames.ok || renames.ms === null,
    ...(flushSecondsMax === null ? {} : { flushSecondsMax }),
  });
  const found = {
    filesystem,
    probes,
    treatment,
    settings: ofVariables,
    walDatabases: sqlite.walDatabases,
    mountinfoFile: mountinfo?.file ?? null,
    env,
  };
  const { class: of, type, source, mount, options, evidence } = filesystem;
  return {
    report: {
      path: filesystem.path,
      filesystem: { class: of, type, source, mount, options, evidence },
      probes,
      sqlite: { pragmas: sqlite.pragmas, reason: sqlite.reason },
      lamella: { publish: treatment.publish, grace_s: treatment.graceS, flush_s: treatment.flushS },
      warnings: warningsOf(found),
      advice: adviceOf(found),
    },
    name: filesystem.name,
    settings: [...filesystem.warnings, ...ofVariables],
  };
}
