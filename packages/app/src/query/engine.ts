/**
 * The one DuckDB instance of a process: in memory, shut off from everything but one private directory.
 *
 * DuckDB does not notice damaged Parquet pages, so it opens only files that Lamella has verified and copied
 * into `directory`; its own file cache and extension loading are off, and file access anywhere else is
 * refused by DuckDB itself. Tables beyond the memory limit spill into the same directory.
 */
import { availableParallelism, totalmem } from 'node:os';
import { DuckDBInstance } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBMaterializedResult, DuckDBValue } from '@duckdb/node-api';
import { LamellaError } from '@lamella/store';

export interface EngineOptions {
  /** Private directory (0700) for verified copies and for what DuckDB spills. */
  readonly directory: string;
  /** DuckDB's memory in megabytes; beyond it tables spill to `directory`. */
  readonly memoryMb?: number;
}

/** Concurrent reading statements; more wait in line. Each may use all of DuckDB's threads. */
const READERS_MAX = 4;
/** Of the machine's (or the container's) memory DuckDB takes at most this part by default, within bounds. */
const MEMORY_PART = 0.4;
const MEMORY_MB_MIN = 256;
const MEMORY_MB_MAX = 8192;
const THREADS_MAX = 4;
/** Name of the attached database that holds the projects' tables. */
export const HELD = 'held';

/** A connection borrowed for one read. All statements of one borrow see the same state of the data. */
export interface Session {
  run(sql: string, values?: DuckDBValue[]): Promise<DuckDBMaterializedResult>;
}

export interface Engine {
  /** The only connection that writes; its caller runs one transaction at a time. */
  readonly writing: DuckDBConnection;
  /**
   * Runs `work` inside one read transaction. When `signal` aborts, the running statement is interrupted and
   * the promise rejects with the signal's reason.
   */
  read<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T>;
  close(): void;
}

/** Opens the engine. Errors: internal. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(Math.min(THREADS_MAX, availableParallelism())),
    memory_limit: `${options.memoryMb ?? defaultMemoryMb()}MB`,
    temp_directory: options.directory,
    enable_external_file_cache: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const writing = await instance.connect();
  // Tables of an attached database in memory can be compressed: less than half the memory, at the same speed.
  await writing.run(`ATTACH ':memory:' AS ${HELD} (COMPRESS)`);
  await writing.run(`SET allowed_directories = [${sqlText(`${options.directory}/`)}]`);
  await writing.run('SET enable_external_access = false');
  await writing.run('SET lock_configuration = true');
  const pool = createPool(() => instance.connect());
  return {
    writing,
    read: (work, signal) => pool.borrow((connection) => readOnce(connection, work, signal), signal),
    close() {
      pool.close();
      writing.closeSync();
      instance.closeSync();
    },
  };
}

function defaultMemoryMb(): number {
  const constrained = process.constrainedMemory();
  const total = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.round(Math.min(MEMORY_MB_MAX, Math.max(MEMORY_MB_MIN, (total * MEMORY_PART) / 1e6)));
}

/** A string as a SQL literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function readOnce<T>(
  connection: DuckDBConnection,
  work: (session: Session) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const interrupt = (): void => connection.interrupt();
  await connection.run('BEGIN TRANSACTION');
  signal?.addEventListener('abort', interrupt);
  try {
    return await work({
      run(sql, values) {
        signal?.throwIfAborted();
        return connection.run(sql, values);
      },
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof LamellaError
      ? error
      : new LamellaError('internal', 'a query failed; report it with the cause below', { cause: error });
  } finally {
    signal?.removeEventListener('abort', interrupt);
    await connection.run('ROLLBACK');
  }
}

interface Pool {
  borrow<T>(use: (connection: DuckDBConnection) => Promise<T>, signal?: AbortSignal): Promise<T>;
  close(): void;
}

/** Up to READERS_MAX connections, made when needed; further borrowers wait in order. */
function createPool(connect: () => Promise<DuckDBConnection>): Pool {
  const idle: DuckDBConnection[] = [];
  const waiting: (() => void)[] = [];
  let borrowed = 0;
  let closed = false;
  return {
    async borrow(use, signal) {
      while (borrowed >= READERS_MAX) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      borrowed++;
      try {
        signal?.throwIfAborted();
        if (closed) {
          throw new LamellaError('unavailable', 'the server is closing; ask again when it is back');
        }
        const connection = idle.pop() ?? (await connect());
        try {
          return await use(connection);
        } finally {
          if (closed) {
            connection.closeSync();
          } else {
            idle.push(connection);
          }
        }
      } finally {
        borrowed--;
        waiting.shift()?.();
      }
    },
    close() {
      closed = true;
      for (const connection of idle.splice(0)) {
        connection.closeSync();
      }
    },
  };
}
