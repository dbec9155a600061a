/** What to say when a name is unknown: the names that come close, or a few of those that exist. */

const NAMES_SHOWN = 5;

/** One clause, e.g. `near: "digits", "digit-2"` or `runs here: "a", "b" and 7 more`. */
export function nearNames(what: string, wanted: string, names: readonly string[]): string {
  if (names.length === 0) {
    return `there are no ${what} here yet`;
  }
  const limit = Math.max(2, Math.ceil(wanted.length / 3));
  const near = (wanted === '' ? [] : names)
    .map((name) => ({ name, distance: closeness(wanted.toLowerCase(), name.toLowerCase(), limit) }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, NAMES_SHOWN)
    .map(({ name }) => JSON.stringify(name));
  if (near.length > 0) {
    return `near: ${near.join(', ')}`;
  }
  const more = names.length - NAMES_SHOWN;
  const shown = names.slice(0, NAMES_SHOWN).map((name) => JSON.stringify(name));
  return `${what} here: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** 1 where one name contains the other, else their edit distance; more than `limit` where it would be. */
function closeness(a: string, b: string, limit: number): number {
  if (a !== '' && b !== '' && (a.includes(b) || b.includes(a))) {
    return 1;
  }
  if (Math.abs(a.length - b.length) > limit) {
    return limit + 1;
  }
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
