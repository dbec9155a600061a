/**
 * Project ids, run ids and writer ids (SPEC.md, Names). Project and run ids are what a person chose, percent
 * coded so that a name is reversible, has no capitals (file systems that fold case) and no `=` or `/`.
 */
import type { Random } from '../writer/clock.ts';
import { encodeBase32 } from './base32.ts';
import { LamellaError } from './error.ts';
import { ID_BYTES_MAX } from './limit.ts';

const PLAIN = /^[a-z0-9._-]+$/;
const CODED = /^(?:[a-z0-9._-]|%[0-9a-f]{2})+$/;
const WRITER = /^[a-z2-7]{26}$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * `[a-z0-9._-]` stay, every other byte of the UTF-8 becomes `%` and two lower-case hex digits.
 * Errors: invalid (see checkId).
 */
export function encodeId(id: string): string {
  return checkedId('id', id);
}

/** The inverse of encodeId. Errors: invalid, for anything that encodeId does not produce. */
export function decodeId(text: string): string {
  const id = CODED.test(text) ? decodeCoded(text) : null;
  if (id === null || percentCode(id) !== text || text.length > ID_BYTES_MAX) {
    throw new LamellaError('invalid', `not an encoded id: "${text.slice(0, 300)}"`);
  }
  return id;
}

/**
 * Passes what may name a project or run: well-formed Unicode, not empty, at most 200 bytes once percent coded.
 * Errors: invalid, a sentence for the person who chose the id.
 */
export function checkId(what: 'project' | 'run', id: string): void {
  checkedId(`${what} id`, id);
}

/** 26 characters of base32 from 128 random bits: fresh for every init and every forked child that logs. */
export function newWriterId(random: Pick<Random, 'bytes'>): string {
  return encodeBase32(random.bytes(16), 26);
}

/** True for 26 characters of `[a-z2-7]`. */
export function isWriterId(text: string): boolean {
  return WRITER.test(text);
}

function checkedId(what: string, id: string): string {
  if (typeof id !== 'string' || id === '') {
    throw new LamellaError('invalid', `${what} is empty: give a name of 1 to ${ID_BYTES_MAX} bytes`);
  }
  if (!id.isWellFormed()) {
    throw new LamellaError(
      'invalid',
      `${what} "${id.toWellFormed()}" holds half a character: give valid Unicode`,
    );
  }
  const text = percentCode(id);
  if (text.length > ID_BYTES_MAX) {
    throw new LamellaError(
      'invalid',
      `${what} "${id.slice(0, 40)}…" is too long: ${ID_BYTES_MAX} bytes are allowed, where every byte ` +
        'that is not one of a-z 0-9 . _ - counts three; choose a shorter one',
      { details: { bytes: text.length } },
    );
  }
  return text;
}

function percentCode(id: string): string {
  if (PLAIN.test(id)) return id;
  let text = '';
  for (const byte of encoder.encode(id)) {
    const character = String.fromCharCode(byte);
    text += PLAIN.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

function decodeCoded(text: string): string | null {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '%') {
      bytes[length++] = Number.parseInt(text.slice(i + 1, i + 3), 16);
      i += 2;
    } else {
      bytes[length++] = text.charCodeAt(i);
    }
  }
  try {
    return decoder.decode(bytes.subarray(0, length));
  } catch {
    return null; // not UTF-8: the caller says which name it was
  }
}
