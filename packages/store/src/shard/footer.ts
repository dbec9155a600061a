/**
 * The JSON under the key `lamella` in a shard's Parquet footer (SPEC.md, S4): what the file says about
 * itself. Unknown fields are ignored; a `format` above 1 is another program's business.
 */
import { FLUSH_MAX } from '../record/limit.ts';
import { LamellaError } from '../record/error.ts';
import { isWriterId } from '../record/id.ts';
import { isDyadic } from './name.ts';

/** The newest format that this version reads, and the only one it writes. */
export const FORMAT = 1;

/** Key of the footer's key-value metadata. */
export const FOOTER_KEY = 'lamella';

/** `[offset, length, first 32 hex digits of the SHA-256 of those bytes]`. */
export type RowGroupEntry = readonly [offset: number, length: number, hash: string];

export interface ShardFooter {
  readonly format: 1;
  /** Writer id, as in the name. */
  readonly writer: string;
  /** First flush number, as in the name. */
  readonly first: number;
  /** Last flush number, as in the name. */
  readonly last: number;
  /** Number of rows, at least 1. */
  readonly rows: number;
  /** sumRows of all rows: 16 hex digits. */
  readonly sum: string;
  /** Row groups in file order, from byte 4 without a gap. */
  readonly rowGroups: readonly RowGroupEntry[];
  /** True in the last flush of a writer (and in what it was merged into). */
  readonly end: boolean;
  /** 0, or the number of earlier files of the same flush whose names may be torn for ever. */
  readonly attempt: number;
  /** Names of the files that this one was merged from. */
  readonly inputs: readonly string[];
  /** True where rows of kind `call` are in the file. */
  readonly calls: boolean;
}

/** The JSON text; fields that say nothing are left out, so that equal shards have equal bytes. */
export function formatFooter(footer: ShardFooter): string {
  return JSON.stringify({
    format: footer.format,
    writer: footer.writer,
    first: footer.first,
    last: footer.last,
    rows: footer.rows,
    sum: footer.sum,
    row_groups: footer.rowGroups,
    ...(footer.attempt > 0 ? { attempt: footer.attempt } : {}),
    ...(footer.end ? { end: true } : {}),
    ...(footer.inputs.length > 0 ? { inputs: footer.inputs } : {}),
    ...(footer.calls ? { calls: true } : {}),
  });
}

/**
 * Parses without trusting: every field has its type and bounds, `row_groups` begins at byte 4 and has no gap.
 * Errors: corrupt. A newer format is returned as its number, to be judged once the tail's hash is known.
 */
export function parseFooter(
  text: string,
): ShardFooter | { readonly format: number; readonly rowGroups: readonly RowGroupEntry[] } {
  const json = parseObject(text);
  const format = safeInteger(json, 'format', 1);
  const rowGroups = parseRowGroups(json['row_groups']);
  if (format > FORMAT) return { format, rowGroups };
  const writer = json['writer'];
  const sum = json['sum'];
  const first = safeInteger(json, 'first', 0, FLUSH_MAX);
  const last = safeInteger(json, 'last', 0, FLUSH_MAX);
  if (typeof writer !== 'string' || !isWriterId(writer)) refuse('writer');
  if (typeof sum !== 'string' || !/^[0-9a-f]{16}$/.test(sum)) refuse('sum');
  if (!isDyadic(first, last)) refuse('last');
  const rows = safeInteger(json, 'rows', 1);
  if (rowGroups.length > rows) refuse('row_groups');
  return {
    format: FORMAT,
    writer,
    first,
    last,
    rows,
    sum,
    rowGroups,
    end: flag(json, 'end'),
    attempt: json['attempt'] === undefined ? 0 : safeInteger(json, 'attempt', 0),
    inputs: parseInputs(json['inputs']),
    calls: flag(json, 'calls'),
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseObject(text: string): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new LamellaError('corrupt', `the footer's ${FOOTER_KEY} entry is not JSON`, { cause });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) refuse('object');
  return json as JsonObject;
}

function parseRowGroups(json: unknown): readonly RowGroupEntry[] {
  if (!Array.isArray(json) || json.length === 0) refuse('row_groups');
  let end = 4;
  for (const entry of json as readonly unknown[]) {
    if (!Array.isArray(entry) || entry.length < 3) refuse('row_groups');
    const [offset, length, hash] = entry as readonly unknown[];
    if (offset !== end) refuse('row_groups'); // byte 4, then without a gap
    if (typeof length !== 'number' || !Number.isSafeInteger(length) || length <= 0) refuse('row_groups');
    if (typeof hash !== 'string' || !/^[0-9a-f]{32}$/.test(hash)) refuse('row_groups');
    end += length;
  }
  return json as readonly RowGroupEntry[];
}

function parseInputs(json: unknown): readonly string[] {
  if (json === undefined) return [];
  if (!Array.isArray(json) || !json.every((name) => typeof name === 'string')) refuse('inputs');
  return json;
}

function safeInteger(json: JsonObject, field: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = json[field];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most)
    refuse(field);
  return value;
}

function flag(json: JsonObject, field: string): boolean {
  const value = json[field] ?? false;
  if (typeof value !== 'boolean') refuse(field);
  return value;
}

function refuse(field: string): never {
  throw new LamellaError(
    'corrupt',
    `the footer's field ${field} is missing or not what format ${FORMAT} says`,
  );
}
