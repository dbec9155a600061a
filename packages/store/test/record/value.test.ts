import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepToJson, valueToJson } from '../../src/record/value.ts';

describe('valueToJson', () => {
  it('[R9] a row without data is its number; what is not finite is named', () => {
    expect(valueToJson(1.5, null)).toBe(1.5);
    expect(valueToJson(null, null)).toBe(null);
    expect(valueToJson(Number.NaN, null)).toBe('NaN');
    expect(valueToJson(Number.POSITIVE_INFINITY, null)).toBe('Infinity');
    expect(valueToJson(Number.NEGATIVE_INFINITY, null)).toBe('-Infinity');
    expect(Object.is(valueToJson(-0, null), -0)).toBe(true);
  });

  it('[R9] data wins: booleans, strings, null, objects', () => {
    expect(valueToJson(1, 'true')).toBe(true);
    expect(valueToJson(0, 'false')).toBe(false);
    expect(valueToJson(null, '"text"')).toBe('text');
    expect(valueToJson(null, 'null')).toBe(null);
    expect(valueToJson(null, '{"_type":"trackio.table","_value":[{"a":1}]}')).toEqual({
      _type: 'trackio.table',
      _value: [{ a: 1 }],
    });
  });

  it('[R9] integers beyond 2^53 are their digits, at any depth', () => {
    expect(valueToJson(2 ** 63, '9223372036854775807')).toBe('9223372036854775807');
    expect(valueToJson(null, '{"a":[-9007199254740993,9007199254740991,1e300]}')).toEqual({
      a: ['-9007199254740993', 9007199254740991, 1e300],
    });
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => {
        const json = valueToJson(Number(n), n.toString());
        expect(json).toBe(Number.isSafeInteger(Number(n)) ? Number(n) : n.toString());
      }),
    );
  });

  it('[R9] an exact step leaves the number a number', () => {
    expect(valueToJson(3, '{"_step":1.5}')).toBe(3);
    expect(valueToJson(Number.NaN, '{"_step":1.5}')).toBe('NaN');
    expect(valueToJson(null, '{"_step":1.5}')).toEqual({ _step: 1.5 });
    expect(valueToJson(3, '{"_step":1.5,"a":1}')).toEqual({ _step: 1.5, a: 1 });
  });

  it('data that is not JSON is the text it is', () => {
    expect(valueToJson(null, '{broken')).toBe('{broken');
  });
});

describe('stepToJson', () => {
  it('[R9] numbers, digits beyond 2^53, and the exact fractional step', () => {
    expect(stepToJson(null, null)).toBe(null);
    expect(stepToJson(7n, null)).toBe(7);
    expect(stepToJson(-(2n ** 63n), null)).toBe('-9223372036854775808');
    expect(stepToJson(1n, '{"_step":1.5}')).toBe(1.5);
    expect(stepToJson(1n, 'true')).toBe(1);
  });
});
