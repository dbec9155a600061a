/** What a command may write to, and how a table, a JSON object and an error look. */
import { ERROR_KINDS } from '@lamella/store';
import type { ErrorKind } from '@lamella/store';

/** Where a command's text goes; stdout carries results only. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
}

/** One JSON object, as Trackio prints it. Numbers that JSON cannot say are strings. */
export function printJson(output: Output, value: unknown): void {
  const text = JSON.stringify(
    value,
    (_key, part: unknown) => (typeof part === 'number' && !Number.isFinite(part) ? String(part) : part),
    2,
  );
  output.out(`${text}\n`);
}

/** Rows in columns, the first row being the header; the last column is not padded. */
export function printTable(output: Output, rows: readonly (readonly string[])[]): void {
  const clean = rows.map((row) => row.map(printable));
  const widths = clean[0]!.map((_, column) => Math.max(...clean.map((row) => row[column]!.length)));
  for (const row of clean) {
    const cells = row.map((cell, column) =>
      column === row.length - 1 ? cell : cell.padEnd(widths[column]!),
    );
    output.out(`${cells.join('  ')}\n`);
  }
}

/** Names come from users: control characters and direction overrides must not reach a terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\uFFFD');
}

/** Prints an error on stderr and answers its exit code. */
export function printError(output: Output, error: unknown, json: boolean): number {
  const known = knownError(error);
  if (json) {
    output.err(`${JSON.stringify({ error: known.message, kind: known.kind })}\n`);
  } else {
    output.err(`Error: ${printable(known.message)}\n`);
    if (known.kind === 'internal' && error instanceof Error) {
      output.err(`${error.stack ?? ''}\n`);
    }
  }
  return ERROR_KINDS[known.kind].exit;
}

/** The SDK has the same error class without importing the store's: known by its name and kind. */
function knownError(error: unknown): { readonly kind: ErrorKind; readonly message: string } {
  if (error instanceof Error && error.name === 'LamellaError' && 'kind' in error) {
    const kind = String(error.kind);
    return {
      kind: Object.hasOwn(ERROR_KINDS, kind) ? (kind as ErrorKind) : 'internal',
      message: error.message,
    };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { kind: 'internal', message: `${text} (a bug; please report it)` };
}
