/** What ingest takes from a shard's file, whatever else is in it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openEngine, sqlText } from '../src/query/engine.ts';
import { insertFiles, writeSchemaFile } from '../src/query/ingest.ts';
import { createTables, projectTables } from '../src/query/tables.ts';

it.each(['filename', 'file', 'run', 'extra'])(
  '[S10] a column "%s" that is not known changes nothing',
  async (name) => {
    const directory = await mkdtemp(join(tmpdir(), 'lamella-test-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const engine = await openEngine({ directory });
    onTestFinished(() => engine.close());
    const { writing } = engine;
    const tables = projectTables(0);
    for (const statement of createTables(tables)) {
      await writing.run(statement);
    }
    const row = `SELECT 'w' AS writer, 0::BIGINT AS seq, 'metric' AS kind, 'm' AS key, 0::BIGINT AS step,
    now() AS time, 1::DOUBLE AS value, NULL::VARCHAR AS data`;
    const files = [0, 1].map((file) => ({ file, run: 0, path: join(directory, `${file}.parquet`) }));
    await writing.run(`COPY (${row}) TO ${sqlText(files[0]!.path)} (FORMAT parquet)`);
    await writing.run(`COPY (${row}, 7::BIGINT AS ${name}) TO ${sqlText(files[1]!.path)} (FORMAT parquet)`);
    await insertFiles(writing, tables, await writeSchemaFile(writing, directory), files);
    const found = await writing.runAndReadAll(`SELECT file, value FROM ${tables.points} ORDER BY file`);
    expect(found.getRows()).toEqual([
      [0, 1],
      [1, 1],
    ]);
  },
);
