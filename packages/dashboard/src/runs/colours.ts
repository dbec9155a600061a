/**
 * A colour for each run. Found by a search that keeps the colours apart (in OKLab) as they are, and as they look to
 * eyes without red or green cones, the first ones furthest; `test/colours.test.ts` holds them to it in both themes.
 */

/** One colour for light and one for dark backgrounds. */
export interface RunColour {
  readonly light: string;
  readonly dark: string;
}

export const PALETTE: readonly RunColour[] = [
  { light: '#2c63d6', dark: '#7badfe' },
  { light: '#d57a00', dark: '#ed9401' },
  { light: '#279a97', dark: '#5de4b5' },
  { light: '#a62a58', dark: '#d66fa3' },
  { light: '#8f6700', dark: '#edd046' },
  { light: '#7f399a', dark: '#8a77e7' },
  { light: '#2f92cb', dark: '#75d2f7' },
  { light: '#942807', dark: '#e86f64' },
  { light: '#009061', dark: '#8ec777' },
  { light: '#5d6a85', dark: '#a6b5be' },
];

/**
 * Colour number of every run, given in the order in which they started. A run keeps the number it had in
 * `before`; new ones get the least used number, in palette order.
 */
export function assignColours(
  runs: readonly string[],
  before: ReadonlyMap<string, number>,
): Map<string, number> {
  const uses = PALETTE.map(() => 0);
  const colours = new Map<string, number>();
  const take = (run: string, colour: number): void => {
    colours.set(run, colour);
    uses[colour]! += 1;
  };
  for (const run of runs) {
    const kept = before.get(run);
    if (kept !== undefined) take(run, kept);
  }
  for (const run of runs) {
    if (!colours.has(run)) take(run, uses.indexOf(Math.min(...uses)));
  }
  return colours;
}
