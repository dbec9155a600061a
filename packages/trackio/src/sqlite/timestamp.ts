/**
 * Trackio's times. Written as text: `2026-11-24T04:39:03.410750+00:00` (0.23 and later), the same without a zone in
 * the writer's local time (0.2 to 0.12), `2026-11-24 04:39:03` in UTC (0.0.12, SQLite's CURRENT_TIMESTAMP); imports
 * wrote seconds since 1970 as text (TensorBoard), free text or nothing (CSV).
 */

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)([T ])(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?(?::?\d\d)?)?$/;
const SECONDS = /^-?\d{1,12}(?:\.\d+)?$/;

/**
 * Microseconds since 1970 UTC, an integer; NaN for what is not a time. A time without a zone is UTC when a space
 * parts it, and this machine's local time when a `T` does: whose it was is not stored, and the machine that reads is
 * in the zone of the one that wrote wherever a directory is read where it was written.
 */
export function parseTimeUs(text: string): number {
  const match = ISO.exec(text);
  if (match === null) return SECONDS.test(text) ? Math.round(Number(text) * 1e6) : Number.NaN;
  const part = (index: number): number => Number(match[index] ?? 0);
  const fraction = Number((match[8] ?? '').padEnd(6, '0').slice(0, 6));
  const zone = match[9];
  const parts = [part(1), part(2) - 1, part(3), part(5), part(6), part(7)] as const;
  const ms =
    zone === undefined && match[4] === 'T' ? new Date(...parts).getTime() : Date.UTC(...parts) - zoneMs(zone);
  return ms * 1000 + fraction;
}

/**
 * The same as `parseTimeUs`, for many times in a row: where only seconds and microseconds differ from the time
 * before (`2026-11-24T04:39:03.410750+00:00`, what Trackio writes) no pattern is matched. A million different times
 * of a table cost 0.1 s instead of 0.6 s.
 */
export class TimeParser {
  /** Up to the minute, with its zone; empty until there is one. */
  #minute = '';
  #minuteUs = 0;

  parse(text: string): number {
    if (text.length === 32 && text.charCodeAt(16) === 58 && text.endsWith('+00:00')) {
      if (!(this.#minute !== '' && text.startsWith(this.#minute))) {
        const minuteUs = parseTimeUs(`${text.slice(0, 16)}:00+00:00`);
        if (Number.isNaN(minuteUs)) return parseTimeUs(text);
        this.#minute = text.slice(0, 16);
        this.#minuteUs = minuteUs;
      }
      const seconds = digits(text, 17, 19);
      const us = digits(text, 20, 26);
      if (seconds >= 0 && us >= 0 && text.charCodeAt(19) === 46) return this.#minuteUs + seconds * 1e6 + us;
    }
    return parseTimeUs(text);
  }
}

/** The number that the digits of a range spell; -1 when one of them is none. */
function digits(text: string, from: number, to: number): number {
  let number = 0;
  for (let index = from; index < to; index += 1) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/** The text that Trackio 0.43 writes for a time: microseconds left out when they are zero, always `+00:00`. */
export function formatTime(timeUs: number): string {
  const seconds = Math.floor(timeUs / 1e6);
  const us = timeUs - seconds * 1e6;
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return us === 0 ? `${text}+00:00` : `${text}.${String(us).padStart(6, '0')}+00:00`;
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z' || zone === '+00:00') return 0;
  const offset = zone.replaceAll(/\D/g, '');
  const [hours, minutes, seconds] = [offset.slice(0, 2), offset.slice(2, 4), offset.slice(4, 6)].map(Number);
  const ms = (((hours ?? 0) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
  return zone.startsWith('-') ? -ms : ms;
}
