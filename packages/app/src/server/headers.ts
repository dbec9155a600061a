/** Response headers of every answer, and the check that a request was meant for this server. */
import { LamellaError } from '@lamella/store';
import type { MiddlewareHandler } from 'hono';

/**
 * Everything comes from this server and nothing is inline. Styles set through the CSSOM (as charts do) are no
 * inline styles, so `style-src 'self'` is enough; images may also be what a canvas was drawn into.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  // A notebook on this machine may show the page in a frame, as it does with Trackio's.
  "frame-ancestors 'self' http://localhost:* http://127.0.0.1:*",
].join('; ');

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** Sets the headers on every answer, errors included. */
export function secure(): MiddlewareHandler {
  return async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      context.res.headers.set(name, value);
    }
  };
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** True for an address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * On loopback a request must name loopback, or else a web page whose name was rebound to 127.0.0.1 could read
 * the store through its visitor's browser. Cross-site calls from other pages are refused as well.
 * Errors: invalid.
 */
export function onlyLocalNames(host: string): MiddlewareHandler {
  const allowed = new Set([...LOOPBACK_NAMES, host]);
  return async (context, next) => {
    const header = context.req.header('host') ?? '';
    const name = header.replace(/:\d+$/, '').toLowerCase();
    if (!allowed.has(name)) {
      throw new LamellaError(
        'invalid',
        `host ${JSON.stringify(header)} is not this server's; open it as localhost or 127.0.0.1, or start it with --host to serve other names`,
      );
    }
    await next();
  };
}

/** A browser says when a call comes from another site; such calls are refused. Errors: invalid. */
export function sameSiteOnly(): MiddlewareHandler {
  return async (context, next) => {
    if (context.req.header('sec-fetch-site') === 'cross-site') {
      throw new LamellaError('invalid', 'a page of another site may not call this server; open its own page');
    }
    await next();
  };
}
