/** What a reader shows of a run (SPEC.md, Reading). */
import type { ShardFooter } from '../shard/footer.ts';
import type { ShardName } from '../shard/name.ts';

/** A file of which every byte was verified. */
export interface VerifiedShard {
  readonly key: string;
  readonly name: ShardName;
  /** Bytes. */
  readonly size: number;
  readonly footer: ShardFooter;
  /** Its rows may repeat those of another file in the view: repeats are to be dropped by identity and content. */
  readonly conflict: boolean;
}

export interface WriterView {
  /** Writer id. */
  readonly id: string;
  /** The highest flush number in the view. */
  readonly highest: number;
  /** Its last flush is in the view. */
  readonly ended: boolean;
  /** Flush numbers, inclusive, that are lost: missing below a visible one for 90 s, and covered by nothing. */
  readonly holes: readonly (readonly [first: number, last: number])[];
}

/** A run as it is known now. A later view of the same reader never shows fewer records. */
export interface RunView {
  readonly project: string;
  readonly run: string;
  /** By writer, then flush number. Without conflicts no two of them share a flush. */
  readonly files: readonly VerifiedShard[];
  readonly writers: readonly WriterView[];
  /** Foreign files, and damaged ones that no good file replaces: set aside for a while, with what is wrong. */
  readonly bad: readonly { readonly key: string; readonly size: number; readonly reason: string }[];
  /** Files that claim the same flushes with different rows: all are shown, nothing is hidden. */
  readonly conflicts: readonly { readonly keys: readonly string[]; readonly reason: string }[];
  /** Files of a newer format: upgrade to read them. */
  readonly unsupported: readonly { readonly key: string; readonly reason: string }[];
  /** Grows when anything in the view changes; equal versions of one run are the same object. */
  readonly version: number;
}
