/** Light, dark, or what the system says; kept in this browser, not in the address, because it is a matter of the eye. */
import { useSyncExternalStore } from 'react';

export type ThemeChoice = 'auto' | 'light' | 'dark';
export type Theme = 'light' | 'dark';

const KEY = 'lamella.theme';
const listeners = new Set<() => void>();
const system = window.matchMedia('(prefers-color-scheme: dark)');
let choice: ThemeChoice = stored();

function stored(): ThemeChoice {
  const forced = new URLSearchParams(location.search).get('__theme');
  const text = forced ?? readStorage();
  return text === 'light' || text === 'dark' ? text : 'auto';
}

/** Storage is refused in some private windows and embeds; the choice then lasts as long as the page. */
function readStorage(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function writeStorage(value: ThemeChoice): void {
  try {
    localStorage.setItem(KEY, value);
  } catch {
    // As above: the choice holds for this page only.
    return;
  }
}

export function currentTheme(): Theme {
  if (choice !== 'auto') return choice;
  return system.matches ? 'dark' : 'light';
}

export function applyTheme(): void {
  document.documentElement.dataset['theme'] = currentTheme();
  for (const listener of listeners) listener();
}

export function setThemeChoice(next: ThemeChoice): void {
  choice = next;
  writeStorage(next);
  applyTheme();
}

system.addEventListener('change', applyTheme);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTheme(): { readonly choice: ThemeChoice; readonly theme: Theme } {
  const theme = useSyncExternalStore(subscribe, currentTheme);
  const chosen = useSyncExternalStore(subscribe, () => choice);
  return { choice: chosen, theme };
}
