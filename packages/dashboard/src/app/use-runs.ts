/** The runs as the list shows them, and their colours, which stay what they were as runs come and go. */
import type { RunRow } from 'lamella/procedures';
import { useCallback, useMemo, useRef } from 'react';

import { PALETTE, assignColours } from '../runs/colours.ts';
import { newestFirst, startOrder } from '../runs/run-order.ts';
import { useTheme } from './theme.ts';

export interface RunColours {
  /** Newest first; null while they are being read. */
  readonly listed: readonly RunRow[] | null;
  /** The same function until the theme or a run's colour changes. */
  colourOf(run: string): string;
}

export function useRunColours(project: string | null, runs: readonly RunRow[] | undefined): RunColours {
  const { theme } = useTheme();
  const kept = useRef<{ project: string | null; colours: Map<string, number> }>({
    project,
    colours: new Map(),
  });
  const listed = useMemo(() => (runs ? newestFirst(runs) : null), [runs]);
  const colours = useMemo(() => {
    if (kept.current.project !== project) kept.current = { project, colours: new Map() };
    if (!runs) return kept.current.colours;
    const before = kept.current.colours;
    const next = assignColours(
      startOrder(runs).map(({ id }) => id),
      before,
    );
    const same = next.size === before.size && [...next].every(([run, colour]) => before.get(run) === colour);
    if (!same) kept.current = { project, colours: next };
    return kept.current.colours;
  }, [project, runs]);
  const colourOf = useCallback(
    (run: string) => (PALETTE[(colours.get(run) ?? 0) % PALETTE.length] ?? PALETTE[0]!)[theme],
    [colours, theme],
  );
  return { listed, colourOf };
}
