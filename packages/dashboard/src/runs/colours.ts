/**
 * A colour for each run. The order of the palette is chosen so that the first ones differ most, also for eyes that
 * do not tell red from green; `test/colours.test.ts` holds it to that in both themes.
 */

/** One colour for light and one for dark backgrounds. */
export interface RunColour {
  readonly light: string;
  readonly dark: string;
}

export const PALETTE: readonly RunColour[] = [
  { light: '#2c63d6', dark: '#6f9dff' },
  { light: '#d96a00', dark: '#ff9d3d' },
  { light: '#0b8a77', dark: '#2fc7ad' },
  { light: '#b8327c', dark: '#f27ab8' },
  { light: '#8a6d00', dark: '#d9bb2e' },
  { light: '#6a45c2', dark: '#ae8cff' },
  { light: '#2a93c7', dark: '#6fd0f5' },
  { light: '#b13a25', dark: '#ff7d66' },
  { light: '#4d8a2c', dark: '#93cf63' },
  { light: '#5b6673', dark: '#a9b4c0' },
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
