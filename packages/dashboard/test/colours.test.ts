/** The palette is held to what it promises: legible, and apart for every kind of eye. */
import { describe, expect, it } from 'vitest';
import { PALETTE, assignColours } from '../src/runs/colours.ts';

type Triple = readonly [number, number, number];

function linear(hex: string): Triple {
  const at = (i: number): number => {
    const v = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  };
  return [at(1), at(3), at(5)];
}

function multiply(m: readonly Triple[], [r, g, b]: Triple): Triple {
  const row = ([x, y, z]: Triple): number => Math.min(Math.max(x * r + y * g + z * b, 0), 1);
  const [first, second, third] = m as readonly [Triple, Triple, Triple];
  return [row(first), row(second), row(third)];
}

/** Machado, Oliveira and Fernandes 2009, severity 1. */
const EYES: Readonly<Record<string, readonly Triple[]>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

function oklab([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function nearest(colours: readonly string[], eye: readonly Triple[]): number {
  const seen = colours.map((hex) => oklab(multiply(eye, linear(hex))));
  const distances = seen.flatMap((a, i) =>
    seen.slice(0, i).map((b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])),
  );
  return Math.min(...distances);
}

const luminance = ([r, g, b]: Triple): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

function contrast(one: string, other: string): number {
  const [a, b] = [luminance(linear(one)), luminance(linear(other))].sort((x, y) => y - x) as [number, number];
  return (a + 0.05) / (b + 0.05);
}

describe.each([
  ['light', '#ffffff'],
  ['dark', '#15191c'],
] as const)('the %s palette', (theme, background) => {
  const colours = PALETTE.map((colour) => colour[theme]);

  it('has a contrast of at least 3 to 1', () => {
    expect(Math.min(...colours.map((colour) => contrast(colour, background)))).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.entries(EYES))('is told apart by %s eyes, the first colours best', (_name, eye) => {
    expect(nearest(colours.slice(0, 4), eye)).toBeGreaterThan(0.12);
    expect(nearest(colours.slice(0, 6), eye)).toBeGreaterThan(0.09);
    expect(nearest(colours, eye)).toBeGreaterThan(0.065);
  });
});

describe('colours of runs', () => {
  it('follow the palette in the order in which runs started', () => {
    expect([...assignColours(['c', 'a', 'b'], new Map()).values()]).toEqual([0, 1, 2]);
  });

  it('begin again evenly when there are more runs than colours', () => {
    const runs = Array.from({ length: PALETTE.length * 2 }, (_, i) => `run ${i}`);
    const uses = [...assignColours(runs, new Map()).values()];
    expect(PALETTE.map((_, colour) => uses.filter((used) => used === colour).length)).toEqual(
      PALETTE.map(() => 2),
    );
  });

  it('are given anew when a run has gone', () => {
    const first = assignColours(['a', 'b', 'c'], new Map());
    const second = assignColours(['b', 'c', 'd'], first);
    expect([second.get('b'), second.get('c'), second.get('d')]).toEqual([1, 2, 0]);
  });
});
