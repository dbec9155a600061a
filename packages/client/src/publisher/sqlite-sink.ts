/**
 * `TRACKIO_STORAGE_MODE=sqlite`: a flush is one transaction in the project's database, in Trackio's own layout. As safe as
 * the disk allows, and the user hears where that is less than shards are.
 */
import { statSync } from 'node:fs';
import { LamellaError } from '@lamella/store';
import { detectFilesystem } from '@lamella/store/node';
import type { Filesystem } from '@lamella/store/node';
import type { DatabaseWriter } from '@lamella/trackio';
import type { Sink, SinkOptions } from './sink.ts';
import { TrackioBatches } from './trackio-batch.ts';
import type { TrackioFlush } from './trackio-batch.ts';
import type { Trackio } from './trackio-package.ts';
import { goOn } from './trackio-past.ts';
import { trackioSink } from './trackio-sink.ts';

/**
 * How long SQLite waits for a lock. Trackio waits 30 s; here the writer tries again by itself, and until then the thread would
 * answer nobody.
 */
const BUSY_TIMEOUT_MS = 5_000;

export function sqliteSink(trackio: Trackio, options: SinkOptions): Sink {
  const batches = new TrackioBatches(trackio, options.hello);
  const database = new Database(trackio, options);
  return trackioSink(options.hello.dir, {
    name: database.path,
    batches,
    write: async (flush) => await database.write(flush),
    past: async () => await goOn(trackio, options, batches),
    close: () => database.close(),
  });
}

/** The project's database, opened at the first flush and after every failure but a lock. */
class Database {
  readonly path: string;
  readonly #trackio: Trackio;
  readonly #options: SinkOptions;
  #writer: DatabaseWriter | null = null;
  /** The file that the writer has open, as far as the system can tell two files apart. */
  #inode = 0n;
  /**
   * Writers of a file that was removed or replaced. They are never closed: SQLite would remove the write-ahead log of the
   * file that has the name now.
   */
  readonly #abandoned: DatabaseWriter[] = [];

  constructor(trackio: Trackio, options: SinkOptions) {
    this.path = trackio.databasePath(options.hello.dir, options.hello.project);
    this.#trackio = trackio;
    this.#options = options;
  }

  /** Ids of calls are the same at every attempt, so that one which failed after its commit stores nothing twice. */
  async write(flush: TrackioFlush): Promise<void> {
    if (flush.config === null && flush.calls.length === 0 && flush.alerts?.length === 0) return;
    try {
      this.#abandonRemoved();
      this.#writer ??= await this.#open();
      this.#writer.write(flush);
    } catch (error) {
      // The file may be another one by now, or another host's: only a lock leaves the connection as it was.
      if (this.#trackio.problemOf(error) !== 'locked') this.close();
      if (error instanceof LamellaError) throw error;
      throw new LamellaError(
        'unavailable',
        `the database ${this.path} cannot be written (${(error as Error).message})`,
        { cause: error },
      );
    }
  }

  close(): void {
    try {
      this.#writer?.close();
    } catch {
      // What was acknowledged is committed; a connection that cannot be closed ends with the process.
    }
    this.#writer = null;
  }

  async #open(): Promise<DatabaseWriter> {
    const { hello, env, tell } = this.#options;
    const filesystem = await detectFilesystem(hello.dir, { env });
    for (const warning of filesystem.warnings) tell(warning);
    if (!filesystem.answers) {
      throw new LamellaError('unavailable', `${hello.dir} does not answer, so its database is not opened`);
    }
    const writer = this.#trackio.openDatabaseWriter({
      path: this.path,
      filesystem: filesystem.class,
      env,
      busyTimeoutMs: BUSY_TIMEOUT_MS,
    });
    this.#inode = inodeOf(this.path);
    this.#tellAbout(writer, filesystem);
    return writer;
  }

  /** What is written into a file without a name is committed, and nobody will ever see it. */
  #abandonRemoved(): void {
    if (this.#writer === null || inodeOf(this.path) === this.#inode) return;
    this.#abandoned.push(this.#writer);
    this.#writer = null;
    this.#options.tell(
      `the database ${this.path} was removed or replaced; what comes now goes into the one of that name`,
    );
  }

  #tellAbout({ wanted, applied }: DatabaseWriter, filesystem: Filesystem): void {
    const { hello, tell } = this.#options;
    const type = filesystem.type ?? 'no type is known';
    const warning = this.#trackio.sqliteWarning(filesystem.class, type, hello.dir, wanted);
    if (warning !== null) tell(warning.replace(/^lamella: /, '')); // the trainer says who speaks
    for (const text of wanted.warnings) tell(text);
    for (const text of applied.differences) tell(`the database ${this.path}: ${text}`);
    const refusal = this.#trackio.trackioRefusal(hello.project);
    if (refusal !== null) tell(`Trackio will not open project ${JSON.stringify(hello.project)}: ${refusal}`);
  }
}

/** 0: there is no such file. */
function inodeOf(path: string): bigint {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? 0n;
}
