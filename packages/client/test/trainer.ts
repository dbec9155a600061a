// Training processes for tests: `trainer.ts <scenario> <dir> …`. Every scenario uses the SDK as a user would.
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { closeSync, openSync, rmdirSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { config, finish, init, log, Table } from '../src/index.ts';

const CALLS = 5000;

function metrics(step: number): Record<string, number> {
  return { loss: 1 / (1 + step), accuracy: step / 10_000, norm: Math.sin(step) };
}

const [scenario = '', dir = '', ...rest] = process.argv.slice(2);

const SCENARIOS: Readonly<Record<string, () => void | Promise<void>>> = {
  /** Never yields; counts every call whose log() has returned in a file that survives the process. */
  endless() {
    const run = init({ project: 'p', id: 'r', dir });
    const fd = openSync(rest[0] ?? '', 'w');
    const count = new BigInt64Array(1);
    const seconds = Number(rest[1]);
    const start = performance.now();
    for (let i = 0; performance.now() - start < seconds * 1000; i++) {
      run.log(metrics(i), i);
      count[0] = BigInt(i + 1);
      writeSync(fd, count, 0, 8, 0);
      while (performance.now() - start < i / 10); // 10,000 calls a second
    }
    process.kill(process.pid, 'SIGKILL');
  },
  exit() {
    const run = init({ project: 'p', id: 'r', dir });
    for (let i = 0; i < CALLS; i++) run.log(metrics(i));
    process.exit(Number(rest[0]));
  },
  /** A natural end without finish. */
  end() {
    const run = init({ project: 'p', id: 'r', dir });
    for (let i = 0; i < CALLS; i++) run.log(metrics(i));
  },
  uncaught() {
    const run = init({ project: 'p', id: 'r', dir });
    for (let i = 0; i < CALLS; i++) run.log(metrics(i));
    throw new TypeError('the loss is gone');
  },
  rejected() {
    const run = init({ project: 'p', id: 'r', dir });
    for (let i = 0; i < CALLS; i++) run.log(metrics(i));
    void Promise.reject(new RangeError('no such batch'));
  },
  async terminated() {
    const run = init({ project: 'p', id: 'r', dir });
    for (let i = 0; i < CALLS; i++) run.log(metrics(i));
    process.stdout.write('logged\n');
    await sleep(60_000);
  },
  /** Logs for ever, a call a millisecond; tells on stdout how long the slowest took. */
  async steady() {
    const run = init({ project: 'p', id: 'r', dir });
    const seconds = Number(rest[0]);
    const start = performance.now();
    const times: number[] = [];
    let step = 0;
    for (; performance.now() - start < seconds * 1000; step++) {
      const before = performance.now();
      run.log(metrics(step), step);
      times.push(performance.now() - before);
      if (step === 0) process.stdout.write('started\n');
      await sleep(1);
    }
    const flushed = rest[1] === 'flush' ? await run.flush() : undefined;
    const before = performance.now();
    const result = await run.finish();
    const finishMs = performance.now() - before;
    const median = times.toSorted((a, b) => a - b)[times.length >> 1];
    process.stdout.write(`${JSON.stringify({ calls: step, flushed, result, finishMs, median })}\n`);
  },
  /** Two runs by the functions of the module. */
  async module() {
    init({ project: 'p', id: 'first', dir, config: { lr: 0.1 } });
    log({ a: 1 });
    config['lr'] = 0.2;
    init({ project: 'p', id: 'second', dir });
    config.update({ batch: 32, nested: { x: [1] } });
    log({ b: 1 }, { step: 7 });
    log({ b: 2 });
    process.stdout.write(`${JSON.stringify(await finish())}\n`);
    log({ late: 1 });
    log({ late: 2 });
  },
  async family() {
    const run = init({ project: 'p', id: 'family', dir });
    run.log({ parent: 1 });
    const child = fork(process.argv[1] ?? '', ['member', dir, 'fork']);
    await new Promise((resolve) => child.once('exit', resolve));
    const thread = new Worker(new URL(import.meta.url), { argv: ['member', dir, 'thread'] });
    await new Promise((resolve) => thread.once('exit', resolve));
    cluster.setupPrimary({ exec: process.argv[1] ?? '', args: ['member', dir, 'cluster'] });
    const worker = cluster.fork();
    await new Promise((resolve) => worker.once('exit', resolve));
    run.log({ parent: 2 });
    await run.finish();
  },
  async member() {
    const run = init({ project: 'p', id: 'family', dir });
    run.log({ [rest[0] ?? '']: 1 });
    await run.finish();
    if (cluster.isWorker) cluster.worker?.disconnect();
  },
  async values() {
    const run = init({ project: 'p', id: 'r', dir });
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    run.log({
      nan: NaN,
      inf: Infinity,
      '-inf': -Infinity,
      '-0': -0,
      tiny: Number.MIN_VALUE,
      max: Number.MAX_VALUE,
    });
    run.log({
      at: 0,
      long: 2n ** 63n - 1n,
      short: 7n,
      yes: true,
      text: 'line\n"quoted" 🌊',
      nothing: undefined,
    });
    run.log({ at: 0 }, { step: 100 });
    run.log({ at: 0 });
    run.log({ at: 0 }, -5);
    run.log({ at: 0 });
    run.log({ at: 0 }, { step: 2.5 });
    run.log({ at: 0 }, { step: 2n ** 63n - 1n });
    run.log(
      {
        nested: { a: [1, NaN, { b: null }], big: 2n ** 60n },
        table: new Table({ columns: ['label', 'share'], data: [['cat', 0.5]] }),
        typed: Float32Array.of(0.5, 1.5),
        date: new Date('2026-01-02T03:04:05Z'),
      },
      { step: 0 },
    );
    for (let i = 0; i < 3; i++) run.log({ f: () => 1, circle, huge: 2n ** 64n }, { step: 0 });
    run.log({ ['n'.repeat(10_240)]: 1 }, { step: 0 });
    run.log({ lost: 1 }, NaN);
    run.log([1] as never);
    run.log([2] as never);
    run.logSystem({ 'gpu/0/temp': 41 });
    process.stdout.write(JSON.stringify(await run.finish()));
  },
  /** No descriptor is left for a publisher. */
  async exhausted() {
    const opened: number[] = [];
    try {
      for (;;) opened.push(openSync('/dev/null', 'r'));
    } catch {
      // EMFILE: that was the aim
    }
    for (let free = Number(rest[0]); free > 0; free--) closeSync(opened.pop() ?? 0);
    const run = init({ project: 'p', id: 'r', dir });
    run.log({ x: 1 });
    const result = await run.finish();
    await sleep(50); // errors that come as events would come now
    process.stdout.write(JSON.stringify(result));
  },
  /** In a working directory that is gone. */
  async removed() {
    process.chdir(rest[0] ?? '');
    rmdirSync(rest[0] ?? '');
    process.stdout.write('removed\n');
    const run = init({ project: 'p', id: 'r', dir });
    run.log({ x: 1 });
    await run.finish();
  },
  /** After SIGUSR2 many calls at once. */
  async flood() {
    const run = init({ project: 'p', id: 'r', dir });
    run.log({ first: 1 });
    await run.flush();
    const told = new Promise((resolve) => process.once('SIGUSR2', resolve));
    process.stdout.write('first\n');
    const alive = setInterval(() => undefined, 1000);
    await told;
    clearInterval(alive);
    for (let i = 0; i < 50_000; i++) run.log(metrics(i));
    process.stdout.write('flooded\n');
    await sleep(1500);
    run.log({ last: 1 });
    process.stdout.write(JSON.stringify(await run.finish()));
  },
  async resumed() {
    const run = init({ project: 'p', id: 'once', dir, resume: rest[0] as 'never' });
    for (const step of [undefined, undefined, 10, undefined]) run.log({ x: 1 }, { step });
    await run.finish();
  },
  async rank() {
    const run = init({
      project: 'p',
      dir,
      ...(rest[0] === undefined ? {} : { id: rest[0] }),
      config: { rank: 'any' },
    });
    for (let step = 0; step < 100; step++) run.log({ loss: run.rank }, { step });
    await run.finish();
    process.stdout.write(`${JSON.stringify({ id: run.id, rank: run.rank, worldSize: run.worldSize })}\n`);
  },
};

await SCENARIOS[scenario]?.();
