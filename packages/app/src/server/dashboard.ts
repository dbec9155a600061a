/**
 * The dashboard's files. They are read at each request (the folder is small and local), so a rebuilt dashboard
 * is served without a restart. Paths without a file are the page itself: its address is its state.
 */
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LamellaError } from '@lamella/store';
import type { Context } from 'hono';

/** `dist/dashboard` of this package, both from source and built. */
const FOLDER = fileURLToPath(new URL('../../dist/dashboard/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** Names with a hash of their content never change. */
const HASHED = /^assets\/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/;

/** Answers a GET of the page or one of its files. Errors: not-found. */
export async function serveDashboard(context: Context, folder: string = FOLDER): Promise<Response> {
  const path = cleanPath(context.req.path);
  const file = path === '' ? null : await readIfThere(join(folder, path));
  if (file) {
    return context.body(file, 200, {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'cache-control': HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
  }
  if (extname(path) !== '') {
    throw new LamellaError('not-found', `no file ${JSON.stringify(`/${path}`)} here`);
  }
  const page = await readIfThere(join(folder, 'index.html'));
  if (!page) {
    throw new LamellaError(
      'not-found',
      'the dashboard is not built; run "npm run build", the API works without it',
    );
  }
  return context.body(page, 200, { 'content-type': TYPES['.html']!, 'cache-control': 'no-cache' });
}

/** Path below the folder, '' for its root. Errors: not-found for one that leaves it. */
function cleanPath(path: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch (error) {
    throw new LamellaError('not-found', `no file ${JSON.stringify(path)} here`, { cause: error });
  }
  const parts = decoded.split('/').filter((part) => part !== '');
  if (parts.some((part) => part.startsWith('.') || /[\\\0:]/.test(part))) {
    throw new LamellaError('not-found', `no file ${JSON.stringify(path)} here`);
  }
  return parts.join('/');
}

async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') {
      return null;
    }
    throw error;
  }
}
