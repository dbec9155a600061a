/**
 * Takes pictures of a dashboard for people to look at: wide and narrow, light and dark.
 *
 *   node test/screens.ts <address> <folder> [query] …
 *
 * Each query (such as `?smoothing=60`) is a set of four pictures; without one, the plain page is. `fixtures` in
 * place of the address takes the whole set from the fixture server.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import type { Scenario } from './fixture-data.ts';
import { startFixtureServer } from './fixture-server.ts';

const SIZES = [
  { name: '1440', width: 1440, height: 900 },
  { name: '390', width: 390, height: 844 },
] as const;
const SCENARIOS: readonly Scenario[] = ['empty', 'no-runs', 'no-metrics', 'few', 'busy', 'huge'];
/** Live pages are never quiet, so pictures wait for the charts and then a little. */
const SETTLE_MS = 900;

export async function takeScreens(
  browser: Browser,
  url: string,
  folder: string,
  name: string,
  act?: (page: Page, size: string) => Promise<void>,
): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const problems: string[] = [];
  for (const scheme of ['light', 'dark'] as const) {
    for (const size of SIZES) {
      const context = await browser.newContext({
        viewport: { width: size.width, height: size.height },
        colorScheme: scheme,
        deviceScaleFactor: size.width < 500 ? 2 : 1,
        hasTouch: size.width < 500,
        reducedMotion: 'reduce',
      });
      const page = await context.newPage();
      page.on('pageerror', (error) => problems.push(`${name} ${size.name} ${scheme}: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(`${name} ${size.name} ${scheme}: ${message.text()}`);
      });
      await page.goto(url);
      await page.waitForTimeout(SETTLE_MS);
      if (act) {
        await act(page, size.name);
        await page.waitForTimeout(SETTLE_MS / 2);
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) problems.push(`${name} ${size.name} ${scheme}: the page is ${wide} px too wide`);
      await page.screenshot({ path: join(folder, `${name}-${size.name}-${scheme}.png`) });
      await context.close();
    }
  }
  return problems;
}

async function main([address = 'fixtures', folder = 'screens', ...queries]: string[]): Promise<void> {
  const browser = await chromium.launch({
    executablePath: process.env['LAMELLA_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const problems: string[] = [];
  if (address === 'fixtures') {
    for (const scenario of SCENARIOS.filter((one) => queries.length === 0 || queries.includes(one))) {
      const server = await startFixtureServer(scenario);
      problems.push(...(await takeScreens(browser, server.url, folder, scenario)));
      await server.close();
    }
  } else {
    for (const [i, query] of (queries.length > 0 ? queries : ['']).entries()) {
      problems.push(...(await takeScreens(browser, new URL(query, address).href, folder, `page-${i}`)));
    }
  }
  await browser.close();
  process.stdout.write(problems.length > 0 ? `${problems.join('\n')}\n` : 'no errors on any page\n');
}

if (import.meta.main) await main(process.argv.slice(2));
