import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEY_BYTES_KEPT, KEY_BYTES_MAX, limitKey } from '../../src/record/limit.ts';
import { utf8Length } from '../../src/record/utf8.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';

describe('limitKey', () => {
  it('[R8] keeps keys of up to 512 bytes', () => {
    for (const key of ['', 'loss', 'x'.repeat(512), 'é'.repeat(256), '😀'.repeat(128)]) {
      expect(limitKey(key, nodeCodec)).toBe(key);
    }
  });

  it('[R8] shortens longer ones to 480 bytes, ~ and 26 characters of SHA-256', () => {
    // base32 of the SHA-256 of 513 times x, computed with Python's hashlib
    expect(limitKey('x'.repeat(513), nodeCodec)).toBe(`${'x'.repeat(480)}~gww6aciomttu22wqiicabhbdut`);
    expect(
      limitKey(`${'x'.repeat(479)}é${'y'.repeat(40)}`, nodeCodec).startsWith(`${'x'.repeat(479)}~`),
    ).toBe(true);
  });

  it('[R8] gives different long keys different names, within the limit', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        fc.string({ maxLength: 20 }),
        (head, end) => {
          const key = head.repeat(100) + 'x'.repeat(513);
          const short = limitKey(key + end, nodeCodec);
          expect(utf8Length(short)).toBeLessThanOrEqual(KEY_BYTES_MAX);
          expect(utf8Length(short)).toBeGreaterThan(KEY_BYTES_KEPT);
          expect(short === limitKey(key, nodeCodec)).toBe(end === '');
        },
      ),
    );
  });
});
