/**
 * How long a value takes from `log()` to the screen: a real process with the SDK on a local disk, the real server,
 * and headless Chromium, in the first two minutes of a run. The process logs 10 calls a second of other metrics all
 * the while, as a training would.
 *
 * One sample: the process logs a value of the watched metric and tells when; the page looks every 20 ms whether a
 * pixel of that metric's chart has changed. The next value is logged after a random pause, so that samples fall
 * anywhere between two flushes. What is measured is therefore an upper bound, by up to 20 ms.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '@lamella/store/node';
import type { Page } from 'playwright-core';
import { startServer } from '../packages/app/src/server/start.ts';
import { launchChromium } from '../scripts/chromium.ts';
import { DASHBOARD, run } from '../scripts/steps.ts';
import { atMost, type Figure, percentile, type Scenario, type ScenarioContext, told } from './scenario.ts';

const RUN_MS = 120_000;
const QUICK_MS = 10_000;
const PAUSE_MS_MAX = 1500;
const LOOK_MS = 20;
/** A value that is not on the screen by then is a failure of the benchmark, not a sample. */
const LOST_MS = 30_000;
const CHART = '[role=img][aria-label*="watched"] canvas';

export const scenario: Scenario = {
  name: 'live',
  about: 'time from log() to a changed pixel in headless Chromium, local disk, first two minutes of a run',
  run: measure,
};

async function measure({ log, quick }: ScenarioContext): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'lamella-bench-live-'));
  if ((await run({ ...DASHBOARD, stdout: 'stderr' })) !== 0) throw new Error('the dashboard does not build');
  await openStore(dir, { create: true });
  const server = await startServer({ dir, host: '127.0.0.1', port: 0 });
  const logger = startLogger(dir);
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const started = performance.now();
    await logOne(logger);
    await logOne(logger);
    await page.goto(`${server.url}?project=live`);
    await page.locator(CHART).first().waitFor({ timeout: LOST_MS });
    await watchPixels(page);
    await sleep(2000);

    const samples: number[] = [];
    while (performance.now() - started < (quick ? QUICK_MS : RUN_MS)) {
      samples.push(await sample(page, logger));
      if (samples.length % 10 === 0) log(`${samples.length} values seen`);
      await sleep(Math.random() * PAUSE_MS_MAX);
    }
    log(`${samples.length} values seen, all of them`);
    return [
      atMost('p95_ms', percentile(samples, 0.95), 'ms', 1500),
      told('p50_ms', percentile(samples, 0.5), 'ms'),
      told('max_ms', percentile(samples, 1), 'ms'),
      told('samples', samples.length, 'values'),
    ];
  } finally {
    await browser.close();
    // It ends its run first: a publisher that is still at work would make the directory again.
    const ended = once(logger, 'exit');
    logger.kill('SIGTERM');
    await ended;
    await server.close();
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

function startLogger(dir: string): ChildProcess {
  const script = join(import.meta.dirname, 'live', 'logger.ts');
  return spawn(process.execPath, ['--conditions=source', script, dir], { stdio: ['ignore', 2, 2, 'ipc'] });
}

/** Asks for one value, and answers when `log()` was called: milliseconds since 1970, with fractions. */
async function logOne(logger: ChildProcess): Promise<number> {
  logger.send('log');
  const [loggedAt] = (await once(logger, 'message')) as [number];
  return loggedAt;
}

async function sample(page: Page, logger: ChildProcess): Promise<number> {
  await page.evaluate('watch.arm()');
  const loggedAt = await logOne(logger);
  const seen = page.evaluate<number>('watch.changed');
  const seenAt = await Promise.race([seen, sleep(LOST_MS, null, { ref: false })]);
  if (seenAt === null) throw new Error(`a logged value did not change a pixel in ${LOST_MS / 1000} s`);
  return seenAt - loggedAt;
}

/** Puts `watch` into the page: `arm()` remembers the chart's picture, `changed` resolves with the time it changes. */
async function watchPixels(page: Page): Promise<void> {
  await page.evaluate(
    ([selector, lookMs]) => {
      // A chart may lay several canvases over each other: the picture is all of them.
      const picture = (): Uint32Array[] =>
        [...document.querySelectorAll<HTMLCanvasElement>(selector)].map((canvas) => {
          const image = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height);
          return new Uint32Array(image?.data.buffer ?? new ArrayBuffer(0));
        });
      const same = (one: readonly Uint32Array[], other: readonly Uint32Array[]): boolean =>
        one.length === other.length &&
        one.every((pixels, index) => {
          const against = other[index];
          return pixels.length === against?.length && pixels.every((pixel, at) => pixel === against[at]);
        });
      const watch = {
        changed: Promise.resolve(0),
        arm(): void {
          const before = picture();
          watch.changed = new Promise((resolve) => {
            const timer = setInterval(() => {
              if (same(picture(), before)) return;
              clearInterval(timer);
              resolve(performance.timeOrigin + performance.now());
            }, lookMs);
          });
        },
      };
      Object.assign(globalThis, { watch });
    },
    [CHART, LOOK_MS] as const,
  );
}
