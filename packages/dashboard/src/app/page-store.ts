/**
 * The page's state in the address bar. Every change is written there; a change that a person would go back from
 * makes a history entry, a change that is one of many (typing, a slider) replaces the current one.
 */
import { createContext, useContext, useSyncExternalStore } from 'react';

import type { PageState } from './page-state.ts';
import { formatPageState, parsePageState } from './page-state.ts';

/** Safari refuses more than 100 history writes in 30 s, so a slider's are put off until it rests. */
const REPLACE_AFTER_MS = 250;

export interface PageStore {
  get(): PageState;
  set(change: Partial<PageState>, how?: 'push' | 'replace'): void;
  subscribe(listener: () => void): () => void;
}

export function createPageStore(): PageStore {
  let state = parsePageState(location.search);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const address = (): string =>
    `${location.pathname}${formatPageState(state, location.search)}${location.hash}`;
  window.addEventListener('popstate', () => {
    clearTimeout(timer);
    state = parsePageState(location.search);
    tell();
  });
  return {
    get: () => state,
    set: (change, how = 'push') => {
      clearTimeout(timer);
      const pending = formatPageState(state, location.search);
      if (how === 'push' && pending !== location.search) history.replaceState(null, '', address());
      state = { ...state, ...change };
      if (how === 'push') history.pushState(null, '', address());
      else timer = setTimeout(() => history.replaceState(null, '', address()), REPLACE_AFTER_MS);
      tell();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export const PageContext = createContext<PageStore | null>(null);

export function usePage(): readonly [PageState, PageStore['set']] {
  const store = useContext(PageContext);
  if (!store) throw new Error('usePage outside of PageContext');
  return [useSyncExternalStore(store.subscribe, store.get), store.set];
}
