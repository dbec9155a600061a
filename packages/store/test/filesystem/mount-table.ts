/** The recorded mount tables: one file per kind of machine. */
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER: URL = new URL('../fixtures/mountinfo/', import.meta.url);

/** The text of `fixtures/mountinfo/<name>.txt`. */
export function mountTable(name: string): string {
  return readFileSync(new URL(`${name}.txt`, FOLDER), 'utf8');
}

export const MOUNT_TABLES: readonly string[] = readdirSync(FOLDER).map((file) => file.replace(/\.txt$/, ''));
