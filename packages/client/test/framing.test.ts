import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../src/pipe/decode.ts';
import type { Call } from '../src/pipe/decode.ts';
import { FrameEncoder } from '../src/pipe/encode.ts';
import { FRAME, TAG } from '../src/pipe/frame.ts';

interface Copy {
  readonly kind: number;
  readonly timeMs: number;
  readonly step: number | bigint | null;
  readonly isAutomatic: boolean;
  readonly keys: readonly string[];
  readonly values: readonly number[];
  readonly isNull: readonly number[] | null;
  readonly data: readonly (string | null)[] | null;
}

function copyOf(call: Call): Copy {
  const isNull = call.isNull === null ? null : [...call.isNull];
  return { ...call, keys: [...call.keys], values: [...call.values], isNull, data: call.data };
}

/** Decodes `bytes` cut into pieces of the given sizes. */
function decode(
  bytes: Uint8Array,
  sizes: readonly number[] = [],
): { calls: Copy[]; messages: [number, unknown][]; decoder: FrameDecoder } {
  const calls: Copy[] = [];
  const messages: [number, unknown][] = [];
  const decoder = new FrameDecoder({
    call: (call) => calls.push(copyOf(call)),
    message: (type, body) => messages.push([type, body]),
  });
  let at = 0;
  for (const size of sizes) {
    decoder.push(bytes.slice(at, at + size));
    at += size;
  }
  decoder.push(bytes.slice(at));
  return { calls, messages, decoder };
}

const keys = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: 20 });
const step = fc.oneof(
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const time = fc.integer({ min: 0, max: 4_102_444_800_000 });
const sizes = fc.array(fc.integer({ min: 0, max: 64 }), { maxLength: 100 });

describe('frames of numbers', () => {
  it('come out as they went in, whatever the pieces', () => {
    fc.assert(
      fc.property(
        keys,
        fc.infiniteStream(fc.double()),
        step,
        time,
        sizes,
        (names, stream, at, timeMs, cuts) => {
          const encoder = new FrameEncoder();
          const values = names.map(() => stream.next().value as number);
          encoder.shape(7, names);
          encoder.beginCall(FRAME.numbers, 1, 7, timeMs, at, 1, names.length * 8);
          for (const value of values) encoder.number(value);
          encoder.endCall();
          const { calls, decoder } = decode(encoder.bytes.subarray(0, encoder.length), cuts);
          expect(calls).toStrictEqual([
            { kind: 1, timeMs, step: at, isAutomatic: true, keys: names, values, isNull: null, data: null },
          ]);
          expect(decoder.incompleteBytes).toBe(0);
        },
      ),
    );
  });
});

const text = fc.string({ unit: 'grapheme' });
const value = fc.oneof(
  fc.double().map((number) => ({ tag: 'number' as const, number })),
  fc.constantFrom(null, true, false).map((constant) => ({ tag: 'constant' as const, constant })),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((integer) => ({ tag: 'integer' as const, integer })),
  text.map((string) => ({ tag: 'string' as const, string })),
  fc.json().map((json) => ({ tag: 'json' as const, json })),
);

/** What the store keeps of a value: number (NaN for none), whether there is none, JSON. */
function stored(
  one: typeof value extends fc.Arbitrary<infer T> ? T : never,
): readonly [number, number, string | null] {
  switch (one.tag) {
    case 'number':
      return [one.number, 0, null];
    case 'constant':
      return one.constant === null
        ? [Number.NaN, 1, 'null']
        : [one.constant ? 1 : 0, 0, String(one.constant)];
    case 'integer': {
      const number = Number(one.integer);
      return [number, 0, Number.isSafeInteger(number) ? null : one.integer.toString()];
    }
    case 'string':
      return [Number.NaN, 1, JSON.stringify(one.string)];
    default:
      return [Number.NaN, 1, one.json];
  }
}

describe('frames of other values', () => {
  it('come out as the store keeps them, whatever the pieces', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 20 }), step, time, sizes, (values, at, timeMs, cuts) => {
        const names = values.map((_, i) => `key ${i}`);
        const encoder = new FrameEncoder();
        encoder.shape(0, names);
        encoder.beginCall(FRAME.values, 0, 0, timeMs, at, 0, 0);
        for (const one of values) {
          if (one.tag === 'number') encoder.taggedNumber(one.number);
          else if (one.tag === 'constant') encoder.taggedConstant(one.constant);
          else if (one.tag === 'integer') encoder.taggedInteger(one.integer);
          else if (one.tag === 'string') encoder.taggedText(TAG.string, one.string);
          else encoder.taggedText(TAG.json, one.json);
        }
        encoder.endCall();
        const { calls } = decode(encoder.bytes.subarray(0, encoder.length), cuts);
        const rows = values.map(stored);
        expect(calls[0]?.values).toStrictEqual(rows.map(([number]) => number));
        expect(calls[0]?.isNull).toStrictEqual(rows.map(([, isNull]) => isNull));
        expect(calls[0]?.data).toStrictEqual(rows.map(([, , data]) => data));
        expect(calls[0]?.step).toStrictEqual(at);
      }),
    );
  });
});

describe('a stream of frames', () => {
  it('keeps the order of calls and messages, and skips frames of unknown types', () => {
    const encoder = new FrameEncoder();
    encoder.json(FRAME.hello, { pipe: 1 });
    encoder.shape(0, ['a']);
    encoder.beginCall(FRAME.numbers, 0, 0, 1, 1, 0, 8);
    encoder.number(1);
    encoder.endCall();
    encoder.json(200, { of: 'the future' });
    encoder.json(FRAME.finish, { state: 'finished', reason: null });
    const { calls, messages } = decode(encoder.bytes.subarray(0, encoder.length));
    expect(calls).toHaveLength(1);
    expect(messages).toStrictEqual([
      [FRAME.hello, { pipe: 1 }],
      [200, undefined],
      [FRAME.finish, { state: 'finished', reason: null }],
    ]);
  });

  it('loses only the frame in which it was cut off', () => {
    const encoder = new FrameEncoder();
    encoder.shape(0, ['a']);
    for (let i = 0; i < 3; i++) {
      encoder.beginCall(FRAME.numbers, 0, 0, i, i, 0, 8);
      encoder.number(i);
      encoder.endCall();
    }
    const { calls, decoder } = decode(encoder.bytes.subarray(0, encoder.length - 3));
    expect(calls.map((call) => call.step)).toStrictEqual([0, 1]);
    expect(decoder.incompleteBytes).toBeGreaterThan(0);
  });

  it('refuses a length or a shape that cannot be', () => {
    expect(() => decode(Buffer.from([255, 255, 255, 255, 3]))).toThrow(/frame of 4294967295 bytes/);
    const encoder = new FrameEncoder();
    encoder.beginCall(FRAME.numbers, 0, 5, 0, 0, 0, 8);
    encoder.endCall();
    expect(() => decode(encoder.bytes.subarray(0, encoder.length))).toThrow(/shape 5/);
  });
});
