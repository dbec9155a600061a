/** The HTTP application: checks, the API, the live streams, the dashboard. */
import { LamellaError } from '@lamella/store';
import { Hono } from 'hono';
import type { Snapshots } from '../query/snapshots.ts';
import { errorAnswer } from './answer.ts';
import { apiRoutes } from './api.ts';
import { serveDashboard } from './dashboard.ts';
import { isLoopback, onlyLocalNames, sameSiteOnly, secure } from './headers.ts';
import type { LiveClients } from './live.ts';

export interface AppOptions {
  readonly snapshots: Snapshots;
  readonly live: LiveClients;
  /** The address that the server listens on; on loopback the Host header is checked. */
  readonly host: string;
  /** Folder of the built dashboard, where it is not the package's own. */
  readonly dashboard?: string;
  onTrouble(message: string): void;
}

/** Routes of one server, ready for a listener or for `app.request` in tests. */
export function createApp(options: AppOptions): Hono {
  const app = new Hono();
  app.onError((error, context) => errorAnswer(context, error, options.onTrouble));
  app.use(secure());
  if (isLoopback(options.host)) {
    app.use(onlyLocalNames(options.host));
  }
  app.use('/api/*', sameSiteOnly());
  app.use('/api/*', async (context, next) => {
    await next();
    context.res.headers.set('cache-control', 'no-store');
  });
  app.get('/api/live', (context) => options.live.serve(context));
  app.route('/api', apiRoutes(options.snapshots));
  app.get('/*', (context) => serveDashboard(context, options.dashboard));
  app.notFound((context) => {
    throw new LamellaError('not-found', `${context.req.method} ${context.req.path} is nothing here`);
  });
  return app;
}
