/** Where axes have ticks and what they say, for the axes that the drawing library does not do well by itself. */
import {
  decimalsOf,
  formatClock,
  formatDay,
  formatDuration,
  formatDurationInFull,
  formatLogTick,
  formatTick,
  formatValue,
} from './format.ts';

/** Steps between ticks of a relative-time axis, in seconds: those that a clock has. */
export const DURATION_STEPS: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
  3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
];

/**
 * Ticks of a log axis: powers of ten, thinned to at most `most`; below two decades also 2 and 5 or 3, and when
 * that is too few or too many, evenly spaced round numbers.
 */
export function logTicks(min: number, max: number, most: number): number[] {
  if (!(min > 0) || !(max > min)) return [];
  const from = Math.floor(Math.log10(min) + 1e-9);
  const to = Math.ceil(Math.log10(max) - 1e-9);
  const decades = to - from;
  if (max / min <= 100) {
    const inside = [[1, 2, 5], [1, 3], [1]]
      .map((digits) => multiples(digits, from, to).filter((v) => v >= min && v <= max))
      .find((ticks) => ticks.length <= most);
    return inside && inside.length >= 3 ? inside : linearTicks(min, max, most);
  }
  const every = Math.max(1, Math.ceil(decades / most));
  const ticks: number[] = [];
  for (let power = Math.ceil(from / every) * every; power <= to; power += every) {
    const value = Number(`1e${power}`);
    if (value >= min && value <= max) ticks.push(value);
  }
  return ticks;
}

/** The digits times every power of ten; via text, because 10 ** -5 is 0.000010000000000000001. */
function multiples(digits: readonly number[], from: number, to: number): number[] {
  const ticks: number[] = [];
  for (let power = from; power <= to; power += 1) {
    for (const digit of digits) ticks.push(Number(`${digit}e${power}`));
  }
  return ticks;
}

/** Round numbers, about `most` at most and at least `least` apart, between the bounds. */
export function linearTicks(min: number, max: number, most: number, least = 0): number[] {
  const rough = Math.max((max - min) / Math.max(most, 1), least);
  const power = 10 ** Math.floor(Math.log10(rough)) || Number.MIN_VALUE;
  const digits = least < 1 ? [1, 2, 2.5, 5, 10] : [1, 2, 5, 10];
  const step = (digits.find((m) => m * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  for (let i = Math.ceil(min / step); i * step <= max && ticks.length <= most + 1; i += 1) {
    ticks.push(Number((i * step).toPrecision(15)));
  }
  return ticks;
}

function spacingOf(ticks: readonly number[]): number {
  return ticks.length > 1 ? Math.abs((ticks[1] ?? 0) - (ticks[0] ?? 0)) : 0;
}

export function linearLabels(ticks: readonly number[]): string[] {
  const spacing = spacingOf(ticks);
  const largest = Math.max(...ticks.map(Math.abs));
  return ticks.map((v) => (spacing === 0 ? formatValue(v) : formatTick(v, spacing, largest)));
}

/** Powers of ten speak for themselves; ticks of a narrow log axis need digits that tell them apart. */
export function logLabels(ticks: readonly number[]): string[] {
  const labels = ticks.map((v) => formatLogTick(v));
  return new Set(labels).size === labels.length ? labels : linearLabels(ticks);
}

export function durationLabels(ticks: readonly number[]): string[] {
  const labels = ticks.map((v) => (v === 0 ? '0' : formatDuration(v)));
  if (new Set(labels).size === labels.length) return labels;
  const decimals = decimalsOf(spacingOf(ticks));
  return ticks.map((v) => formatDurationInFull(v, decimals));
}

/** Time of day, with the day below at the first tick and wherever it changes. */
export function timeLabels(ticks: readonly number[]): string[] {
  const spacing = spacingOf(ticks);
  const precision =
    spacing >= 60_000 ? 'minutes' : spacing >= 1000 || spacing === 0 ? 'seconds' : 'milliseconds';
  let day = '';
  return ticks.map((ms) => {
    const today = formatDay(ms).replace(/ \d{4}$/, '');
    const clock = formatClock(ms, precision);
    if (today === day) return spacing >= 86_400_000 ? '' : clock;
    day = today;
    return spacing >= 86_400_000 ? today : `${clock}\n${today}`;
  });
}
