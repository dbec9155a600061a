/** Sections of metrics, searching, config differences and logged tables. */
import type { MetricRow } from 'lamella/procedures';
import { describe, expect, it } from 'vitest';
import { SYSTEM_SECTION, sectionsOf } from '../src/metrics/sections.ts';
import { describeConfig, differingKeys } from '../src/runs/run-config.ts';
import { matchOf } from '../src/ui/match.ts';
import { sharedPrefix, tableOf } from '../src/values/logged-table.ts';

const metric = (name: string, over: Partial<MetricRow> = {}): MetricRow => ({
  name,
  kind: 'metric',
  type: 'number',
  points: 1,
  runs: 1,
  ...over,
});

describe('sections', () => {
  it('are the first parts of names, with the system last', () => {
    const rows = [
      metric('train/loss'),
      metric('cpu/utilization', { kind: 'system' }),
      metric('loss'),
      metric('eval/table', { type: 'data' }),
      metric('eval/z'),
      metric('train/layer10/norm'),
      metric('train/layer9/norm'),
    ];
    const sections = sectionsOf(rows, () => true);
    expect(sections.map(({ name }) => name)).toEqual(['', 'eval', 'train', SYSTEM_SECTION]);
    expect(sections.map(({ cards }) => cards.map(({ title }) => title))).toEqual([
      ['loss'],
      ['z', 'table'],
      ['layer9/norm', 'layer10/norm', 'loss'],
      ['cpu/utilization'],
    ]);
  });

  it('of mere counters come after those that a person looks at', () => {
    const names = sectionsOf([metric('epoch'), metric('global_step'), metric('train/loss')], () => true);
    expect(names.map(({ name }) => name)).toEqual(['train', '']);
  });

  it('keep a name that begins or ends with a slash in one piece', () => {
    const [section] = sectionsOf([metric('/loss'), metric('loss/')], () => true);
    expect(section?.cards.map(({ title }) => title)).toEqual(['/loss', 'loss/']);
  });

  it('say so where a name is blank', () => {
    expect(sectionsOf([metric('')], () => true)[0]?.cards[0]?.title).toBe('(no name)');
    expect(sectionsOf([metric('a/ ')], () => true)[0]?.cards[0]?.title).toBe('(no name)');
  });

  it("of a user's own called system are not the system's", () => {
    const sections = sectionsOf([metric('system/x'), metric('gpu', { kind: 'system' })], () => true);
    expect(sections.map(({ name }) => name)).toEqual(['system', SYSTEM_SECTION]);
  });
});

describe('searching', () => {
  it.each([
    ['', 'anything', true],
    ['LOSS', 'train/loss', true],
    ['loss train', 'train/loss', true],
    ['loss eval', 'train/loss', false],
    ['/^train.*loss$/', 'train/Loss', true],
    ['/^loss/', 'train/loss', false],
    ['a.b', 'a/b', false],
  ])('%j on %s is %s', (search, name, found) => expect(matchOf(search).test(name)).toBe(found));

  it('hides nothing while an expression is half typed, and says what is wrong', () => {
    const match = matchOf('/(loss/');
    expect(match.test('anything')).toBe(true);
    expect(match.error).toMatch(/group/i);
  });
});

describe('the config of runs', () => {
  const runs = [
    { config: { lr: 0.1, seed: 1, model: 'a', _user: 'x' } },
    { config: { lr: 0.2, seed: 2, model: 'a', _user: 'y', extra: true } },
    { config: { lr: 0.2, seed: 3, model: 'a', _user: 'z' } },
  ];

  it('is told apart by the keys that differ, the most telling first', () => {
    expect(differingKeys(runs)).toEqual(['extra', 'lr', 'seed']);
    expect(differingKeys(runs.slice(0, 1))).toEqual([]);
  });

  it('is described in one line', () => {
    expect(describeConfig({ lr: 0.1, seed: 1 }, ['constructor', 'extra', 'lr', 'seed'])).toBe(
      'lr 0.1 · seed 1',
    );
  });
});

const logged = (rows: readonly Record<string, unknown>[]) => ({ _type: 'trackio.table', _value: rows });

describe('logged tables', () => {
  it('are no tables when they are anything else', () => {
    expect([tableOf('text'), tableOf(null), tableOf({ _type: 'trackio.image', _value: [] })]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it('have all the columns of all their rows', () => {
    expect(tableOf(logged([{ a: 1, constructor: 2 }, { a: 3 }]))?.rows).toEqual([
      [1, 2],
      [3, null],
    ]);
    expect(tableOf(logged([{ a: 1 }, { b: 2 }]))).toMatchObject({
      columns: ['a', 'b'],
      rows: [
        [1, null],
        [null, 2],
      ],
      heat: null,
    });
  });

  it('are shaded when numeric and square, with a column of words or numbers naming the rows', () => {
    const words = tableOf(
      logged([
        { true: 'cat', cat: 9, dog: 1 },
        { true: 'dog', cat: -12, dog: 8 },
      ]),
    );
    expect(words).toMatchObject({ label: 0, heat: 12 });
    const digits = tableOf(
      logged([
        { digit: 0, '0': 7, '1': 1 },
        { digit: 1, '0': 2, '1': 5 },
      ]),
    );
    expect(digits?.columns).toEqual(['0', '1', 'digit']);
    expect(digits).toMatchObject({ label: 2, heat: 7 });
    expect(
      tableOf(
        logged([
          { a: 1, b: 2 },
          { a: 3, b: 4 },
        ]),
      ),
    ).toMatchObject({ label: null, heat: 4 });
  });

  it('are not shaded when they only happen to have numbers', () => {
    expect(
      tableOf(
        logged([
          { id: 1, score: 2, text: 'x' },
          { id: 2, score: 3, text: 'y' },
        ]),
      )?.heat,
    ).toBe(null);
    expect(tableOf(logged([{ a: 1, b: 2 }]))?.heat).toBe(null);
  });

  it('say once what all column names begin with', () => {
    expect(sharedPrefix(['taken for 0', 'taken for 1'])).toBe('taken for ');
    expect(sharedPrefix(['cat', 'car'])).toBe('');
    expect(sharedPrefix(['only one'])).toBe('');
  });
});
