import { describe, expect, it } from 'vitest';
import { DEFAULT_STATE, formatPageState, parsePageState } from '../src/app/page-state.ts';
import { ALL_RUNS, NO_RUNS, isShown, onlyRun, setShown } from '../src/app/selection.ts';

describe('the page state in the address', () => {
  it('is empty for a page as it opens', () => {
    expect(formatPageState(DEFAULT_STATE)).toBe('');
    expect(parsePageState('')).toEqual(DEFAULT_STATE);
  });

  it("understands Trackio's parameters", () => {
    const state = parsePageState(
      '?selected_project=digits&run_ids=b,a&metric_filter=loss&smoothing=60&x-axis=time&xmin=1&xmax=2.5',
    );
    expect(state).toEqual({
      ...DEFAULT_STATE,
      project: 'digits',
      selection: { mode: 'only', ids: ['a', 'b'] },
      metricSearch: 'loss',
      smoothing: 0.6,
      x: 'time',
      range: [1, 2.5],
    });
  });

  it.each([
    ['?smoothing=1000', { smoothing: 0.99 }],
    ['?smoothing=-3', { smoothing: 0 }],
    ['?smoothing=much', { smoothing: 0 }],
    ['?x_axis=epoch', { x: 'step' }],
    ['?xmin=3&xmax=1', { range: null }],
    ['?xmin=3', { range: null }],
    ['?xmin=NaN&xmax=4', { range: null }],
    ['?hide=,,', { selection: ALL_RUNS }],
  ])('takes %s as what can be understood of it', (search, expected) => {
    expect(parsePageState(search)).toMatchObject(expected);
  });

  it('keeps parameters that are not its own', () => {
    expect(formatPageState({ ...DEFAULT_STATE, logY: true }, '?embed=1&log_x=1')).toBe('?embed=1&log_y=1');
  });

  it('tells no runs from all runs', () => {
    const search = formatPageState({ ...DEFAULT_STATE, selection: NO_RUNS });
    expect(search).toBe('?run_ids=');
    expect(parsePageState(search).selection).toEqual(NO_RUNS);
  });
});

describe('the shown runs', () => {
  it('include new ones while only some are hidden, and none of them while only some are shown', () => {
    expect(isShown(setShown(ALL_RUNS, ['a'], false), 'new')).toBe(true);
    expect(isShown(onlyRun('a'), 'new')).toBe(false);
  });

  it('change one by one', () => {
    const hidden = setShown(ALL_RUNS, ['b', 'a'], false);
    expect(hidden).toEqual({ mode: 'all-but', ids: ['a', 'b'] });
    expect(setShown(hidden, ['a'], true)).toEqual({ mode: 'all-but', ids: ['b'] });
    expect(setShown(NO_RUNS, ['c'], true)).toEqual(onlyRun('c'));
    expect(setShown(onlyRun('c'), ['c'], false)).toEqual(NO_RUNS);
  });
});
