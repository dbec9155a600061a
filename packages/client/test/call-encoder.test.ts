import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../src/pipe/decode.ts';
import { CallEncoder } from '../src/run/call-encoder.ts';
import type { Metrics } from '../src/run/call-encoder.ts';

type Decoded = Record<string, readonly [number | null, string | null]>;

/** What arrives of calls, each by key; and what was refused. */
function send(calls: readonly Metrics[]): { got: Decoded[]; refused: string[]; shapes: number } {
  const got: Decoded[] = [];
  const refused: string[] = [];
  let shapes = 0;
  const encoder = new CallEncoder((_topic, text) => refused.push(text));
  const decoder = new FrameDecoder({
    call({ keys, values, isNull, data }) {
      got.push(
        Object.fromEntries(
          keys.map((key, i) => [key, [isNull?.[i] === 1 ? null : (values[i] ?? null), data?.[i] ?? null]]),
        ),
      );
    },
    message: () => undefined,
  });
  for (const metrics of calls) {
    encoder.encode(metrics, 0, 0, 0, 0);
    if (encoder.frames.bytes[4] === 2 && encoder.frames.length > 0) shapes++;
    decoder.push(encoder.frames.bytes.subarray(0, encoder.frames.length));
  }
  return { got, refused, shapes };
}

describe('CallEncoder', () => {
  it('sends any numbers under any names, in any order of calls', () => {
    const call = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', ''), fc.double(), {
      minKeys: 1,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(fc.array(call), (calls) => {
        const expected = calls.map((one) =>
          Object.fromEntries(Object.entries(one).map(([key, value]) => [key, [value, null]])),
        );
        expect(send(calls).got).toStrictEqual(expected);
      }),
    );
  });

  it('defines a list of names once, also when lists take turns', () => {
    const train = { 'train/loss': 1, 'train/accuracy': 2 };
    const evaluation = { 'eval/loss': 3 };
    expect(send([train, train, evaluation, train, evaluation, { ...train, extra: 1 }, train]).shapes).toBe(3);
  });

  it('goes on beyond the number of lists that it remembers', () => {
    const calls = Array.from({ length: 5000 }, (_, i) => ({ [`metric ${i}`]: i, loss: 1 }));
    const { got } = send([...calls, ...calls.slice(0, 2), ...calls.slice(-2)]);
    expect(got).toHaveLength(5004);
    expect(got.at(-1)).toStrictEqual({ 'metric 4999': [4999, null], loss: [1, null] });
  });

  it('leaves out only what cannot be kept, and names it', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const { got, refused } = send([
      {
        good: 1,
        f: () => 1,
        s: Symbol('s'),
        circular,
        big: 2n ** 64n,
        date: new Date(NaN),
        thrower: {
          get x() {
            throw new Error('no');
          },
        },
      },
    ]);
    expect(got).toStrictEqual([{ good: [1, null], date: [null, 'null'] }]);
    expect(refused).toStrictEqual([
      'the value of "f" was not kept: it is a function, which cannot be kept; log a number or a string',
      'the value of "s" was not kept: it is a symbol, which cannot be kept; log a number or a string',
      'the value of "circular" was not kept: its part .self contains itself, which cannot be kept; log a copy without the loop',
      'the value of "big" was not kept: it is an integer beyond 64 bit; -2^63 to 2^63-1 can be kept',
      'the value of "thrower" was not kept: it cannot be read (Error: no)',
    ]);
  });

  it('refuses a call with too many values or bytes, and sends the next one', () => {
    const wide = Object.fromEntries(Array.from({ length: 65_537 }, (_, i) => [`m${i}`, i]));
    const heavy = { text: 'x'.repeat(17 * 1024 * 1024) };
    const { got, refused } = send([wide, heavy, { text: 'short' }]);
    expect(got).toStrictEqual([{ text: [null, '"short"'] }]);
    expect(refused[0]).toMatch(/65537 values was not kept: 65536 are allowed/);
    expect(refused[1]).toMatch(/bytes was not kept: 16777216 are allowed/);
  });

  it('refuses a call whose names alone are too long, and defines no shape that no publisher would read', () => {
    const names = Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`${i}${'ü'.repeat(300)}`, i]));
    const { got, refused } = send([names, { short: 1 }]);
    expect(got).toStrictEqual([{ short: [1, null] }]);
    expect(refused).toStrictEqual([expect.stringMatching(/^a call of 36\d{6} bytes was not kept/)]);
  });

  it('takes maps, objects without prototype, and keys that an object inherits', () => {
    class Base {
      own = 1;
    }
    Object.defineProperty(Base.prototype, 'inherited', { value: 2, enumerable: true });
    const { got } = send([
      new Map([['a', 1]]),
      Object.assign(Object.create(null), { a: 2 }),
      new Base() as unknown as Metrics,
    ]);
    expect(got).toStrictEqual([{ a: [1, null] }, { a: [2, null] }, { own: [1, null] }]);
  });
});
