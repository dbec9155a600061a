/** What is published: built, and started as a user starts it. */
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { addressOf, newFolder, ROOT, start, startScript } from './processes.ts';

const command = join(ROOT, 'node_modules', '.bin', 'lamella');

beforeAll(async () => {
  const built = await startScript('scripts/build.ts', []).ended;
  expect(built.code, built.stdout + built.stderr).toBe(0);
});

it('the built command tells its version and helps', async () => {
  const version = await start(command, ['--version']).ended;
  expect(version).toMatchObject({ code: 0, stderr: '' });
  expect(version.stdout).toContain('0.1.0');
  const help = await start(command, ['--help']).ended;
  expect(help.code).toBe(0);
  for (const name of ['show', 'list', '--dir', '--help']) expect(help.stdout).toContain(name);
});

it('the command started by an older Node finds the one that it needs', async (context) => {
  const older = spawnSync('/usr/bin/env', ['node', '--version'], {
    env: { PATH: systemPath() },
    encoding: 'utf8',
  });
  context.skip(!older.stdout.startsWith('v20.'), 'no Node 20 outside of this project');
  const version = await start(command, ['--version'], { env: { PATH: systemPath() } }).ended;
  expect(version).toMatchObject({ code: 0, stderr: '' });
});

it('a process logs with the built SDK, and the built server shows its page and its run', async () => {
  const dir = newFolder();
  const program = `
    import { init } from '@lamella/client';
    const run = init({ dir: ${JSON.stringify(dir)}, project: 'built', id: 'run-1', name: 'run-1' });
    for (let step = 0; step < 100; step++) run.log({ loss: 1 / (1 + step) }, { step });
    await run.finish();`;
  // Without the condition "source": the packages resolve to their dist/.
  const logged = await start(process.execPath, ['--input-type=module', '--eval', program]).ended;
  expect(logged).toMatchObject({ code: 0, stderr: '' });

  const server = start(command, ['show', '--dir', dir, '--port', '0']);
  const url = await addressOf(server);
  const page = await fetch(url);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toMatch(/<script type="module"/);
  const runs = await fetch(new URL('/api/list_runs', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ project: 'built' }),
  });
  expect(await runs.json()).toMatchObject({ runs: [{ id: 'run-1', state: 'ended', lastStep: 99 }] });
  server.interrupt();
  expect((await server.ended).code).toBeOneOf([0, 130]);
});

/** PATH without the folders of this project, where its own Node is. */
function systemPath(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.filter((folder) => !folder.startsWith(ROOT)).join(delimiter);
}
