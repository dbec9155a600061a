/**
 * The first look at a large database of Trackio: a million rows of ten metrics in four runs, in Trackio's schema, on
 * a local disk. A server is started in a process of its own, as `lamella show` does; then a page's requests are made.
 *
 * `first_chart_ms` begins with the page's first request and ends when a chart of one metric holds every point of all
 * runs. `next_ms` is the chart of another metric, asked right after. Both are the median of three servers.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../examples/digits/data.ts';
import { atMost, type Figure, percentile, type Scenario, type ScenarioContext, told } from './scenario.ts';

const ROWS = 1_000_000;
const METRICS = 10;
const RUNS = 4;
const TIMES = 3;
const BUCKETS = 1000;
const PROJECT = 'large';
const MAIN = join(import.meta.dirname, '..', 'packages', 'app', 'src', 'commands', 'main.ts');

export const scenario: Scenario = {
  name: 'trackio-open',
  about: "first and next chart of a Trackio database of 1M rows of 10 metrics, and the server's memory",
  run: measure,
};

async function measure({ log, quick }: ScenarioContext): Promise<Figure[]> {
  const rows = quick ? 20_000 : ROWS;
  const folder = mkdtempSync(join(tmpdir(), 'lamella-bench-trackio-'));
  try {
    const path = join(folder, `${PROJECT}.db`);
    makeDatabase(path, rows);
    log(`${rows} rows, ${Math.round(statSync(path).size / 1e6)} MB`);
    const opened: Opened[] = [];
    for (let time = 0; time < (quick ? 1 : TIMES); time++) {
      const one = await open(folder, rows);
      log(
        `first ${Math.round(one.firstMs)} ms, next ${Math.round(one.nextMs)} ms, ${Math.round(one.rssMb)} MB`,
      );
      opened.push(one);
    }
    const median = (of: (one: Opened) => number): number => percentile(opened.map(of), 0.5);
    return [
      atMost(
        'first_chart_ms',
        median(({ firstMs }) => firstMs),
        'ms',
        3000,
      ),
      atMost(
        'next_ms',
        median(({ nextMs }) => nextMs),
        'ms',
        300,
      ),
      atMost('rss_mb', Math.max(...opened.map(({ rssMb }) => rssMb)), 'mb', 600),
      told(
        'first_points_ms',
        median(({ firstPointsMs }) => firstPointsMs),
        'ms',
      ),
      told(
        'cpu_seconds',
        median(({ cpuSeconds }) => cpuSeconds),
        's',
      ),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tables that matter, as Trackio 0.43.0 makes them. */
function makeDatabase(path: string, rows: number): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA user_version = 2;
    CREATE TABLE metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, timestamp TEXT NOT NULL,
      run_name TEXT NOT NULL, step INTEGER NOT NULL, metrics BLOB NOT NULL, log_id TEXT, space_id TEXT);
    CREATE TABLE configs (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, run_name TEXT NOT NULL,
      config BLOB NOT NULL, created_at TEXT NOT NULL, UNIQUE(run_id));
    CREATE INDEX idx_metrics_run_id_step ON metrics (run_id, step);
    CREATE INDEX idx_metrics_run_record ON metrics (run_id, run_name, timestamp);
    CREATE UNIQUE INDEX idx_metrics_log_id ON metrics (log_id) WHERE log_id IS NOT NULL;
    BEGIN`);
  const random = createRandom(5);
  const insert = database.prepare(
    `INSERT INTO metrics (run_id, timestamp, run_name, step, metrics, log_id) VALUES (?, ?, ?, ?, CAST(? AS BLOB), ?)`,
  );
  const config = database.prepare(
    `INSERT INTO configs (run_id, run_name, config, created_at) VALUES (?, ?, CAST(? AS BLOB), ?)`,
  );
  const time = (row: number): string =>
    new Date(Date.UTC(2026, 0, 1) + row * 20).toISOString().replace('Z', '000+00:00');
  const idOf = (run: number): string => String(run).padStart(32, '0');
  for (let run = 0; run < RUNS; run++) config.run(idOf(run), `run-${run}`, '{"lr": 0.1}', time(0));
  for (let row = 0; row < rows; row++) {
    const run = row % RUNS;
    const values = Array.from({ length: METRICS }, (_, metric) => `"train/metric_${metric}": ${random()}`);
    const logId = row.toString(16).padStart(32, '0');
    insert.run(idOf(run), time(row), `run-${run}`, Math.floor(row / RUNS), `{${values.join(', ')}}`, logId);
  }
  database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

interface Opened {
  readonly firstMs: number;
  /** Until the first answer that shows something. */
  readonly firstPointsMs: number;
  readonly nextMs: number;
  readonly rssMb: number;
  readonly cpuSeconds: number;
}

async function open(dir: string, rows: number): Promise<Opened> {
  const child = spawn(
    process.execPath,
    ['--conditions=source', MAIN, 'show', '--dir', dir, '--port', '0', '--json'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const url = (JSON.parse(line) as { url: string }).url.replace(/\/$/, '');
    const began = performance.now();
    await post(url, 'list_projects', {});
    const live = await fetch(`${url}/api/live?project=${PROJECT}`);
    let firstPointsMs = Number.NaN;
    for (;;) {
      const loaded = await countRecords(url);
      if (loaded > 0 && Number.isNaN(firstPointsMs)) {
        await chart(url, 'train/metric_0');
        firstPointsMs = performance.now() - began;
      }
      if (loaded >= rows * METRICS && (await chart(url, 'train/metric_0')) === rows) break;
      await sleep(50);
    }
    const firstMs = performance.now() - began;
    const asked = performance.now();
    if ((await chart(url, 'train/metric_1')) !== rows) throw new Error('the next chart is not whole');
    const nextMs = performance.now() - asked;
    await live.body?.cancel();
    return { firstMs, firstPointsMs, nextMs, ...(await consumed(child.pid!)) };
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function countRecords(url: string): Promise<number> {
  const { runs } = (await (await post(url, 'list_runs', { project: PROJECT })).json()) as {
    runs: { records: number }[];
  };
  return runs.reduce((sum, { records }) => sum + records, 0);
}

/** The points of all runs that a chart of `metric` shows. */
async function chart(url: string, metric: string): Promise<number> {
  const { runs } = (await (await post(url, 'list_runs', { project: PROJECT })).json()) as {
    runs: { id: string }[];
  };
  const request = {
    project: PROJECT,
    runs: runs.map(({ id }) => id),
    metrics: [metric],
    x: 'step',
    buckets: BUCKETS,
  };
  if (runs.length === 0) return 0;
  return countPoints(await (await post(url, 'series', request)).arrayBuffer());
}

/** See `SeriesHeader`. */
function countPoints(answer: ArrayBuffer): number {
  const length = new DataView(answer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(answer, 4, length))) as {
    entries: { mode: string; x: [number, number]; count: [number, number] }[];
  };
  return header.entries.reduce((sum, { mode, x, count }) => {
    if (mode === 'points') return sum + x[1];
    return sum + new Float64Array(answer, 4 + length + count[0], count[1]).reduce((a, b) => a + b, 0);
  }, 0);
}

async function post(url: string, name: string, body: unknown): Promise<Response> {
  const response = await fetch(`${url}/api/${name}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { accept: name === 'series' ? 'application/x-lamella-columns' : 'application/json' },
  });
  if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return response;
}

/** Peak memory and processor time of a process, from /proc. */
async function consumed(pid: number): Promise<{ rssMb: number; cpuSeconds: number }> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const ticks = Number(stat[11]) + Number(stat[12]);
  return { rssMb: Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1000, cpuSeconds: ticks / 100 };
}
