/**
 * Which files of a writer are shown: a pure plan from what is known (SPEC.md V3 to V6). Where something has yet
 * to be read for a decision, the plan says what; the caller reads it and asks again.
 *
 *   the widest verified file of a range replaces the files inside it
 *     – that its `inputs` name, directly or through a verified file in between,
 *     – or that tile it with the same number of rows and the same sum,
 *     – or whose rows were all found in it;
 *   any other file inside it is a conflict: a process image that ran twice, or a faulty merge. Both are shown.
 *   A file that cannot be verified covers nothing: those inside it are used.
 */
import { addSums } from '../record/sum.ts';
import type { ShardFooter } from '../shard/footer.ts';
import type { Candidate, RangeNode } from './range-tree.ts';
import { buildRangeTree, nodesInside } from './range-tree.ts';

/** Whether every row of `file` is in `cover`; undefined while nobody has looked. */
export type Containment = (cover: Candidate, file: Candidate) => boolean | undefined;

export interface Choice {
  readonly shown: readonly { readonly file: Candidate; readonly conflict: boolean }[];
  readonly conflicts: readonly { readonly keys: readonly string[]; readonly reason: string }[];
  /** Files to verify before the choice is final. */
  readonly toVerify: readonly Candidate[];
  /** Pairs whose rows have to be compared before the choice is final. */
  readonly toCompare: readonly (readonly [cover: Candidate, file: Candidate])[];
}

type Verified = Candidate & { readonly footer: ShardFooter };

/** Chooses among the files of one writer. */
export function chooseFiles(files: readonly Candidate[], isContained: Containment): Choice {
  const plan = new Plan(isContained);
  for (const root of buildRangeTree(files)) plan.resolve(root);
  return plan;
}

class Plan implements Choice {
  readonly shown: { file: Candidate; conflict: boolean }[] = [];
  readonly conflicts: { keys: string[]; reason: string }[] = [];
  readonly toVerify: Candidate[] = [];
  readonly toCompare: [Candidate, Candidate][] = [];
  readonly #isContained: Containment;

  constructor(isContained: Containment) {
    this.#isContained = isContained;
  }

  resolve(node: RangeNode): void {
    const unread = node.files.filter((file) => file.footer === null && !file.isAside);
    for (const file of unread) this.toVerify.push(file);
    const covers = distinct(node.files.filter(isVerified));
    if (covers.length === 0) {
      if (unread.length === 0) for (const child of node.children) this.resolve(child);
      return;
    }
    const tiles = tilesOf(node.children, node.first, node.last);
    const isFaulty = tiles !== null && !covers.some(({ footer }) => isSameContent(footer, tiles));
    const accounted = new Accounted(node, isFaulty ? [] : [...covers, ...(tiles?.files ?? [])]);
    const strangers = this.#strangersInside(node, covers, accounted);
    this.#show(covers, strangers, isFaulty);
  }

  #show(covers: readonly Verified[], strangers: readonly Verified[], isFaulty: boolean): void {
    const conflict = covers.length > 1 || strangers.length > 0 || isFaulty;
    const all = [...covers, ...strangers];
    for (const file of all) this.shown.push({ file, conflict });
    if (!conflict) return;
    let reason = 'files of the same range hold different rows';
    if (isFaulty) reason = 'a merged file does not hold the rows of the files it replaces';
    else if (strangers.length > 0) reason = 'a wider file does not hold all rows of files inside its range';
    this.conflicts.push({ keys: all.map(({ key }) => key), reason });
  }

  /** The files inside `node` that its covers do not account for. */
  #strangersInside(node: RangeNode, covers: readonly Verified[], accounted: Accounted): Verified[] {
    const shown = [...covers];
    for (const { files } of nodesInside(node)) {
      for (const file of files) {
        if (file.isAside || accounted.has(file, files)) continue;
        if (!isVerified(file)) this.toVerify.push(file);
        else if (!this.#isIn(file, shown)) {
          shown.push(file);
          accounted.add(file);
        }
      }
    }
    return shown.slice(covers.length);
  }

  /** True when a file that is shown has all rows of `file`, or when that is yet to be found out. */
  #isIn(file: Verified, shown: readonly Verified[]): boolean {
    let isOpen = false;
    for (const cover of shown) {
      if (cover.name.first > file.name.first || cover.name.last < file.name.last) continue;
      if (isSameRange(cover, file) && isSameContent(cover.footer, file.footer)) return true;
      const answer = this.#isContained(cover, file);
      if (answer === true) return true;
      if (answer === undefined) {
        this.toCompare.push([cover, file]);
        isOpen = true;
      }
    }
    return isOpen;
  }
}

function isVerified(file: Candidate): file is Verified {
  return file.footer !== null && !file.isAside;
}

function isSameRange(a: Candidate, b: Candidate): boolean {
  return a.name.first === b.name.first && a.name.last === b.name.last;
}

type Content = Pick<ShardFooter, 'rows' | 'sum'>;

function isSameContent(a: Content, b: Content): boolean {
  return a.rows === b.rows && a.sum === b.sum;
}

/** Of files with the same rows and sum, the one with the smaller hash; `files` come by hash. */
function distinct(files: readonly Verified[]): Verified[] {
  const kept: Verified[] = [];
  for (const file of files)
    if (!kept.some(({ footer }) => isSameContent(footer, file.footer))) kept.push(file);
  return kept;
}

/** The files inside a node whose rows are known to be shown, by what footers say. */
class Accounted {
  readonly #byBase: ReadonlyMap<string, Candidate>;
  readonly #bases = new Set<string>();

  constructor(node: RangeNode, shown: readonly Verified[]) {
    this.#byBase = new Map(
      [...nodesInside(node)].flatMap(({ files }) => files.map((file) => [file.base, file])),
    );
    for (const file of shown) this.add(file);
  }

  /** `file` is shown, and so is what it was merged from, and what that was merged from. */
  add(file: Verified): void {
    const waiting = [file.base];
    for (let base = waiting.pop(); base !== undefined; base = waiting.pop()) {
      if (this.#bases.has(base)) continue;
      this.#bases.add(base);
      const footer = base === file.base ? file.footer : this.#byBase.get(base)?.footer;
      for (const input of footer?.inputs ?? []) waiting.push(input);
    }
  }

  /** `rivals` are the files of the same range: one with the same content speaks for the others. */
  has(file: Candidate, rivals: readonly Candidate[]): boolean {
    if (this.#bases.has(file.base)) return true;
    if (!isVerified(file)) return false;
    return rivals.some(
      (rival) => this.#bases.has(rival.base) && isVerified(rival) && isSameContent(rival.footer, file.footer),
    );
  }
}

interface Tiles extends Content {
  readonly files: readonly Verified[];
}

/** Verified files that fill `first` to `last` without a gap or a doubt, with their sum; null when they do not. */
function tilesOf(nodes: readonly RangeNode[], first: number, last: number): Tiles | null {
  const files: Verified[] = [];
  let next = first;
  for (const node of nodes) {
    const tiles = node.first === next ? tilesOfNode(node) : null;
    if (tiles === null) return null;
    for (const file of tiles) files.push(file);
    next = node.last + 1;
  }
  if (next !== last + 1) return null;
  const rows = files.reduce((total, { footer }) => total + footer.rows, 0);
  return { files, rows, sum: files.reduce((sum, { footer }) => addSums(sum, footer.sum), '0'.repeat(16)) };
}

function tilesOfNode(node: RangeNode): readonly Verified[] | null {
  const covers = distinct(node.files.filter(isVerified));
  if (covers.length > 0) return covers.length === 1 ? covers : null;
  return tilesOf(node.children, node.first, node.last)?.files ?? null;
}
