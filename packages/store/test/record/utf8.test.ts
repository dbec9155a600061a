import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareUtf8, utf8Length, utf8Prefix } from '../../src/record/utf8.ts';

const encoder = new TextEncoder();
const anyText = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed());

/** Short strings over the characters at which UTF-8 and UTF-16 disagree. */
const hardText = fc
  .array(fc.constantFrom('a', 'z', 'é', '\uD7FF', '\uE000', '\uFFFD', '\uFFFF', '\u{10000}', '\u{10FFFF}'), {
    maxLength: 5,
  })
  .map((characters) => characters.join(''));

describe('UTF-8 of strings', () => {
  it('compares as the encoded bytes do', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, hardText), fc.oneof(anyText, hardText), (a, b) => {
        const bytes = Buffer.compare(encoder.encode(a), encoder.encode(b));
        expect(Math.sign(compareUtf8(a, b))).toBe(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('puts U+FFFF before U+10000, which UTF-16 does not', () => {
    expect(['\u{10000}', '\uFFFF'].toSorted()).toEqual(['\u{10000}', '\uFFFF']);
    expect(compareUtf8('\uFFFF', '\u{10000}')).toBeLessThan(0);
  });

  it('counts bytes as the encoder writes them, lone surrogates included', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 0xffff }), { maxLength: 20 }), (units) => {
        const text = String.fromCharCode(...units);
        expect(utf8Length(text)).toBe(encoder.encode(text).length);
      }),
    );
  });

  it('cuts prefixes between characters, as long as the bytes allow', () => {
    fc.assert(
      fc.property(anyText, fc.nat({ max: 60 }), (text, bytes) => {
        const prefix = utf8Prefix(text, bytes);
        expect(text.startsWith(prefix)).toBe(true);
        expect(prefix.isWellFormed()).toBe(true);
        expect(utf8Length(prefix)).toBeLessThanOrEqual(bytes);
        const [next = ''] = text.slice(prefix.length);
        expect(next === '' || utf8Length(prefix + next) > bytes).toBe(true);
      }),
    );
  });
});
