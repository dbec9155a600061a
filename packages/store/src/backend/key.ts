/**
 * What a key may look like. Keys come from names in directories that other people may write, so every backend
 * checks them before they touch anything: a key can never point outside the store, and never at a name that a
 * listing would hide (those beginning with a dot are temporary files).
 */
import { LamellaError } from '../record/error.ts';

/** Bytes of one segment that every filesystem takes. */
const SEGMENT_BYTES_MAX = 255;

/** Throws `invalid` unless `key` is relative, `/`-separated, and every segment is a plain visible name. */
export function checkKey(key: string): void {
  const reason = key === '' ? 'is empty' : segmentsReason(key.split('/'));
  if (reason !== null) throw invalidKey('key', key, reason);
}

/** Throws `invalid` unless `prefix` is '' (the root) or a key followed by `/`. */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return;
  const reason = prefix.endsWith('/')
    ? segmentsReason(prefix.slice(0, -1).split('/'))
    : "does not end in '/'";
  if (reason !== null) throw invalidKey('prefix', prefix, reason);
}

function segmentsReason(segments: readonly string[]): string | null {
  for (const segment of segments) {
    if (segment === '') return 'has an empty segment';
    if (segment.startsWith('.')) return "has a segment that begins with '.'";
    if (segment.includes('\0') || segment.includes('\\')) return 'has a NUL or a backslash';
    if (new TextEncoder().encode(segment).length > SEGMENT_BYTES_MAX) return 'has a segment above 255 bytes';
  }
  return null;
}

function invalidKey(what: 'key' | 'prefix', text: string, reason: string): LamellaError {
  const shown = JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}…` : text);
  return new LamellaError(
    'invalid',
    `${what} ${shown} ${reason}; a ${what} is relative, its segments are separated by '/' and begin with no dot`,
  );
}
