/** From `log()` in a process to a curve in a browser, through everything that is between them. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launchChromium } from '../../scripts/chromium.ts';
import { DASHBOARD, run as runStep } from '../../scripts/steps.ts';
import { addressOf, lamella, newFolder, type Process, ROOT, startScript, waitFor } from './processes.ts';

const dir = newFolder();
let trainer: Process;

beforeAll(async () => {
  const options = { dir, project: 'first', name: 'light', id: 'light-1', config: { learning_rate: 0.1 } };
  trainer = startScript('test/e2e/trainer.ts', [JSON.stringify(options), '100'], { ipc: true });
  await waitFor('100 calls', () => trainer.stdout().includes('logged 100'));
});

describe('the command line', () => {
  it('lists what a running process has logged, within its flush interval', async () => {
    const metrics = await waitFor('the metrics', async () => {
      const listed = await lamella([
        'list',
        'metrics',
        '--dir',
        dir,
        '--project',
        'first',
        '--run',
        'light-1',
        '--json',
      ]);
      const answer = listed.code === 0 ? (JSON.parse(listed.stdout) as { metrics: string[] }) : null;
      return answer?.metrics.length === 2 ? answer.metrics : null;
    });
    expect(metrics).toEqual(['accuracy', 'loss']);
    const projects = await lamella(['list', 'projects', '--dir', dir, '--json']);
    expect(JSON.parse(projects.stdout)).toMatchObject({ projects: ['first'] });
    const runs = await lamella(['list', 'runs', '--dir', dir, '--project', 'first', '--json']);
    expect(JSON.parse(runs.stdout)).toMatchObject({ project: 'first', runs: ['light'] });
  });
});

describe('the dashboard', () => {
  let browser: Browser | null = null;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    if (findChromium() === null) return;
    if (!existsSync(join(ROOT, 'packages/app/dist/dashboard/index.html')))
      expect(await runStep(DASHBOARD)).toBe(0);
    const server = startScript('packages/app/src/commands/main.ts', [
      'show',
      '--dir',
      dir,
      '--port',
      '0',
      '--project',
      'first',
    ]);
    const url = await addressOf(server);
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(url);
  });

  afterAll(async () => {
    await browser?.close();
  });

  it('shows a chart for each metric, and new points without a reload', async (context) => {
    context.skip(browser === null, 'no Chromium');
    await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }));
    const chart = page.locator('[role=img][aria-label*="loss"]').first();
    await chart.waitFor();
    const before = await waitFor('a drawn chart', async () => {
      const drawn = await canvasOf(page);
      return drawn.colours > 1 ? drawn.pixels : null;
    });
    trainer.child.send('more');
    await waitFor('another picture', async () => (await canvasOf(page)).pixels !== before);
    expect(await page.evaluate(() => 'sameDocument' in globalThis)).toBe(true);
    mkdirSync(join(ROOT, '.cache', 'screenshots'), { recursive: true });
    writeFileSync(join(ROOT, '.cache', 'screenshots', 'first-light.png'), await page.screenshot());
    expect(problems).toEqual([]);
  });
});

it('the run ends as ended', async () => {
  trainer.child.send('finish');
  expect(await trainer.ended).toMatchObject({ code: 0, stderr: '' });
  const runs = await lamella(['list', 'runs', '--dir', dir, '--project', 'first', '--json']);
  expect(runs.stdout).toContain('"ended"');
});

/** The picture of the loss chart as a string, and the number of its colours. */
function canvasOf(page: Page): Promise<{ readonly pixels: string; readonly colours: number }> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('[role=img][aria-label*="loss"] canvas');
    if (canvas === null) return { pixels: '', colours: 0 };
    const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
    return {
      pixels: canvas.toDataURL(),
      colours: new Set(new Uint32Array(data?.buffer ?? new ArrayBuffer(0))).size,
    };
  });
}
