import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isKind } from '../../src/record/error.ts';
import { checkId, decodeId, encodeId, isWriterId, newWriterId } from '../../src/record/id.ts';
import { systemRandom } from '../../src/writer/node-clock.ts';

const anyId = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 20 })
  .filter((id) => id.isWellFormed() && encodeURIComponent(id).length <= 60);

function decodeOrNull(text: string): string | null {
  try {
    return decodeId(text);
  } catch (error) {
    if (isKind(error, 'invalid')) return null;
    throw error;
  }
}

describe('project and run ids', () => {
  it('[R7] every id comes back from its coded form, which has no capitals, = or /', () => {
    fc.assert(
      fc.property(anyId, (id) => {
        const coded = encodeId(id);
        expect(coded).toMatch(/^[a-z0-9._%-]+$/);
        expect(decodeId(coded)).toBe(id);
      }),
    );
  });

  it('[R7] codes capitals, separators and everything beyond ASCII, byte by byte', () => {
    expect(encodeId('My Run=1/2')).toBe('%4dy%20%52un%3d1%2f2');
    expect(encodeId('ü😀')).toBe('%c3%bc%f0%9f%98%80');
    expect(encodeId('a.b_c-9')).toBe('a.b_c-9');
  });

  it('[R7] only what encodeId makes is an encoded id', () => {
    for (const text of ['', 'A', '%41%4', '%61', '%C3%BC', '%ff', 'a b', '%4D', 'a/b', 'x'.repeat(201)]) {
      expect(() => decodeId(text), text).toThrow(expect.objectContaining({ kind: 'invalid' }));
    }
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (text) => {
        const id = decodeOrNull(text);
        expect(id === null || encodeId(id) === text).toBe(true);
      }),
    );
  });

  it('[R7] refuses ids that are empty, too long once coded, or half a character, and says what is allowed', () => {
    expect(() => checkId('run', '')).toThrow('run id is empty');
    expect(() => checkId('project', 'x'.repeat(200))).not.toThrow();
    expect(() => checkId('project', 'x'.repeat(201))).toThrow('200 bytes are allowed');
    expect(() => checkId('run', 'X'.repeat(67))).toThrow('200 bytes are allowed');
    expect(() => checkId('run', 'a\uD800')).toThrow('half a character');
  });
});

describe('writer ids', () => {
  it('[R6] are 26 characters of base32 from 128 random bits', () => {
    const ids = Array.from({ length: 100 }, () => newWriterId(systemRandom));
    expect(new Set(ids).size).toBe(100);
    expect(ids.every(isWriterId)).toBe(true);
    expect(newWriterId({ bytes: (n) => new Uint8Array(n).fill(255) })).toBe(`${'7'.repeat(25)}4`);
    expect(newWriterId({ bytes: (n) => new Uint8Array(n) })).toBe('a'.repeat(26));
  });

  it('[R6] nothing else is a writer id', () => {
    for (const text of ['', 'a'.repeat(25), 'a'.repeat(27), `${'a'.repeat(25)}A`, `${'a'.repeat(25)}1`]) {
      expect(isWriterId(text), text).toBe(false);
    }
  });
});
