/** The demo as a newcomer starts it. */
import { openReader } from '@lamella/store';
import { createFilesystemBackend, nodeCodec, systemClock } from '@lamella/store/node';
import { expect, it } from 'vitest';
import { markedProcesses, newFolder, start, waitFor } from './processes.ts';

it('npm run demo -- --once --json trains in 8 processes and prints one object, with nothing lost', async () => {
  const dir = newFolder();
  const demo = await start('npm', ['run', 'demo', '--', '--once', '--json', '--epochs', '3', '--dir', dir])
    .ended;
  expect(demo.code, demo.stderr).toBe(0);
  const lines = demo.stdout.trim().split('\n');
  expect(lines).toHaveLength(1);
  const result = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  expect(Object.keys(result).sort()).toEqual([
    'dir',
    'logCalls',
    'lost',
    'records',
    'runs',
    'seconds',
    'writers',
  ]);
  expect(result).toMatchObject({ dir, runs: 4, writers: 8, lost: 0 });
  // 125 steps of every rank in each of 3 epochs, and one evaluation by one rank of each run.
  expect(result['logCalls']).toBe(4 * 3 * (2 * 125 + 1));
  expect(Number(result['records'])).toBeGreaterThan(Number(result['logCalls']));
});

it('npm run demo goes on serving after the training, until Ctrl-C', async () => {
  const demo = start('npm', ['run', 'demo', '--', '--epochs', '1', '--dir', newFolder()]);
  const url = await waitFor('the end of the training', () => /goes on at (\S+)/.exec(demo.stderr())?.[1]);
  const page = await fetch(url);
  expect(page.status).toBe(200);
  expect(await page.text()).toMatch(/<script type="module"/);
  demo.interrupt();
  const ended = await demo.ended;
  // npm itself may end by the signal.
  expect(ended.code ?? ended.signal, ended.stderr).toBeOneOf([0, 130, 'SIGINT']);
  expect(ended.stdout).toBe('');
});

it('Ctrl-C during the training ends all processes and leaves a store that can be read', async () => {
  const dir = newFolder();
  const demo = start('npm', ['run', 'demo', '--', '--epochs', '500', '--dir', dir]);
  await waitFor('the first epoch', () => demo.stderr().includes('epoch 1 of 500'));
  demo.interrupt();
  const ended = await demo.ended;
  expect(ended.code ?? ended.signal, ended.stderr).toBeOneOf([130, 'SIGINT']);
  await waitFor('the end of all processes', () => markedProcesses().length === 0);

  const reader = openReader({ backend: createFilesystemBackend(dir), codec: nodeCodec, clock: systemClock });
  const runs = await reader.listRuns('digits');
  expect(runs).toHaveLength(4);
  for (const run of runs) {
    const view = await reader.refreshRun('digits', run);
    expect(view.bad).toEqual([]);
    const rows = await reader.readRows(view);
    expect(rows.kind).toContain('metric');
  }
});
