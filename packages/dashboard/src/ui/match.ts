/** Searching by name: words that must all occur, or a regular expression between slashes. */

export interface Match {
  test(name: string): boolean;
  /** Why the expression cannot be used; everything matches then, so that half-typed ones hide nothing. */
  readonly error: string | null;
}

const ALL: Match = { test: () => true, error: null };

/** `/…/` is a regular expression that ignores case; anything else is words, also case-insensitive. */
export function matchOf(search: string): Match {
  const text = search.trim();
  if (text === '') return ALL;
  const pattern = /^\/(.*)\/$/s.exec(text)?.[1];
  if (pattern !== undefined) return patternMatch(pattern);
  const words = text.toLowerCase().split(/\s+/);
  return {
    test: (name) => {
      const lower = name.toLowerCase();
      return words.every((word) => lower.includes(word));
    },
    error: null,
  };
}

function patternMatch(pattern: string): Match {
  try {
    const expression = new RegExp(pattern, 'iu');
    return { test: (name) => expression.test(name), error: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { test: () => true, error: message.replace(/^Invalid regular expression: /, '') };
  }
}
