/**
 * JSON text of any JavaScript value that can be kept: nested objects and lists, maps, sets, typed arrays, dates,
 * integers to 64 bit, tables. Made at once, in the training process, because the value may change after `log`
 * has returned. Numbers that JSON cannot say become the strings "NaN", "Infinity", "-Infinity" (Trackio's
 * spelling). What cannot be kept is refused as a whole, with a reason that names the place.
 */
import { Table } from './table.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Deeper nesting than this is a mistake, or would overflow somebody's stack. */
const DEPTH_MAX = 200;

/** Why a value cannot be kept. Caught where the key is known. */
export class UnkeepableValue extends Error {
  override readonly name = 'UnkeepableValue';
}

/** True for an integer that the store can hold. */
export function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** The reason why a bigint is refused. */
export const INT64_RULE = 'is an integer beyond 64 bit; -2^63 to 2^63-1 can be kept';

/**
 * JSON text of `value`. Members that are undefined are left out, undefined in a list is null, as JSON does.
 * Errors: UnkeepableValue (function, symbol, circular, integer beyond 64 bit).
 */
export function toJsonText(value: unknown): string {
  return writeValue(value, '', []);
}

function writeValue(value: unknown, place: string, parents: unknown[]): string {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : String(value)) : `"${value}"`;
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'undefined':
      return 'null';
    case 'bigint':
      if (!isInt64(value)) throw new UnkeepableValue(`${where(place)}${INT64_RULE}`);
      return value.toString();
    case 'object':
      return value === null ? 'null' : writeObject(value, place, parents);
    default:
      throw new UnkeepableValue(
        `${where(place)}is a ${typeof value}, which cannot be kept; log a number or a string`,
      );
  }
}

function writeObject(value: object, place: string, parents: unknown[]): string {
  if (parents.includes(value)) {
    throw new UnkeepableValue(
      `${where(place)}contains itself, which cannot be kept; log a copy without the loop`,
    );
  }
  if (parents.length >= DEPTH_MAX)
    throw new UnkeepableValue(`${where(place)}is nested deeper than ${DEPTH_MAX} levels`);
  parents.push(value);
  const text = writeMembers(value, place, parents);
  parents.pop();
  return text;
}

function writeMembers(value: object, place: string, parents: unknown[]): string {
  if (value instanceof Table) return writeTable(value, place, parents);
  if (Array.isArray(value)) return writeList(value, place, parents);
  if (value instanceof Map) return writeEntries(value.entries(), place, parents);
  if (value instanceof Set) return writeList([...value], place, parents);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return writeList(Array.from(value as unknown as ArrayLike<unknown>), place, parents);
  }
  if (/^\[object (?:Number|String|Boolean)\]$/.test(Object.prototype.toString.call(value))) {
    return writeValue(value.valueOf(), place, parents);
  }
  if (value instanceof Error) return JSON.stringify(`${value.name}: ${value.message}`);
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const plain = (value as { toJSON(key: string): unknown }).toJSON('');
    if (plain !== value) return writeValue(plain, place, parents);
  }
  return writeEntries(Object.entries(value), place, parents);
}

function writeList(list: readonly unknown[], place: string, parents: unknown[]): string {
  let text = '[';
  for (let i = 0; i < list.length; i++) {
    text += (i === 0 ? '' : ',') + writeValue(list[i], `${place}[${i}]`, parents);
  }
  return `${text}]`;
}

function writeEntries(
  entries: Iterable<readonly [unknown, unknown]>,
  place: string,
  parents: unknown[],
): string {
  let text = '{';
  for (const [key, member] of entries) {
    if (member === undefined) continue;
    const name = String(key);
    text += `${text === '{' ? '' : ','}${JSON.stringify(name)}:${writeValue(member, `${place}.${name}`, parents)}`;
  }
  return `${text}}`;
}

/** Trackio's form: a row is an object, which loses the columns of a table without rows. */
function writeTable(table: Table, place: string, parents: unknown[]): string {
  const { columns } = table;
  const rows = table.data.map(
    (cells) =>
      `{${columns
        .map(
          (column, i) => `${JSON.stringify(column)}:${writeValue(cells[i], `${place}.${column}`, parents)}`,
        )
        .join(',')}}`,
  );
  return `{"_type":"trackio.table","_value":[${rows.join(',')}]}`;
}

/** What a message is about: `it `, or a part of it. */
function where(place: string): string {
  return place === '' ? 'it ' : `its part ${place.slice(0, 80)} `;
}
