/** Where things lie in a store (SPEC.md, Names). Prefixes end in `/`; keys are relative to the store's root. */
import { LamellaError } from '../record/error.ts';
import { decodeId, encodeId } from '../record/id.ts';

/** The object at the root that says that this is a store, and of which layout. */
export const STORE_MARKER = '_lamella.v1';

/** Ranks that share one directory. */
const RANKS_PER_GROUP = 64;

const PROJECT = /^project=([^/=]+)\/$/;
const RUN = /^project=([^/=]+)\/run=([^/=]+)\/$/;
const GROUP = /^g[0-9a-f]{2,}\/$/;

/** `project=<id>/`. Errors: invalid (id). */
export function projectPrefix(project: string): string {
  return `project=${encodeId(project)}/`;
}

/** `project=<id>/run=<id>/`. Errors: invalid (id). */
export function runPrefix(project: string, run: string): string {
  return `${projectPrefix(project)}run=${encodeId(run)}/`;
}

/** The project of `project=<id>/`; null for any other prefix. */
export function parseProjectPrefix(prefix: string): string | null {
  const match = PROJECT.exec(prefix);
  return match ? decoded(match[1] ?? '') : null;
}

/** Project and run of `project=<id>/run=<id>/`; null for any other prefix. */
export function parseRunPrefix(prefix: string): { readonly project: string; readonly run: string } | null {
  const match = RUN.exec(prefix);
  const project = match ? decoded(match[1] ?? '') : null;
  const run = match ? decoded(match[2] ?? '') : null;
  return project === null || run === null ? null : { project, run };
}

/**
 * The directory of a rank below its run: '' with up to 64 ranks, else `g<hex of rank div 64, at least 2
 * digits>/`. Errors: invalid.
 */
export function rankGroup(rank: number, worldSize: number): string {
  if (!Number.isSafeInteger(rank) || rank < 0) {
    throw new LamellaError('invalid', `rank ${rank} is not an integer from 0`);
  }
  if (worldSize <= RANKS_PER_GROUP) return '';
  return `g${Math.floor(rank / RANKS_PER_GROUP)
    .toString(16)
    .padStart(2, '0')}/`;
}

/** True for a name like `g0f/`: a directory of ranks, to be listed with its run. */
export function isRankGroup(name: string): boolean {
  return GROUP.test(name);
}

function decoded(text: string): string | null {
  try {
    return decodeId(text);
  } catch (error) {
    if (error instanceof LamellaError && error.kind === 'invalid') return null;
    throw error;
  }
}
