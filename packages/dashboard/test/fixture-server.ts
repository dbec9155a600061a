/**
 * A server that answers the dashboard's procedures from a fixture, and hands out the built page under the same
 * strict policy as the real one. For looking at the page and for tests of it; `node test/fixture-server.ts busy`.
 */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { LiveChange, ProjectRow, SeriesRequest } from 'lamella/procedures';
import { encodeColumns } from './encode-columns.ts';
import type { Fixture, Scenario } from './fixture-data.ts';
import { fixtureOf, reduceSeries } from './fixture-data.ts';

/** The built page; another folder when `LAMELLA_PAGE` names one. */
const PAGE = process.env['LAMELLA_PAGE'] ?? join(import.meta.dirname, '../../app/dist/dashboard');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface FixtureServer {
  readonly url: string;
  /** Bodies of the requests so far, by procedure. */
  readonly asked: readonly { readonly name: string; readonly body: unknown }[];
  /** Replaces what is answered from now on, and tells the pages. */
  change(fixture: Fixture, what: Partial<LiveChange>): void;
  /** Number of event streams that are open. */
  streams(): number;
  /** Breaks every event stream off. */
  dropStreams(): void;
  close(): Promise<void>;
}

/** `folder`: where the built page is. */
export async function startFixtureServer(
  scenario: Scenario | Fixture,
  port = 0,
  folder: string = PAGE,
): Promise<FixtureServer> {
  let fixture = typeof scenario === 'string' ? fixtureOf(scenario) : scenario;
  let cursor = 1;
  const asked: { name: string; body: unknown }[] = [];
  const streams = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(JSON.stringify({ error: String(error), kind: 'unavailable' }));
    });
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/api/live') {
      if (!fixture.projects.includes(searchParams.get('project') ?? '')) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': live\n\n');
      streams.add(response);
      response.on('close', () => streams.delete(response));
    } else if (pathname.startsWith('/api/')) {
      const body = JSON.parse(await textOf(request)) as Record<string, unknown>;
      const name = pathname.slice(5);
      asked.push({ name, body });
      procedure(response, name, body, fixture, cursor);
    } else await page(response, folder, pathname);
  };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    change: (next, what) => {
      fixture = next;
      cursor += 1;
      const change: LiveChange = { runs: [], all: false, ...what, cursor };
      for (const stream of streams)
        stream.write(`event: change\nid: ${cursor}\ndata: ${JSON.stringify(change)}\n\n`);
    },
    streams: () => streams.size,
    dropStreams: () => {
      for (const stream of streams) stream.destroy();
    },
    close: () => closeServer(server),
  };
}

function procedure(
  response: ServerResponse,
  name: string,
  body: Record<string, unknown>,
  fixture: Fixture,
  cursor: number,
): void {
  const text = (key: string): string => (typeof body[key] === 'string' ? body[key] : '');
  const project = text('project');
  const json = (value: unknown): void => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
  if (name === 'list_projects') return json({ projects: projectRows(fixture) });
  if (!fixture.projects.includes(project)) {
    const error = `no project "${project}" here; there is ${fixture.projects.join(', ')}`;
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error, kind: 'not-found' }));
    return;
  }
  const own = project === fixture.projects[0];
  if (name === 'list_runs') return json({ project, runs: own ? fixture.runs : [] });
  if (name === 'list_metrics') return json({ project, metrics: own ? fixture.metrics : [] });
  if (name === 'values') {
    const data = fixture.value(text('metric'), text('run'));
    return json({ values: data === null ? [] : [{ step: 1499, time: Date.now(), data }] });
  }
  const bytes = encodeColumns(reduceSeries(fixture, body as unknown as SeriesRequest, cursor));
  response.writeHead(200, { 'content-type': 'application/x-lamella-columns' }).end(new Uint8Array(bytes));
}

function projectRows({ projects, runs }: Fixture): ProjectRow[] {
  return projects.map((name, i) => ({
    name,
    runs: i === 0 ? runs.length : 0,
    lastActivity: i === 0 ? Date.now() : Date.now() - 86_400_000 * i,
  }));
}

async function page(response: ServerResponse, folder: string, pathname: string): Promise<void> {
  const name = pathname === '/' ? 'index.html' : pathname.slice(1);
  if (name.includes('..')) {
    response.writeHead(404).end();
    return;
  }
  const body = await readFile(join(folder, name)).catch(() => null);
  response.writeHead(body ? 200 : 404, {
    'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
    'content-security-policy':
      "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'",
  });
  response.end(body);
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

if (import.meta.main) {
  const server = await startFixtureServer(
    (process.argv[2] ?? 'few') as Scenario,
    Number(process.argv[3] ?? 0),
  );
  process.stdout.write(`${server.url}\n`);
}
