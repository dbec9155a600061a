/** Any set of dyadic files, any interleaving of publishing, merging and removing (SPEC.md V3, V6, V7). */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { LamellaError } from '../../src/record/error.ts';
import type { RecordBatch } from '../../src/record/batch.ts';
import { concatBatches } from '../../src/record/select.ts';
import type { RunView } from '../../src/reader/view.ts';
import type { EncodedShard } from '../../src/shard/encode.ts';
import type { Table } from './lay.ts';
import { flushesOf, rowsOfRange, RUN, setTable, shardOf, WRITER } from './lay.ts';

const WRITERS = [WRITER, 'b'.repeat(26)];
/** Flushes of a writer are numbered below 2^4. */
const LEVELS = 4;
const FLUSHES = 2 ** LEVELS;

const anyRange: fc.Arbitrary<readonly [first: number, last: number]> = fc
  .record({ level: fc.nat(LEVELS), at: fc.nat(FLUSHES - 1) })
  .map(({ level, at }) => {
    const size = 2 ** level;
    const first = at - (at % size);
    return [first, first + size - 1];
  });

function isInside(inner: EncodedShard, outer: EncodedShard): boolean {
  const [a, b] = [inner.footer, outer.footer];
  return a.writer === b.writer && a.first >= b.first && a.last <= b.last;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, flush) => flush);
}

const SINGLES: readonly EncodedShard[] = upTo(FLUSHES).map((flush) => shardOf(flush));

test('[V3] the rows of any covers are all that was published, each once', async () => {
  const anyCover = fc.record({ range: anyRange, attempt: fc.nat(2), named: fc.nat() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyCover, { maxLength: 12, size: 'max' }),
      fc.nat(2 ** FLUSHES - 1),
      async (covers, removed) => {
        const { lay, look, reader } = setTable();
        const shards = [...SINGLES];
        for (const { range, attempt, named } of covers) {
          const wide = shardOf(...range);
          const inputs = shards.filter(
            (shard, i) => isInside(shard, wide) && ((named >> (i % 30)) & 1) === 1,
          );
          shards.push(shardOf(...range, { attempt: attempt + 1, inputs }));
        }
        const left = shards.filter((shard, i) => {
          const isRemoved = ((removed >> (i % FLUSHES)) & 1) === 1;
          return (
            !isRemoved ||
            !shards
              .slice(FLUSHES)
              .some(
                (other) =>
                  other !== shard &&
                  isInside(shard, other) &&
                  other.footer.last - other.footer.first > shard.footer.last - shard.footer.first,
              )
          );
        });
        await lay(...left);
        const view = await look();
        expect(view.conflicts).toEqual([]);
        expect(await flushesOf(reader, view)).toEqual(upTo(FLUSHES));
      },
    ),
    { numRuns: 40 },
  );
});

/** Rows as text, so that they can be counted. */
function rowsOf(batch: RecordBatch): string[] {
  return Array.from(
    { length: batch.count },
    (_, row) => `${batch.seq[row]} ${batch.key[row]} ${batch.value[row]} ${batch.data[row]}`,
  );
}

test('[V6] whatever the files claim about each other, no row is hidden and none counts twice', async () => {
  const anyFile = fc.record({
    range: anyRange,
    // Which of two process images each flush of the file comes from; 2: it is missing in it.
    images: fc.array(fc.constantFrom(0, 0, 0, 1, 2), { minLength: FLUSHES, maxLength: FLUSHES }),
    attempt: fc.nat(1),
    named: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyFile, { minLength: 1, maxLength: 10, size: 'max' }), async (files) => {
      const { lay, look, reader } = setTable();
      const laid: { shard: EncodedShard; rows: readonly string[] }[] = [];
      for (const { range, images, attempt, named } of files) {
        const batches = upTo(FLUSHES)
          .filter((flush) => flush >= range[0] && flush <= range[1] && images[flush] !== 2)
          .map((flush) => rowsOfRange(flush, flush, images[flush]));
        if (batches.length === 0) continue;
        const rows = concatBatches(batches);
        const texts = rowsOf(rows);
        // A footer names only what is in its file; unnamed ones may be in it as well.
        const inputs = laid
          .filter(
            ({ rows: others }, i) => ((named >> i) & 1) === 1 && others.every((text) => texts.includes(text)),
          )
          .map(({ shard }) => shard);
        laid.push({ shard: shardOf(...range, { rows, attempt, inputs }), rows: texts });
      }
      await lay(...laid.map(({ shard }) => shard));
      const found = rowsOf(await reader.readRows(await look()));
      expect(found.toSorted()).toEqual([...new Set(laid.flatMap(({ rows }) => rows))].toSorted());
    }),
    { numRuns: 60 },
  );
});

const anyEvent = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), writer: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('merge' as const),
      writer: fc.nat(1),
      range: anyRange,
      attempt: fc.nat(1),
      direct: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hide' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('damage' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mend' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(20_000) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('look' as const) }) },
);

type Event = typeof anyEvent extends fc.Arbitrary<infer T> ? T : never;

/** A store with honest writers, mergers and removers, and a reader whose listings and reads are not. */
class World {
  readonly table: Table = setTable();
  readonly flushes: number[] = WRITERS.map(() => 0);
  #files: EncodedShard[] = [];

  async happen(event: Event): Promise<void> {
    const { backend, clock } = this.table;
    if (event.do === 'publish') await this.#publish(event.writer);
    else if (event.do === 'merge') await this.#merge(event.writer, event.range, event.attempt, event.direct);
    else if (event.do === 'remove') await this.#remove(event.pick);
    else if (event.do === 'wait') await clock.advance(event.ms);
    else if (event.do === 'mend') {
      backend.hidden.clear();
      backend.faults.clear();
    } else if (event.do === 'hide') {
      const file = this.#pick(event.pick);
      if (file) backend.hidden.add(RUN + file.name);
    } else if (event.do === 'damage') {
      const file = this.#pick(event.pick);
      const fault = event.pick % 2 === 0 ? new Uint8Array(99) : new LamellaError('unavailable', 'not now');
      if (file) backend.faults.set(RUN + file.name, fault);
    }
  }

  async #publish(writer: number): Promise<void> {
    const flush = this.flushes[writer] ?? 0;
    if (flush === FLUSHES) return;
    this.flushes[writer] = flush + 1;
    await this.#lay(shardOf(flush, flush, { writer: WRITERS[writer] ?? '' }));
  }

  async #merge(
    writer: number,
    range: readonly [number, number],
    attempt: number,
    direct: boolean,
  ): Promise<void> {
    const id = WRITERS[writer] ?? '';
    if (range[1] >= (this.flushes[writer] ?? 0)) return;
    const cover = shardOf(...range, { writer: id });
    const inside = this.#files.filter(
      (file) => isInside(file, cover) && file.footer.last - file.footer.first < range[1] - range[0],
    );
    // Either from the files directly inside, or from the singles of another merger, which have other names.
    const widest = inside.filter((file) => !inside.some((other) => other !== file && isInside(file, other)));
    await this.#lay(shardOf(...range, { writer: id, attempt, inputs: direct ? widest : [] }));
  }

  async #lay(shard: EncodedShard): Promise<void> {
    if (!this.#files.some(({ name }) => name === shard.name)) this.#files.push(shard);
    await this.table.lay(shard);
  }

  /** Removes a file that another one covers. */
  async #remove(pick: number): Promise<void> {
    const covered = this.#files.filter((file) =>
      this.#files.some((other) => other !== file && isInside(file, other)),
    );
    const file = covered[pick % Math.max(1, covered.length)];
    if (file === undefined) return;
    this.#files = this.#files.filter((other) => other !== file);
    await this.table.take(file);
  }

  #pick(pick: number): EncodedShard | undefined {
    return this.#files[pick % Math.max(1, this.#files.length)];
  }
}

/** Writer and flush of all rows in a view, with repeats, by the names of its files. */
function shownBy(view: RunView): string[] {
  return view.files.flatMap(({ name }) =>
    upTo(name.last + 1)
      .slice(name.first)
      .map((flush) => `${name.writer} ${flush}`),
  );
}

test('[V7] a view only grows, whatever is published, merged, removed, hidden and damaged in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { maxLength: 80, size: 'max' }), async (events) => {
      const world = new World();
      const { look, reader, backend, clock } = world.table;
      let before: string[] = [];
      for (const event of events) {
        await world.happen(event);
        if (event.do !== 'look') continue;
        const shown = shownBy(await look());
        expect(new Set(shown).size, 'nothing is shown twice').toBe(shown.length);
        expect(
          before.filter((row) => !shown.includes(row)),
          'nothing is taken back',
        ).toEqual([]);
        before = shown;
      }
      await world.happen({ do: 'mend' });
      await clock.advance(600_000);
      const view = await look();
      const all = WRITERS.flatMap((writer, i) =>
        upTo(world.flushes[i] ?? 0).map((flush) => `${writer} ${flush}`),
      );
      expect(shownBy(view).toSorted()).toEqual(all.toSorted());
      expect((await reader.readRows(view)).count).toBe(2 * all.length);
      expect([view.bad, view.conflicts, backend.faults.size]).toEqual([[], [], 0]);
    }),
    { numRuns: 100 },
  );
});
