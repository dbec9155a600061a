/** Arbitrary rows: small pools of writers, kinds and keys so that rows meet, and every awkward number. */
import * as fc from 'fast-check';
import type { Row } from './row.ts';
import { bitsOf } from './row.ts';

export const WRITER = 'abcdefghijklmnopqrstuvwxyz';
const WRITERS = [WRITER, 'zzzzzzzzzzzzzzzzzzzzzzzzzz', '22222222222222222222222222'];

/** U+FF21 sorts before U+1F600 in UTF-8 and after it in UTF-16; U+FEFF begins like a byte order mark. */
const KEYS = [
  '',
  'loss',
  'train/loss',
  'Ａ',
  '😀',
  'é',
  '\uFEFFbom',
  'a\u0000b',
  'x'.repeat(300),
  'train/\u{10FFFF}',
];

export const anyKey: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...KEYS),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.toWellFormed()),
);

const anyStep = fc.option(
  fc.oneof(
    fc.integer({ min: 0, max: 20 }).map(BigInt),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, -(2n ** 53n), 2n ** 32n, -1n),
  ),
);

const anyValue = fc.option(
  fc.oneof(
    fc.double(),
    fc.constantFrom(
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      -0,
      0,
      5e-324,
      2 ** 53,
      1.5,
    ),
  ),
);

const anyData = fc.option(
  fc.oneof(
    fc.constantFrom('true', 'null', '"text"', '{"_step":1.5}', ''),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
  ),
  { freq: 2 },
);

export const anyRow: fc.Arbitrary<Row> = fc.record({
  writer: fc.constantFrom(...WRITERS),
  seq: fc.oneof(fc.nat({ max: 50 }), fc.maxSafeNat()),
  kind: fc.constantFrom('metric', 'system', 'config', 'run', 'call', 'ünbekannt'),
  key: anyKey,
  step: anyStep.map((step) => (step === null ? null : String(step))),
  time: fc.oneof(
    fc.integer({ min: 0, max: 2_000_000 }).map((ms) => 1_700_000_000_000_000 + ms * 1000),
    fc.maxSafeInteger(),
  ),
  value: anyValue.map((value) => (value === null ? null : bitsOf(value))),
  data: anyData.map((data) => data?.toWellFormed() ?? null),
});

export const anyRows: fc.Arbitrary<Row[]> = fc.array(anyRow, { minLength: 1, maxLength: 60 });
