/**
 * What a real connection in a directory answers: a database is made there for a moment, with the pragmas that Lamella
 * would use. For `lamella doctor`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { FilesystemClass } from '../layout/filesystem-class.ts';
import { applyPragmas } from './apply-pragmas.ts';
import { type Pragmas, pragmasFor, type WantedPragmas } from './pragmas.ts';

export interface OpenedPragmas {
  readonly wanted: WantedPragmas;
  /** What the connection answered; what would be set where there was no connection. */
  readonly pragmas: Pragmas;
  /** Whether a connection was made. */
  readonly opened: boolean;
  readonly differences: readonly string[];
  /** Why there was no connection; null when there was one. */
  readonly refusal: string | null;
}

/**
 * Opens a database in a new folder in `directory`, applies the pragmas, writes one row, and removes it again. Never
 * throws for a directory that cannot be written: then `opened` is false and `refusal` says why.
 */
export function openedPragmas(
  directory: string,
  filesystem: FilesystemClass,
  env: Readonly<Record<string, string | undefined>>,
): OpenedPragmas {
  const wanted = pragmasFor(filesystem, env);
  let folder: string | null = null;
  let database: DatabaseSync | null = null;
  try {
    folder = mkdtempSync(join(directory, '.lamella-pragmas-'));
    database = new DatabaseSync(join(folder, 'probe.db'));
    const { pragmas, differences } = applyPragmas(database, wanted);
    database.exec('CREATE TABLE probe (n); INSERT INTO probe VALUES (1)');
    return { wanted, pragmas, opened: true, differences, refusal: null };
  } catch (error) {
    // Told, not thrown: a directory that cannot be written is one of the things this is asked about.
    return {
      wanted,
      pragmas: wanted.pragmas,
      opened: false,
      differences: [],
      refusal: (error as Error).message,
    };
  } finally {
    database?.close();
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
}
