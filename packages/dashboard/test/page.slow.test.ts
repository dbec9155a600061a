/**
 * The built page in a browser, against the fixture server: what it asks for, what it shows, and that it holds still
 * under a strict policy. Builds into a temporary folder, so that it never runs an old page.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fixtureOf } from './fixture-data.ts';
import type { Fixture, Scenario } from './fixture-data.ts';
import type { FixtureServer } from './fixture-server.ts';
import { startFixtureServer } from './fixture-server.ts';

const CHROMIUM = process.env['LAMELLA_CHROMIUM'] ?? '/usr/bin/chromium';
const folder = mkdtempSync(join(tmpdir(), 'lamella-page-'));
let browser: Browser | null = null;
let server: FixtureServer | null = null;
const problems: string[] = [];

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) return;
  // A test runner's mode would build React's slow development version.
  const mode = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  await build({
    root: join(import.meta.dirname, '..'),
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true },
  });
  process.env['NODE_ENV'] = mode;
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
});

afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
  await server?.close();
  expect(problems.splice(0)).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Polls: the machine that runs this may be busy with much else. */
const expectSoon = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

async function open(scenario: Scenario | Fixture, search = '', width = 1440): Promise<Page> {
  server = await startFixtureServer(scenario, 0, folder);
  if (!browser) throw new Error('no browser');
  const context = await browser.newContext({ viewport: { width, height: 900 } });
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(server.url + search);
  return page;
}

const seriesAsked = (): { metrics: string[]; runs: string[]; range?: number[] }[] =>
  (server?.asked ?? [])
    .filter(({ name }) => name === 'series')
    .map(({ body }) => body as { metrics: string[]; runs: string[]; range?: number[] });

const chart = (page: Page, name: string) => page.locator(`[role=img][aria-label^="${name}:"]`);

describe.skipIf(!existsSync(CHROMIUM))('the page (needs a Chromium)', () => {
  it('says that a project is not there without calling the server away', async () => {
    const page = await open('few', '?project=nope');
    await page.getByText('No such project').waitFor();
    await page.waitForTimeout(1500);
    expect(await page.getByRole('complementary').innerText()).toMatch(/Live[^]*No runs yet/);
    expect(problems.splice(0).every((text) => text.includes('404'))).toBe(true);
  });

  it('asks for the charts on the screen only, in few requests', async () => {
    const page = await open('busy');
    await chart(page, 'data/block_10/norm').waitFor();
    await page.waitForTimeout(800);
    const metrics = seriesAsked().flatMap((request) => request.metrics);
    expect(metrics.length).toBeLessThan(20);
    expect(new Set(metrics).size).toBe(metrics.length);
    expect(seriesAsked().length).toBeLessThan(metrics.length / 2);
    await page.locator('main').evaluate((main) => main.scrollTo(0, main.scrollHeight));
    await expectSoon(() => seriesAsked().flatMap((request) => request.metrics)).toContain('cpu/utilization');
  });

  it('asks for the changed series of a live run, and draws it without a reload', async () => {
    const fixture = fixtureOf('few');
    const page = await open(fixture);
    const loss = chart(page, 'train/loss');
    await expectSoon(() => loss.getAttribute('aria-label')).toContain('4 runs');
    const picture = (): Promise<string> =>
      loss.locator('canvas.lamella-lines').evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const before = await picture();
    const asked = seriesAsked().length;
    const run = fixture.runs[0]?.id ?? '';
    const higher: Fixture = {
      ...fixture,
      series: (kind, metric, id) => {
        const series = fixture.series(kind, metric, id);
        return series && id === run ? { ...series, value: series.value.map((v) => v + 1) } : series;
      },
    };
    server?.change(higher, { runs: [{ run, metrics: ['train/loss', 'not/on/screen'] }] });
    await expectSoon(picture).not.toBe(before);
    expect(
      seriesAsked()
        .slice(asked)
        .map(({ metrics, runs }) => [metrics, runs]),
    ).toEqual([[['train/loss'], [run]]]);
  });

  it('shows a new run and a new metric by themselves', async () => {
    const later = fixtureOf('few');
    const early: Fixture = { ...later, runs: later.runs.slice(0, 1), metrics: later.metrics.slice(0, 3) };
    const page = await open(early);
    await chart(page, 'train/loss').waitFor();
    server?.change(later, { all: true });
    await expectSoon(() => page.locator('aside li').count()).toBe(4);
    await chart(page, 'eval/loss').waitFor();
  });

  it('keeps what it shows when the store is found empty', async () => {
    const page = await open('few');
    await chart(page, 'train/loss').waitFor();
    server?.change({ ...fixtureOf('few'), projects: [] }, {});
    await page.waitForTimeout(10_500);
    await expectSoon(() => server?.asked.filter(({ name }) => name === 'list_projects').length).toBe(2);
    await page.waitForTimeout(300);
    expect(await chart(page, 'train/loss').count()).toBe(1);
    expect(await page.getByRole('complementary').innerText()).toContain('brave-lynx');
    expect(problems.splice(0).every((text) => text.includes('404'))).toBe(true);
  });

  it('listens only while somebody can see it', async () => {
    const page = await open('few');
    await expectSoon(() => server?.streams()).toBe(1);
    const show = (state: string): Promise<void> =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => value });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    await show('hidden');
    server?.dropStreams();
    await page.waitForTimeout(2500);
    expect(server?.streams()).toBe(0);
    await show('visible');
    await expectSoon(() => server?.streams()).toBe(1);
    // The browser's own word on the stream that broke off.
    expect(problems.splice(0).length).toBeLessThanOrEqual(1);
  });

  it('keeps its state in the address, and goes back', async () => {
    const page = await open('few');
    await chart(page, 'train/loss').waitFor();
    await page.getByRole('button', { name: 'Relative' }).click();
    await page.getByRole('button', { name: 'log y' }).click();
    await page.getByText('brave-lynx').first().hover();
    await page.getByRole('button', { name: /^Show only brave/ }).click();
    await expectSoon(() => chart(page, 'train/loss').getAttribute('aria-label')).toContain('1 run, log');
    expect(page.url()).toMatch(/\?project=digits&run_ids=r002\w+&x_axis=relative&log_y=1$/);
    const copy = await page.context().newPage();
    await copy.goto(page.url());
    await expectSoon(() => chart(copy, 'train/loss').getAttribute('aria-label')).toContain('1 run, log');
    await page.goBack();
    await expectSoon(() => chart(page, 'train/loss').getAttribute('aria-label')).toContain('4 runs, log');
    await page.goBack();
    await expectSoon(() => chart(page, 'train/loss').getAttribute('aria-label')).toBe('train/loss: 4 runs');
  });

  it('zooms by dragging with exact data, for all charts of the axis, and resets', async () => {
    const page = await open('busy', '?metric_filter=norm');
    const first = chart(page, 'data/block_10/norm');
    await expectSoon(() => first.getAttribute('aria-label')).toContain('50 runs');
    const box = await first.boundingBox();
    if (!box) throw new Error('no chart');
    const before = seriesAsked().length;
    await page.mouse.move(box.x + box.width * 0.4, box.y + 80);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 90, { steps: 4 });
    await page.mouse.up();
    await expectSoon(() => seriesAsked().length).toBeGreaterThan(before);
    const { range } = seriesAsked().at(-1) ?? {};
    expect(range?.[0]).toBeGreaterThan(3000);
    expect(range?.[1]).toBeLessThan(9000);
    expect(page.url()).toContain('xmin=');
    await first.dblclick({ position: { x: box.width / 2, y: 80 } });
    await expectSoon(() => page.url()).not.toContain('xmin=');
  });

  it('keeps what it shows while the server is gone, says so, and catches up', async () => {
    const page = await open('few');
    await expectSoon(() => chart(page, 'train/loss').getAttribute('aria-label')).toContain('4 runs');
    const port = Number(new URL(server?.url ?? '').port);
    await server?.close();
    await page.getByText('Offline, retrying').first().waitFor();
    expect(await chart(page, 'train/loss').getAttribute('aria-label')).toContain('4 runs');
    server = await startFixtureServer('few', port, folder);
    await page.getByText('Live', { exact: true }).waitFor({ timeout: 15_000 });
    // The browser reports each refused connection as an error; they were meant.
    problems.splice(0);
  });

  it('is worked by keyboard: search, enlarge, neighbours, back', async () => {
    const page = await open('few');
    await chart(page, 'train/loss').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('loss');
    await expectSoon(() => page.locator('[role=img]').count()).toBe(2);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Enlarge eval/loss' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'eval/loss' }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('region', { name: 'train/loss' }).waitFor();
    await page.keyboard.press('Escape');
    await expectSoon(() => page.locator('[role=img]').count()).toBe(2);
  });

  it.each(['empty', 'no-runs', 'no-metrics', 'few', 'huge'] as const)(
    'fits 390 px with %s',
    async (scenario) => {
      const page = await open(scenario, '', 390);
      await page.waitForTimeout(500);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
      expect(await page.locator('body').innerText()).not.toBe('');
    },
  );
});
