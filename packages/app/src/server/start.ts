/** Starts a server over one store directory, and stops it without leaving anything behind. */
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { Snapshots } from '../query/snapshots.ts';
import { createApp } from './app.ts';
import { listen } from './listen.ts';
import { createLiveClients } from './live.ts';

export interface ServerOptions {
  /** Root of the store; it must exist. */
  readonly dir: string;
  /** Address to listen on; default 127.0.0.1, which nobody else reaches. */
  readonly host?: string;
  /** Fails when in use. Default: 7860 or the next free port. 0: any free port. */
  readonly port?: number;
  /** DuckDB's memory in megabytes. */
  readonly memoryMb?: number;
  /** Folder of the built dashboard, where it is not the package's own. */
  readonly dashboard?: string;
  /** Told about troubles that no request caused; default: a line on stderr. */
  onTrouble?(message: string): void;
}

export interface RunningServer {
  /** E.g. `http://127.0.0.1:7860`, without a final slash. */
  readonly url: string;
  /** Ends live streams, lets running requests finish for a moment, closes everything. */
  close(): Promise<void>;
}

/** The page keeps its state in its address, which names the runs that are hidden: thousands at worst. */
const HEADER_BYTES_MAX = 1024 * 1024;
/** Running requests get this long to finish at close. */
const CLOSE_MS = 2_000;
const CLOSE_IDLE_MS = 20;

/** Errors: not-found (no directory), unsupported (newer store), unavailable (port). */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const onTrouble = options.onTrouble ?? ((message: string) => process.stderr.write(`Error: ${message}\n`));
  const host = options.host ?? '127.0.0.1';
  const snapshots = await Snapshots.open({
    dir: options.dir,
    thread: true,
    onTrouble,
    ...(options.memoryMb ? { memoryMb: options.memoryMb } : {}),
  });
  const live = createLiveClients(snapshots);
  const app = createApp({
    snapshots,
    live,
    host,
    onTrouble,
    ...(options.dashboard ? { dashboard: options.dashboard } : {}),
  });
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { maxHeaderSize: HEADER_BYTES_MAX },
  }) as Server;
  try {
    const port = await listen(server, host, options.port ?? null);
    return {
      url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
      async close() {
        live.close();
        await closeServer(server);
        await snapshots.close();
      },
    };
  } catch (error) {
    await snapshots.close();
    throw error;
  }
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // A connection that becomes idle now would be kept alive for its client's next request.
  const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS);
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(timer);
}
