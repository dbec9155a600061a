/**
 * The data source that speaks to a Lamella server: procedures as `POST /api/<name>`, series as binary columns,
 * changes as server-sent events. Addresses are relative to the page, so it works below any path.
 */
import type { ErrorAnswer, Procedures, SeriesAnswer } from 'lamella/procedures';

import { COLUMNS_TYPE, decodeColumns } from './columns.ts';
import { subscribeToEvents } from './live-events.ts';
import type { DataSource } from './source.ts';
import { SourceError } from './source.ts';

/** `base` is the address below which `api/` lies, ending in a slash. */
export function createHttpSource(base: string): DataSource {
  return {
    listProjects: async (signal) => (await callJson(base, 'list_projects', {}, signal)).projects,
    listRuns: async (project, signal) => (await callJson(base, 'list_runs', { project }, signal)).runs,
    listMetrics: async (project, signal) =>
      (await callJson(base, 'list_metrics', { project }, signal)).metrics,
    values: async (request, signal) => (await callJson(base, 'values', request, signal)).values,
    series: async (request, signal): Promise<SeriesAnswer> => {
      const response = await post(base, 'series', request, COLUMNS_TYPE, signal);
      const type = response.headers.get('content-type') ?? 'none';
      if (!type.startsWith(COLUMNS_TYPE)) {
        throw new SourceError('unsupported', `the server answered series as ${type}, not as binary columns`);
      }
      try {
        return decodeColumns(await response.arrayBuffer());
      } catch (error) {
        if (signal?.aborted) throw error;
        throw new SourceError('corrupt', (error as Error).message, { cause: error });
      }
    },
    subscribe: (project, listener) => subscribeToEvents(base, project, listener),
  };
}

async function callJson<Name extends keyof Procedures>(
  base: string,
  name: Name,
  request: Procedures[Name]['request'],
  signal: AbortSignal | undefined,
): Promise<Procedures[Name]['answer']> {
  const response = await post(base, name, request, 'application/json', signal);
  return (await response.json()) as Procedures[Name]['answer'];
}

async function post(
  base: string,
  name: string,
  request: unknown,
  accept: string,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`${base}api/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify(request),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new SourceError('unavailable', 'the server does not answer', { cause: error });
  }
  if (!response.ok) throw await errorOf(response, name);
  return response;
}

async function errorOf(response: Response, name: string): Promise<SourceError> {
  const fallback = `${name} failed with status ${response.status}`;
  const body = await response.text();
  try {
    const answer = JSON.parse(body) as Partial<ErrorAnswer>;
    return new SourceError(answer.kind ?? 'unavailable', answer.error ?? fallback);
  } catch (cause) {
    // Not the server's own error body (a proxy's page, say): the status is all that can be told.
    return new SourceError('unavailable', fallback, { cause });
  }
}
