/**
 * The files of one writer as a tree of ranges. Ranges are dyadic, so two of them are equal, nested or disjoint,
 * whoever made the files, and the tree needs no repair.
 */
import type { ShardFooter } from '../shard/footer.ts';
import type { ShardName } from '../shard/name.ts';

/** A file of a writer and what is known about it. */
export interface Candidate {
  readonly key: string;
  /** The key without directories: what `inputs` of a cover would say. */
  readonly base: string;
  readonly name: ShardName;
  /** Known once verified. */
  readonly footer: ShardFooter | null;
  /** Not usable now: damaged, unreadable, or of a newer format. */
  readonly isAside: boolean;
}

/** All files of one range, and the ranges inside it. */
export interface RangeNode {
  readonly first: number;
  readonly last: number;
  /** By hash, then key. */
  readonly files: Candidate[];
  /** By first flush. */
  readonly children: RangeNode[];
}

/** The forest of a writer's ranges, by first flush. */
export function buildRangeTree(files: readonly Candidate[]): RangeNode[] {
  const roots: RangeNode[] = [];
  const open: RangeNode[] = [];
  for (const file of files.toSorted(compareFiles)) {
    const { first, last } = file.name;
    while ((open.at(-1)?.last ?? Infinity) < first) open.pop();
    const parent = open.at(-1);
    if (parent?.first === first && parent.last === last) {
      parent.files.push(file);
      continue;
    }
    const node: RangeNode = { first, last, files: [file], children: [] };
    (parent?.children ?? roots).push(node);
    open.push(node);
  }
  return roots;
}

/** The nodes below `node`, wider ones before those inside them. */
export function* nodesInside(node: RangeNode): Generator<RangeNode> {
  for (const child of node.children) {
    yield child;
    yield* nodesInside(child);
  }
}

function compareFiles(a: Candidate, b: Candidate): number {
  if (a.name.first !== b.name.first) return a.name.first - b.name.first;
  if (a.name.last !== b.name.last) return b.name.last - a.name.last;
  if (a.name.hash !== b.name.hash) return a.name.hash < b.name.hash ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}
