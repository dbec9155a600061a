/** Which run is pointed at, anywhere on the page: charts bring it out, the list marks it. */
import { useSyncExternalStore } from 'react';

let focused: string | null = null;
const listeners = new Set<() => void>();

export function focusedRun(): string | null {
  return focused;
}

export function setFocusedRun(run: string | null): void {
  if (focused === run) return;
  focused = run;
  for (const listener of listeners) listener();
}

export function onFocusChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useFocusedRun(): string | null {
  return useSyncExternalStore(onFocusChange, focusedRun);
}
