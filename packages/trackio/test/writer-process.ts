/**
 * A process that commits to a database as fast as it is told, so that a copy taken at any moment is caught in
 * the middle of something. Arguments: path, journal mode, pause between commits in ms, pages of the
 * log after which it is checkpointed and begun anew.
 *
 * Commit n adds row n to `metrics` and to `system_metrics` and sets `project_metadata.n`: in every committed state all three are
 * n. Every 50th commit is large (it spills), every 200th closes the database and opens it anew. The number of the
 * last commit that was acknowledged is written to `<path>.acknowledged` after the commit.
 */
import { writeFileSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const [path = '', mode = 'WAL', pause = '1', autocheckpoint = '40'] = process.argv.slice(2);

function open(): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = ${mode}; PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = ${autocheckpoint}; PRAGMA cache_size = 20;
    CREATE TABLE IF NOT EXISTS metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, timestamp TEXT NOT NULL,
      run_name TEXT NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL, log_id TEXT, space_id TEXT);
    CREATE TABLE IF NOT EXISTS system_metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL,
      timestamp TEXT NOT NULL, run_name TEXT NOT NULL, metrics TEXT NOT NULL, log_id TEXT, space_id TEXT);
    CREATE TABLE IF NOT EXISTS project_metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS by_log_id ON metrics(log_id)`);
  return database;
}

function commit(database: DatabaseSync, n: number): void {
  const payload = 'x'.repeat(n % 50 === 0 ? 200_000 : 50 + ((n * 7919) % 900));
  const logId = ((n * 2_654_435_761) >>> 0).toString(16);
  database.exec('BEGIN IMMEDIATE');
  database
    .prepare(
      `INSERT INTO metrics (run_id, timestamp, run_name, step, metrics, log_id) VALUES ('r', ?, 'run', ?, ?, ?)`,
    )
    .run(new Date().toISOString(), n, Buffer.from(JSON.stringify({ n, payload })), logId);
  database
    .prepare(`INSERT INTO system_metrics (run_id, timestamp, run_name, metrics) VALUES ('r', '', 'run', ?)`)
    .run(JSON.stringify({ n }));
  database.prepare(`INSERT OR REPLACE INTO project_metadata VALUES ('n', ?)`).run(String(n));
  // Keeps the file small: old payloads shrink, which also rewrites pages all over it.
  if (n > 100) database.prepare(`UPDATE metrics SET metrics = '{}' WHERE id = ?`).run(n - 100);
  database.exec('COMMIT');
}

const waiter = new Int32Array(new SharedArrayBuffer(4));
let database = open();
const start = Number(database.prepare('SELECT coalesce(max(id), 0) AS n FROM metrics').get()?.['n']);
writeSync(1, 'ready\n');
for (let n = start + 1; ; n += 1) {
  commit(database, n);
  writeFileSync(`${path}.acknowledged`, String(n).padStart(12));
  if (n % 200 === 0) {
    database.close();
    database = open();
  }
  Atomics.wait(waiter, 0, 0, Number(pause));
}
