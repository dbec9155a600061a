/** `lamella show` over a directory in which the real Trackio writes: every row once, none gone, none late. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { scratch } from '../packages/trackio/test/directories.ts';
import { trackioEnvironment, trackioPythons } from '../packages/trackio/test/trackio-venv.ts';
import type { RunRow } from '../packages/app/src/procedures/types.ts';
import { startServer } from '../packages/app/src/server/start.ts';

const PYTHONS = trackioPythons();

const ROWS = 150;
const LOGGER = `
import time, trackio
trackio.init(project='live', name='r', config={'lr': 0.1})
for i in range(${ROWS}):
    trackio.log({'x': i}); time.sleep(0.02)
trackio.finish()`;
const IMPORTER = `
import time
from trackio.fragments import import_inbox_dir
while True:
    import_inbox_dir(); time.sleep(0.7)`;

function startPython(python: string, dir: string, mode: string, code: string): ChildProcess {
  const child = spawn(python, ['-c', code], {
    env: trackioEnvironment(dir, { TRACKIO_STORAGE_MODE: mode }),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function post<T>(url: string, name: string, body: unknown): Promise<T | null> {
  const response = await fetch(`${url}/api/${name}`, { method: 'POST', body: JSON.stringify(body) });
  // Until the writer has made its tables there is no project, or one that cannot be opened yet.
  return response.ok ? ((await response.json()) as T) : null;
}

/** The steps that a chart shows, ascending. */
async function stepsShown(url: string): Promise<number[]> {
  const listed = await post<{ runs: RunRow[] }>(url, 'list_runs', { project: 'live' });
  const runs = (listed?.runs ?? []).map(({ id }) => id);
  if (runs.length === 0) return [];
  const request = { project: 'live', runs, metrics: ['x'], x: 'step', buckets: 4000 };
  const answer = await post<{ entries: { x: number[] }[] }>(url, 'series', request);
  return (answer?.entries ?? []).flatMap(({ x }) => x).sort((a, b) => a - b);
}

describe.each(PYTHONS)('Trackio $version', ({ python }) => {
  it.skipIf(python === null).each([
    ['sqlite', 'local', false],
    ['sqlite', 'network', false],
    ['jsonl', 'network', false],
    ['jsonl', 'network', true],
  ] as const)(
    'in %s mode on a %s disk is shown live (imported meanwhile: %s)',
    async (mode, disk, imported) => {
      const work = scratch();
      onTestFinished(() => work.dispose());
      vi.stubEnv('LAMELLA_FILESYSTEM_CLASS', disk);
      onTestFinished(() => void vi.unstubAllEnvs());
      const dir = join(work.path, 'trackio');
      mkdirSync(dir);
      const server = await startServer({ dir, port: 0, onTrouble: () => undefined });
      onTestFinished(() => server.close());
      const logger = startPython(python ?? '', dir, mode, LOGGER);
      let ended = false;
      const exit = once(logger, 'exit').then(([code]) => {
        ended = true;
        return code as number | null;
      });
      if (imported) startPython(python ?? '', dir, mode, IMPORTER);
      const deadline = Date.now() + 60_000;
      let [seen, looks] = [0, 0];
      while (!ended || seen < ROWS) {
        if (Date.now() > deadline) throw new Error(`only ${seen} of ${ROWS} rows after 60 s`);
        const steps = await stepsShown(server.url);
        expect(steps).toEqual(Array.from({ length: steps.length }, (_, step) => step));
        expect(steps.length).toBeGreaterThanOrEqual(seen);
        if (steps.length !== seen) looks++;
        seen = steps.length;
        await sleep(50);
      }
      expect(await exit).toBe(0);
      expect(looks).toBeGreaterThan(2);
      const { runs } = (await post<{ runs: RunRow[] }>(server.url, 'list_runs', { project: 'live' }))!;
      expect(runs).toHaveLength(1);
      expect(runs[0]).toMatchObject({ name: 'r', lastStep: ROWS - 1, config: { lr: 0.1 }, problems: [] });
      if (mode === 'sqlite') expect(runs[0]!.age === undefined).toBe(disk === 'local');
    },
  );
});
