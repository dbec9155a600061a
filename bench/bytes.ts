/**
 * What a point costs on disk: 20 metrics × 50,000 steps of Gaussian noise on a trend, 100 ms ± 5 % apart, as shards
 * of a million rows. Beside it, the same points in the two forms that trackers usually have: one JSON line per call,
 * and a SQLite table with one row per call and the metrics as JSON.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BatchBuilder, decodeShard, encodeShard, newWriterId, sumRows, verifyShard } from '@lamella/store';
import { nodeCodec, systemRandom } from '@lamella/store/node';
import { createRandom } from '../examples/digits/data.ts';
import { atMost, type Figure, type Scenario, type ScenarioContext, told } from './scenario.ts';

const METRICS = 20;
const STEP_MS = 100;
const JITTER = 0.05;
const SHARD_ROWS = 1_000_000;
const START_MS = Date.UTC(2026, 0, 1);

export const scenario: Scenario = {
  name: 'bytes',
  about:
    'bytes per point on disk, 20 metrics × 50,000 steps of noise on a trend, beside JSON lines and SQLite',
  run: measure,
};

interface Call {
  readonly step: number;
  readonly timeMs: number;
  readonly values: Float64Array;
}

async function measure({ log, quick }: ScenarioContext): Promise<Figure[]> {
  const calls = generate(quick ? 500 : 50_000);
  const points = calls.length * METRICS;
  log(`${points} points`);
  const shards = await encodeAll(calls, log);
  return [
    atMost('bytes_per_point', shards.size / points, 'bytes', 8.5),
    told('encode_rows_per_second', points / shards.encodeSeconds, 'rows/s'),
    told('decode_rows_per_second', points / shards.decodeSeconds, 'rows/s'),
    told('jsonl_bytes_per_point', jsonLinesSize(calls) / points, 'bytes'),
    told('sqlite_bytes_per_point', sqliteSize(calls) / points, 'bytes'),
  ];
}

/** Losses that fall along a power law, each with noise of its own; the seed is fixed, so sizes can be compared. */
function generate(steps: number): Call[] {
  const random = createRandom(11);
  const gaussian = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const calls: Call[] = [];
  let timeMs = START_MS;
  for (let step = 0; step < steps; step++) {
    timeMs += Math.round(STEP_MS * (1 + JITTER * (2 * random() - 1)));
    const values = Float64Array.from(
      { length: METRICS },
      (_, metric) => (metric + 1) * (1 + step / 100) ** -0.3 * (1 + 0.1 * gaussian()),
    );
    calls.push({ step, timeMs, values });
  }
  return calls;
}

const metricName = (metric: number): string => `train/metric_${metric}`;

/** Encodes, then verifies and decodes each shard again: a size of something unreadable would mean nothing. */
async function encodeAll(
  calls: readonly Call[],
  log: (line: string) => void,
): Promise<{ readonly size: number; readonly encodeSeconds: number; readonly decodeSeconds: number }> {
  const writer = newWriterId(systemRandom);
  const builder = new BatchBuilder(writer);
  let [size, encodeSeconds, decodeSeconds, first] = [0, 0, 0, 0];
  const flush = async (): Promise<void> => {
    const batch = builder.take();
    const started = performance.now();
    const shard = encodeShard(batch, { writer, first, last: first }, nodeCodec);
    const encoded = performance.now();
    verifyShard(shard.name, shard.bytes, nodeCodec);
    const rows = await decodeShard(shard.bytes, nodeCodec);
    decodeSeconds += (performance.now() - encoded) / 1000;
    encodeSeconds += (encoded - started) / 1000;
    if (sumRows(rows) !== sumRows(batch)) throw new Error(`${shard.name} does not hold what was encoded`);
    log(`${shard.name}: ${shard.footer.rows} rows, ${shard.bytes.length} bytes`);
    size += shard.bytes.length;
    first += 1;
  };
  for (const [seq, call] of calls.entries()) {
    for (const [metric, value] of call.values.entries()) {
      builder.add(seq, 'metric', metricName(metric), call.step, call.timeMs * 1000, value, null);
    }
    if (builder.count >= SHARD_ROWS) await flush();
  }
  if (builder.count > 0) await flush();
  return { size, encodeSeconds, decodeSeconds };
}

/** The call's metrics by name, as both text forms hold them. */
const metricsOf = (call: Call): Record<string, number> =>
  Object.fromEntries(Array.from(call.values, (value, metric) => [metricName(metric), value]));

function jsonLinesSize(calls: readonly Call[]): number {
  let size = 0;
  for (const call of calls) {
    const line = { step: call.step, timestamp: new Date(call.timeMs).toISOString(), ...metricsOf(call) };
    size += JSON.stringify(line).length + 1;
  }
  return size;
}

function sqliteSize(calls: readonly Call[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'lamella-bench-bytes-'));
  try {
    const file = join(folder, 'metrics.db');
    const database = new DatabaseSync(file);
    database.exec(`
      create table metrics (
        id integer primary key autoincrement, timestamp text not null, run_name text not null, step integer not null,
        metrics text not null
      );
      create index metrics_run_step on metrics (run_name, step);
      begin;`);
    const insert = database.prepare(
      'insert into metrics (timestamp, run_name, step, metrics) values (?, ?, ?, ?)',
    );
    for (const call of calls) {
      insert.run(
        new Date(call.timeMs).toISOString(),
        'quiet-otter',
        call.step,
        JSON.stringify(metricsOf(call)),
      );
    }
    database.exec('commit');
    database.close();
    return statSync(file).size;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
