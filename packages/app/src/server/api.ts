/** `POST /api/<name>`: one route for every procedure of the registry. */
import { LamellaError } from '@lamella/store';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { COLUMNS_TYPE, encodeColumns, toJson } from '../procedures/columns.ts';
import { findProcedure } from '../procedures/registry.ts';
import type { SeriesAnswer } from '../procedures/types.ts';
import type { Snapshots } from '../query/snapshots.ts';

/** 10,000 run ids of 100 bytes; the largest request that makes sense. */
const BODY_BYTES_MAX = 1024 * 1024;

/** Routes of the procedures. */
export function apiRoutes(snapshots: Snapshots): Hono {
  const routes = new Hono();
  const onError = (): never => {
    throw new LamellaError('invalid', `the body is larger than the ${BODY_BYTES_MAX} bytes allowed`);
  };
  routes.post('/:name', bodyLimit({ maxSize: BODY_BYTES_MAX, onError }), async (context) => {
    const procedure = findProcedure(context.req.param('name'));
    const body = await readBody(context);
    const answer = await procedure.call({ snapshots, signal: context.req.raw.signal }, body);
    if (procedure.name === 'series' && context.req.header('accept')?.includes(COLUMNS_TYPE)) {
      return context.body(encodeColumns(answer as SeriesAnswer), 200, { 'content-type': COLUMNS_TYPE });
    }
    return context.body(toJson(answer), 200, { 'content-type': 'application/json; charset=utf-8' });
  });
  routes.all('/*', (context) => {
    throw new LamellaError(
      context.req.method === 'POST' ? 'not-found' : 'invalid',
      `${context.req.method} ${context.req.path} is nothing here; procedures are called as POST /api/<name>`,
    );
  });
  return routes;
}

async function readBody(context: Context): Promise<unknown> {
  const text = await context.req.text();
  try {
    return text === '' ? {} : (JSON.parse(text) as unknown);
  } catch (error) {
    throw new LamellaError('invalid', 'the body is not JSON; send an object with the fields of the request', {
      cause: error,
    });
  }
}
