import { describe, expect, it } from 'vitest';
import { nearNames } from '../src/query/near-names.ts';

describe('near names', () => {
  it('come nearest first', () => {
    expect(nearNames('projects', 'digts', ['digits', 'cifar', 'digit-two'])).toBe('near: "digits"');
    expect(nearNames('runs', 'otter', ['quiet-otter-1', 'fox'])).toBe('near: "quiet-otter-1"');
  });

  it('fall back to some that exist', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => name.repeat(9));
    expect(nearNames('runs', 'zzzzzz', names)).toMatch(/^runs here: "aaaaaaaaa", .* and 2 more$/);
    expect(nearNames('runs', 'x', [])).toBe('there are no runs here yet');
  });
});
