import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isRankGroup,
  parseProjectPrefix,
  parseRunPrefix,
  projectPrefix,
  rankGroup,
  runPrefix,
} from '../../src/shard/layout.ts';
import {
  endMarkerName,
  formatShardName,
  isDyadic,
  parseEndMarkerName,
  parseShardName,
} from '../../src/shard/name.ts';

const anyBase32 = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'.split('')),
  minLength: 26,
  maxLength: 26,
});
const anyRange = fc
  .tuple(fc.nat({ max: 33 }), fc.nat())
  .map(([t, k]) => [2 ** t, k % Math.max(1, Math.floor(10 ** 10 / 2 ** t) - 1)] as const)
  .map(([size, k]) => ({ first: k * size, last: (k + 1) * size - 1 }))
  .filter(({ last }) => last < 10 ** 10);

describe('shard names', () => {
  it('[N1] parse gives back what format was given', () => {
    fc.assert(
      fc.property(anyBase32, anyBase32, anyRange, (writer, hash, range) => {
        const name = { writer, hash, ...range };
        expect(parseShardName(formatShardName(name))).toEqual(name);
      }),
    );
  });

  it('[N1] [N6] have two flush numbers of ten digits and two ids, and nothing else parses', () => {
    const writer = 'a'.repeat(26);
    const hash = 'b'.repeat(26);
    const name = `${writer}.0000000016-0000000031.${hash}.parquet`;
    expect(formatShardName({ writer, first: 16, last: 31, hash })).toBe(name);
    const others = [
      '',
      name.toUpperCase(),
      `./${name}`,
      `_${name}`,
      `${name}.tmp`,
      name.replace('0000000016', '16'),
      name.replace('0000000031', '0000000030'),
      name.replace('0000000016-0000000031', '0000000017-0000000032'),
      name.replace('aaa.', 'aa1.'),
      `${name}\n`,
    ];
    for (const other of others) expect(parseShardName(other), other).toBe(null);
    expect(() => formatShardName({ writer, first: 0, last: 2, hash })).toThrow('not a shard name');
  });

  it('[N2] ranges are dyadic: nested or disjoint, whatever two are taken', () => {
    fc.assert(
      fc.property(anyRange, anyRange, (a, b) => {
        expect(isDyadic(a.first, a.last)).toBe(true);
        const isDisjoint = a.last < b.first || b.last < a.first;
        const isNested = (a.first <= b.first && b.last <= a.last) || (b.first <= a.first && a.last <= b.last);
        expect(isDisjoint !== isNested).toBe(true);
      }),
    );
  });

  it('[N2] agrees with the definition for every small range', () => {
    const dyadic = new Set<string>();
    for (let size = 1; size <= 64; size *= 2) {
      for (let first = 0; first < 64; first += size) dyadic.add(`${first}-${first + size - 1}`);
    }
    for (let first = -1; first < 64; first++) {
      for (let last = -1; last < 64; last++)
        expect(isDyadic(first, last)).toBe(dyadic.has(`${first}-${last}`));
    }
    expect([
      isDyadic(0, 2 ** 33 - 1),
      isDyadic(0, 2 ** 33 - 2),
      isDyadic(2 ** 33, 2 ** 34 - 1),
      isDyadic(0.5, 0.5),
    ]).toEqual([true, false, false, false]);
  });

  it('[N5] [N6] end markers name a writer and its last flush', () => {
    const writer = 'q'.repeat(26);
    expect(endMarkerName(writer, 41)).toBe(`_${writer}.end.0000000041`);
    expect(parseEndMarkerName(endMarkerName(writer, 41))).toEqual({ writer, last: 41 });
    for (const other of ['', `${writer}.end.0000000041`, `_${writer}.end.41`, `_${writer}.end.0000000041x`]) {
      expect(parseEndMarkerName(other), other).toBe(null);
    }
  });
});

describe('layout', () => {
  it('[N3] projects and runs lie in Hive-style directories, reversibly', () => {
    expect(projectPrefix('My project')).toBe('project=%4dy%20project/');
    expect(runPrefix('p', 'Größe=1')).toBe('project=p/run=%47r%c3%b6%c3%9fe%3d1/');
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 20 }),
        fc.string({ minLength: 1, maxLength: 20 }),
        (project, run) => {
          expect(parseProjectPrefix(projectPrefix(project))).toBe(project);
          expect(parseRunPrefix(runPrefix(project, run))).toEqual({ project, run });
        },
      ),
    );
  });

  it('[N3] other directories are not projects or runs', () => {
    for (const other of [
      '',
      'project=',
      'project=/',
      'project=A/',
      'project=a',
      'x=a/',
      'project=a/b/',
      'project=%4D/',
    ]) {
      expect(parseProjectPrefix(other), other).toBe(null);
    }
    for (const other of [
      'project=a/',
      'project=a/run=/',
      'project=a/_project/',
      'project=a/run=B/',
      'project=a/run=b',
    ]) {
      expect(parseRunPrefix(other), other).toBe(null);
    }
  });

  it('[N4] more than 64 ranks share directories of 64', () => {
    expect([
      rankGroup(0, 1),
      rankGroup(63, 64),
      rankGroup(0, 65),
      rankGroup(64, 65),
      rankGroup(16_384, 20_000),
    ]).toEqual(['', '', 'g00/', 'g01/', 'g100/']);
    expect([
      isRankGroup('g00/'),
      isRankGroup('g100/'),
      isRankGroup('g0/'),
      isRankGroup('g00'),
      isRankGroup('gg0/'),
    ]).toEqual([true, true, false, false, false]);
    expect(() => rankGroup(-1, 2)).toThrow('rank -1');
  });
});
