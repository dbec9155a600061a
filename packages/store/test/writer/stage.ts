/** A writer on virtual time over a faulty store, and what a fresh reader finds in it. */
import { openReader } from '../../src/reader/reader.ts';
import { nodeCodec } from '../../src/shard/node-codec.ts';
import type { LogCall } from '../../src/writer/call.ts';
import { createWriter } from '../../src/writer/shard-writer.ts';
import type { ShardWriter, WriterOptions } from '../../src/writer/writer.ts';
import { FaultyBackend } from '../faulty-backend.ts';
import type { Row } from '../record/row.ts';
import { rowsOf } from '../record/row.ts';
import { seededRandom, VirtualClock } from '../virtual-clock.ts';

export interface Stage {
  readonly clock: VirtualClock;
  readonly backend: FaultyBackend;
  readonly writer: ShardWriter;
  /** Sentences that a user would have seen. */
  readonly told: string[];
  /** Rows in the store, as a fresh reader finds them, by seq. */
  stored(): Promise<Row[]>;
}

export function setStage(options: Partial<WriterOptions> = {}, seed = 1): Stage {
  const clock = new VirtualClock();
  const backend = new FaultyBackend(clock);
  const told: string[] = [];
  const writer = createWriter({
    backend,
    codec: nodeCodec,
    clock,
    random: seededRandom(seed),
    project: 'p',
    run: 'r',
    worldSize: 1,
    onTrouble: (message) => told.push(message),
    ...options,
  });
  return {
    clock,
    backend,
    writer,
    told,
    async stored() {
      const reader = openReader({ backend, codec: nodeCodec, clock });
      const rows = rowsOf(await reader.readRows(await reader.refreshRun('p', 'r')));
      return rows.toSorted((a, b) => a.seq - b.seq || (a.key < b.key ? -1 : 1));
    },
  };
}

/** A call of `kind` with `rows` rows whose value is their index. */
export function callOf(rows: number, kind = 'metric', data: string | null = null): LogCall {
  const indexes = Array.from({ length: rows }, (_, i) => i);
  return {
    kind,
    timeUs: 1_000,
    step: 7,
    keys: indexes.map((i) => `key${i}`),
    values: Float64Array.from(indexes),
    ...(data === null ? {} : { data: indexes.map(() => data) }),
  };
}

/** Seqs in the rows, each once. */
export function seqsOf(rows: readonly Row[]): number[] {
  return [...new Set(rows.map(({ seq }) => seq))];
}
