import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { StepCounter } from '../src/run/step.ts';
import { Table } from '../src/run/table.ts';
import { toJsonText } from '../src/run/value.ts';

describe('toJsonText', () => {
  it('says the same as JSON.stringify for everything that JSON knows', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // JSON.stringify loses the sign of zero, ours does not: compare what is left after it.
        const again: unknown = JSON.parse(toJsonText(value));
        expect(JSON.stringify(again)).toBe(JSON.stringify(value));
      }),
    );
  });

  it('keeps what JSON does not know', () => {
    expect(toJsonText([NaN, Infinity, -Infinity, -0])).toBe('["NaN","Infinity","-Infinity",-0]');
    expect(toJsonText(2n ** 63n - 1n)).toBe('9223372036854775807');
    expect(toJsonText(new Date(0))).toBe('"1970-01-01T00:00:00.000Z"');
    expect(toJsonText(new Map([['a', new Set([1, 2])]]))).toBe('{"a":[1,2]}');
    expect(toJsonText(Float32Array.of(0.5, NaN))).toBe('[0.5,"NaN"]');
    expect(toJsonText(BigInt64Array.of(-1n))).toBe('[-1]');
    expect(toJsonText({ gone: undefined, kept: [undefined] })).toBe('{"kept":[null]}');
    expect(toJsonText(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
    expect(toJsonText(new Table({ columns: ['a', 'b'], data: [[1, 'x'], [2]] }))).toBe(
      '{"_type":"trackio.table","_value":[{"a":1,"b":"x"},{"a":2,"b":null}]}',
    );
    expect(toJsonText(new Table([{ a: 1 }, { b: NaN }]))).toBe(
      '{"_type":"trackio.table","_value":[{"a":1,"b":null},{"a":null,"b":"NaN"}]}',
    );
  });

  it('refuses what cannot be kept, and names the place', () => {
    const circular: Record<string, unknown> = {};
    circular['list'] = [circular];
    expect(() => toJsonText(circular)).toThrow(/its part \.list\[0\] contains itself/);
    expect(() => toJsonText({ a: { f: () => 1 } })).toThrow(/its part \.a\.f is a function/);
    expect(() => toJsonText([Symbol('s')])).toThrow(/is a symbol/);
    expect(() => toJsonText([2n ** 63n])).toThrow(
      /its part \[0\] is an integer beyond 64 bit; -2\^63 to 2\^63-1/,
    );
    let deep: unknown = 1;
    for (let i = 0; i < 10_000; i++) deep = [deep];
    expect(() => toJsonText(deep)).toThrow(/nested deeper than 200/);
  });

  it('takes the same object twice where it is not inside itself', () => {
    const twice = { x: 1 };
    expect(toJsonText([twice, twice])).toBe('[{"x":1},{"x":1}]');
  });
});

describe('Table', () => {
  it('keeps what fits, and never throws into a training', () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const table = new Table({ columns: ['a'], data: [[1, 2]] });
    table.addRow(3, 4);
    expect(toJsonText(table)).toBe('{"_type":"trackio.table","_value":[{"a":1},{"a":3}]}');
    expect(stderr.mock.calls.map(([text]) => text)).toStrictEqual([
      'lamella: Table: of a row of 2 cells only 1 are kept, one per column\n',
    ]);
    for (const source of [null, 7, { data: [[1]] }, { columns: ['a'], data: 5 }, [1, 2], [null]]) {
      expect(toJsonText(new Table(source as never))).toBe('{"_type":"trackio.table","_value":[]}');
    }
    expect(stderr).toHaveBeenCalledTimes(2);
    stderr.mockRestore();
  });
});

describe('StepCounter', () => {
  it('counts on after the greatest step so far', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: -1000, max: 1000 }))), (steps) => {
        const counter = new StepCounter();
        let next = 0;
        for (const step of steps) {
          if (step === null) expect(counter.take()).toBe(next++);
          else {
            expect(counter.note(step)).toBe(true);
            next = Math.max(next, step + 1);
          }
          expect(counter.next).toBe(next);
        }
      }),
    );
  });

  it('stays exact beyond 2^53 and stops at the greatest step there is', () => {
    const counter = new StepCounter();
    expect(counter.note(2n ** 60n)).toBe(true);
    expect(counter.take()).toBe(2n ** 60n + 1n);
    expect(counter.note(2n ** 63n - 1n)).toBe(true);
    expect(counter.take()).toBe(2n ** 63n - 1n);
    expect(counter.take()).toBe(2n ** 63n - 1n);
  });

  it('counts on after a fraction', () => {
    const counter = new StepCounter();
    expect(counter.note(-1.5)).toBe(true);
    expect(counter.next).toBe(0);
    expect(counter.note(2.5)).toBe(true);
    expect(counter.next).toBe(3);
  });

  it('refuses what is no step', () => {
    const counter = new StepCounter();
    for (const step of [NaN, Infinity, 2 ** 53, 2n ** 63n, '1', {}, true])
      expect(counter.note(step)).toBe(false);
  });
});
