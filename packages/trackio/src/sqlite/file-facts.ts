/** What `stat` says of a file, where a missing file is an answer and not an error. */
import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Identity, size and time of a file. Two equal ones mean "nothing has moved". */
export interface FileFacts {
  readonly ino: bigint;
  readonly size: number;
  /** Last change of the content by the server's clock, nanoseconds. */
  readonly mtimeNs: bigint;
}

/** The facts of a file, or null when there is none. */
export async function factsOf(path: string): Promise<FileFacts | null> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return { ino, size: Number(size), mtimeNs };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Whether two facts are of one unchanged file (or of none). */
export function sameFacts(a: FileFacts | null, b: FileFacts | null): boolean {
  if (a === null || b === null) return a === b;
  return a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs;
}

/** The size of a file in bytes, or null when there is none. */
export function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

/** True for the error of a file that is not there. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
