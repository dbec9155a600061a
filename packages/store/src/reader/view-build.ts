/** Puts the view of a run together from the choices of its writers. */
import type { ShardName } from '../shard/name.ts';
import type { ListedObject, RunListing } from './run-listing.ts';
import type { RunView, VerifiedShard, WriterView } from './view.ts';
import type { WriterFiles } from './writer-files.ts';

export interface ViewParts {
  readonly project: string;
  readonly run: string;
  readonly version: number;
  readonly writers: readonly WriterFiles[];
  readonly foreign: RunListing;
}

export function buildView({ project, run, version, writers, foreign }: ViewParts): RunView {
  const files: VerifiedShard[] = [];
  const views: WriterView[] = [];
  const bad = foreignFiles(foreign);
  const unsupported: { key: string; reason: string }[] = [];
  for (const writer of writers.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const shown = shownBy(writer);
    for (const file of shown) files.push(file);
    if (shown.length > 0) views.push(viewOf(writer, shown));
    for (const { key, name, size, aside, faulty, unsupported: newer } of writer.files) {
      if (newer !== null) unsupported.push({ key, reason: newer });
      else if (faulty !== null) bad.push({ key, size, reason: faulty });
      // What a good file replaces is not read again, so nobody knows whether it is still bad, and nobody needs it.
      else if (aside !== null && !isCovered(name, shown)) bad.push({ key, size, reason: aside.reason });
    }
  }
  const conflicts = writers.flatMap(({ choice }) => choice.conflicts);
  return { project, run, files, writers: views, bad, conflicts, unsupported, version };
}

/** True when two views differ in nothing but their version. Files are compared as objects: they are kept. */
export function isSameView(a: RunView, b: RunView): boolean {
  if (a.files.length !== b.files.length || a.files.some((file, i) => file !== b.files[i])) return false;
  const rest = ({ writers, bad, conflicts, unsupported }: RunView): string =>
    JSON.stringify([writers, bad, conflicts, unsupported]);
  return rest(a) === rest(b);
}

function shownBy(writer: WriterFiles): VerifiedShard[] {
  return writer.choice.shown.flatMap(({ file, conflict }) => {
    const known = writer.fileOf(file);
    return known.footer === null ? [] : [known.shard(known.footer, conflict)];
  });
}

function isCovered({ first, last }: ShardName, shown: readonly VerifiedShard[]): boolean {
  return shown.some(({ name }) => name.first <= first && name.last >= last);
}

function viewOf(writer: WriterFiles, shown: readonly VerifiedShard[]): WriterView {
  const highest = shown.reduce((most, { name }) => Math.max(most, name.last), 0);
  return {
    id: writer.id,
    highest,
    ended: shown.some(({ footer }) => footer.end),
    // What lies beyond, unverified, proves nothing.
    holes: writer.lost.filter(([first]) => first < highest),
  };
}

function foreignFiles({ objects, impostors }: RunListing): { key: string; size: number; reason: string }[] {
  return [
    ...objects.map(({ key, size }: ListedObject) => ({
      key,
      size,
      reason: 'its name is not that of a shard',
    })),
    ...impostors.map((key) => ({ key, size: 0, reason: 'it bears the name of a shard and is a directory' })),
  ];
}
