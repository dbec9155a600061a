/** Numbers, steps, durations and times as people read them. Pure; the same everywhere on the page. */

const MINUS = '−';

function signed(text: string): string {
  return text.startsWith('-') ? `${MINUS}${text.slice(1)}` : text;
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function exponential(value: number, digits: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(digits).split('e');
  return `${trimZeros(mantissa)}e${exponent.replace('+', '')}`;
}

/** A logged value with five significant digits; whole numbers in full up to a billion. */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+∞' : `${MINUS}∞`;
  if (Object.is(value, -0) || value === 0) return '0';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return signed(group(value));
  if (size >= 1e6 || size < 1e-4) return signed(exponential(value, 4));
  if (size >= 1000) return signed(group(Number(value.toFixed(size >= 10_000 ? 1 : 2))));
  return signed(trimZeros(value.toPrecision(5)));
}

/** Whole part in groups of three, as 12,345.6; with so many decimals when given. */
function group(value: number, decimals?: number): string {
  const [whole = '', fraction] = (decimals === undefined ? String(value) : value.toFixed(decimals)).split(
    '.',
  );
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

export function formatCount(value: number): string {
  return signed(group(Math.round(value)));
}

const SUFFIXES = ['', 'k', 'M', 'G', 'T'] as const;

/** Short: 950, 1.2k, 35M. For counts beside a name, where the exact number is a hover away. */
export function formatShort(value: number): string {
  const size = Math.abs(value);
  if (size < 1000) return signed(String(Math.round(value)));
  const power = Math.min(Math.floor(Math.log10(size) / 3 + 1e-9), SUFFIXES.length - 1);
  const scaled = value / 1000 ** power;
  return signed(`${trimZeros(scaled.toFixed(Math.abs(scaled) < 10 ? 1 : 0))}${SUFFIXES[power] ?? ''}`);
}

/** A double has no more to tell apart. */
const DECIMALS_MAX = 15;

/**
 * Label of an axis tick whose neighbours are `spacing` away: as many digits as tell them apart, no more. The
 * largest label of the axis decides between digits and exponents, so that one axis does not mix them.
 */
export function formatTick(value: number, spacing: number, largest: number = Math.abs(value)): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (largest >= 1e15 || largest < 1e-3) return signed(exponential(value, tickDigits(size, spacing)));
  if (size >= 1000) {
    const power = Math.min(Math.floor(Math.log10(size) / 3 + 1e-9), SUFFIXES.length - 1);
    const unit = 1000 ** power;
    const decimals = decimalsOf(spacing / unit);
    // So narrow a range needs so many digits that the suffix only makes them harder to read.
    if (decimals > 3) return signed(group(value, Math.min(decimalsOf(spacing), DECIMALS_MAX)));
    return signed(`${trimZeros((value / unit).toFixed(decimals))}${SUFFIXES[power] ?? ''}`);
  }
  return signed(value.toFixed(Math.min(decimalsOf(spacing), DECIMALS_MAX)));
}

/** Digits after the point that tell apart numbers which are `spacing` away from each other. */
export function decimalsOf(spacing: number): number {
  if (!(spacing > 0)) return 3;
  // The difference of two large ticks carries their rounding; six digits are more than a spacing needs.
  const [mantissa = '', exponent = ''] = Number(spacing.toPrecision(6)).toExponential().split('e');
  const digits = (mantissa.split('.')[1] ?? '').length;
  return Math.max(0, digits - Number(exponent));
}

function tickDigits(size: number, spacing: number): number {
  return Math.min(
    Math.max(0, Math.floor(Math.log10(size)) - Math.floor(Math.log10(spacing) + 1e-9)),
    DECIMALS_MAX,
  );
}

/** Label of a tick of a log axis: 1, 10, 100, 1k, 0.1, 0.01, 1e−4. */
export function formatLogTick(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000 && size < 1e12) return formatTick(value, size / 100);
  if (size >= 1e-3 && size < 1000) return trimZeros(value.toPrecision(3));
  return exponential(value, 2).replace('-', MINUS);
}

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
] as const;

/** Seconds as 850 ms, 12.5 s, 3m 20s, 2h 5m, 4d 3h. */
export function formatDuration(seconds: number): string {
  const size = Math.abs(seconds);
  const sign = seconds < 0 ? MINUS : '';
  if (size === 0) return '0 s';
  if (size < 1) return `${sign}${trimZeros((size * 1000).toFixed(size < 0.01 ? 1 : 0))} ms`;
  if (size < 60) return `${sign}${trimZeros(size.toFixed(size < 10 ? 2 : 1))} s`;
  const [first = '', second = ''] = durationParts(size, 0);
  return `${sign}${second.startsWith('0') ? first : `${first} ${second}`}`;
}

/** All of its parts down to seconds with decimals: 2h 0m 5s, 18m 0.2s, 25.40 s. */
export function formatDurationInFull(seconds: number, decimals: number): string {
  const size = Math.abs(seconds);
  const text = size < 60 ? `${size.toFixed(decimals)} s` : durationParts(size, decimals).join(' ');
  return seconds < 0 ? `${MINUS}${text}` : text;
}

function durationParts(seconds: number, decimals: number): string[] {
  let rest = Number(seconds.toFixed(decimals));
  const parts: string[] = [];
  for (const [unit, name] of UNITS) {
    const whole = Math.floor(rest / unit);
    if (whole > 0 || parts.length > 0) parts.push(`${whole}${name}`);
    rest -= whole * unit;
  }
  return [...parts, `${rest.toFixed(decimals)}s`];
}

/** How long ago, in one short word or two: now, 12 s, 5 min, 3 h, 2 d. */
export function formatAgo(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 3) return 'now';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

const two = (value: number): string => String(value).padStart(2, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** Day of a local time, as 24 Nov 2026. */
export function formatDay(ms: number): string {
  const at = new Date(ms);
  return `${at.getDate()} ${MONTHS[at.getMonth()] ?? ''} ${at.getFullYear()}`;
}

/** Local time of day, as 14:05:09, with milliseconds when asked. */
export function formatClock(
  ms: number,
  precision: 'minutes' | 'seconds' | 'milliseconds' = 'seconds',
): string {
  const at = new Date(ms);
  const minutes = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (precision === 'minutes') return minutes;
  const seconds = `${minutes}:${two(at.getSeconds())}`;
  return precision === 'seconds' ? seconds : `${seconds}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}
