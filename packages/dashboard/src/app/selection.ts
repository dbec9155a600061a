/** Which runs are shown: pure changes of a `RunSelection`, each giving the shortest spelling of what is meant. */
import type { RunSelection } from './page-state.ts';

export const ALL_RUNS: RunSelection = { mode: 'all-but', ids: [] };
export const NO_RUNS: RunSelection = { mode: 'only', ids: [] };

export function isShown(selection: RunSelection, run: string): boolean {
  return selection.ids.includes(run) === (selection.mode === 'only');
}

export function onlyRun(run: string): RunSelection {
  return { mode: 'only', ids: [run] };
}

/** Shows or hides some runs, leaving the others as they are. */
export function setShown(selection: RunSelection, runs: readonly string[], shown: boolean): RunSelection {
  const ids = new Set(selection.ids);
  for (const run of runs) {
    if (shown === (selection.mode === 'only')) ids.add(run);
    else ids.delete(run);
  }
  return { mode: selection.mode, ids: [...ids].sort() };
}
