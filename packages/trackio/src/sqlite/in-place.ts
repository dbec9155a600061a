/**
 * Which databases SQLite has open in this process. POSIX drops every lock that a process holds on a file when the
 * process closes *any* descriptor of it, so a database that SQLite has open here must not be read as a file:
 * the writer of another process would find no reader, remove the log under it, and the reader would see a damaged database (seen
 * with the real Trackio). SQLite itself knows this and keeps its descriptors together; everything else asks here.
 */
import { resolve } from 'node:path';

const held = new Map<string, number>();

/** Marks the database at `path` as open until the answer is called. */
export function holdInPlace(path: string): () => void {
  const key = resolve(path);
  held.set(key, (held.get(key) ?? 0) + 1);
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    const rest = (held.get(key) ?? 1) - 1;
    if (rest > 0) held.set(key, rest);
    else held.delete(key);
  };
}

/** Whether SQLite has the database at `path` open in this process. */
export function isHeldInPlace(path: string): boolean {
  return held.has(resolve(path));
}
