/** Binding a port: the one asked for, or the first free one of a hundred. */
import type { Server } from 'node:http';
import { LamellaError } from '@lamella/store';

/** Trackio's port, where its users look. */
export const PORT_DEFAULT = 7860;
const PORTS_TRIED = 100;

/** Listens and answers the port. Errors: unavailable (in use, no such address, no permission). */
export async function listen(server: Server, host: string, port: number | null): Promise<number> {
  const first = port ?? PORT_DEFAULT;
  const last = port === null ? first + PORTS_TRIED - 1 : first;
  for (let candidate = first; candidate <= last; candidate++) {
    const failure = await tryListen(server, host, candidate);
    if (failure === null) {
      const address = server.address();
      return typeof address === 'object' && address ? address.port : candidate;
    }
    if (failure.code !== 'EADDRINUSE' || port !== null) {
      throw refusal(failure, host, candidate);
    }
  }
  throw new LamellaError(
    'unavailable',
    `ports ${first} to ${last} on ${host} are all in use; give a free one with --port`,
  );
}

function tryListen(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening);
      resolve(error);
    };
    const onListening = (): void => {
      server.off('error', onError);
      resolve(null);
    };
    server.once('error', onError);
    server.once('listening', onListening);
    server.listen(port, host);
  });
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number): LamellaError {
  if (error.code === 'EADDRINUSE') {
    return new LamellaError(
      'unavailable',
      `port ${port} on ${host} is in use; give another one with --port, or none to take the next free one`,
      { cause: error },
    );
  }
  if (error.code === 'EACCES') {
    return new LamellaError(
      'unavailable',
      `port ${port} on ${host} may not be used by this user; give one above 1023 with --port`,
      { cause: error },
    );
  }
  return new LamellaError(
    'unavailable',
    `cannot listen on ${host} port ${port}; give an address of this machine with --host`,
    { cause: error },
  );
}
