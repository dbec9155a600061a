/** What is published works where it is installed: without sources, without this repository, and small. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRun, runEvent, stepsOf } from './stored.ts';
import { makeDirectory } from './trainer-process.ts';

const CLIENT = join(import.meta.dirname, '..');
const STORE = join(CLIENT, '..', 'store');
const TRACKIO = join(CLIENT, '..', 'trackio');
const ROOT = join(CLIENT, '..', '..');
const KILOBYTES_MAX = 2000;

const SCRIPT = `
import { init } from '@lamella/client';
import { resolveStoreDir } from '@lamella/client/environment';
const run = init({ project: 'p', id: 'r', dir: resolveStoreDir(process.env) });
for (let step = 0; step < 1000; step++) run.log({ loss: 1 / (1 + step) }, { step });
console.log(JSON.stringify(await run.finish()));
`;

let directory: ReturnType<typeof makeDirectory>;
let app: string;

/** Packs a folder as npm would publish it; the tarball's path. */
function pack(folder: string): string {
  const output = execFileSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', directory.path],
    {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const [{ filename }] = JSON.parse(output) as [{ filename: string }];
  return join(directory.path, filename);
}

/** A copy of a built package without what an earlier build left in `dist`: files whose source is gone. */
function fresh(folder: string): string {
  const copy = join(directory.path, basename(folder));
  for (const name of readdirSync(folder).filter((file) => /\.(?:json|md)$/.test(file))) {
    cpSync(join(folder, name), join(copy, name));
  }
  for (const source of readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!source.endsWith('.ts')) continue;
    for (const extension of ['.js', '.d.ts']) {
      const built = join('dist', source.replace(/\.ts$/, extension));
      cpSync(join(folder, built), join(copy, built));
    }
  }
  return copy;
}

/** Offline: everything that is needed must be in the tarballs. */
function install(tarballs: readonly string[]): void {
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', ...tarballs], {
    cwd: app,
    stdio: 'pipe',
  });
}

function train(env: Readonly<Record<string, string>>): { readonly stdout: string; readonly stderr: string } {
  return spawnSync(process.execPath, ['train.js'], {
    cwd: app,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
  });
}

/** The folder of an installed package that the store depends on. */
function installed(name: string): string {
  let folder = dirname(createRequire(join(STORE, 'package.json')).resolve(name));
  while (!readdirSync(folder).includes('package.json')) folder = dirname(folder);
  return folder;
}

beforeAll(() => {
  directory = makeDirectory();
  app = join(directory.path, 'app');
  mkdirSync(app);
  execFileSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '--build', CLIENT]);
  const { dependencies } = JSON.parse(readFileSync(join(STORE, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const tarballs = [fresh(STORE), fresh(CLIENT), ...Object.keys(dependencies).map(installed)].map(pack);
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  writeFileSync(join(app, 'train.js'), SCRIPT);
  install(tarballs);
});

afterAll(() => directory.remove());

describe('the packed client, installed alone', () => {
  it(`is at most ${KILOBYTES_MAX} KB with all it needs, and has no native code`, () => {
    const modules = join(app, 'node_modules');
    const size = Number(execFileSync('du', ['-sk', modules], { encoding: 'utf8' }).split('\t')[0]);
    expect(size).toBeLessThanOrEqual(KILOBYTES_MAX);
    const files = readdirSync(modules, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => /\.(?:node|so|dll|dylib|wasm)$/.test(file))).toStrictEqual([]);
    expect(
      files.filter((file) => file.startsWith('@lamella/') && file.endsWith('.ts') && !file.endsWith('.d.ts')),
    ).toStrictEqual([]);
  });

  it('has every type that its own types mention', () => {
    const missing: string[] = [];
    const visit = (file: string): void => {
      const text = readFileSync(file, 'utf8');
      for (const [, from = ''] of text.matchAll(/(?:from|import\() ?'(\.[^']+)'/g)) {
        const next = join(dirname(file), from.replace(/\.[jt]s$/, '.d.ts'));
        if (seen.has(next)) continue;
        seen.add(next);
        if (existsSync(next)) visit(next);
        else missing.push(next);
      }
    };
    const seen = new Set<string>();
    for (const name of [
      'client/dist/index',
      'client/dist/run/environment',
      'store/dist/index',
      'store/dist/node',
    ]) {
      visit(join(app, 'node_modules', '@lamella', `${name}.d.ts`));
    }
    expect(seen.size).toBeGreaterThan(10);
    expect(missing).toStrictEqual([]);
  });

  it('logs, from JavaScript and with its publisher', async () => {
    const dir = join(directory.path, 'store');
    expect(JSON.parse(train({ TRACKIO_DIR: dir }).stdout)).toStrictEqual({
      published: true,
      calls: 1000,
      dropped: 0,
      lost: 0,
    });
    const { rows } = await readRun(dir, 'p', 'r');
    expect(stepsOf(rows, 'loss')).toHaveLength(1000);
    expect(runEvent(rows, 'end')).toMatchObject({ state: 'finished' });
  });

  it('writes shards, and says so, where a mode needs the package that is not installed', async () => {
    const dir = join(directory.path, 'without');
    const { stdout, stderr } = train({ TRACKIO_DIR: dir, TRACKIO_STORAGE_MODE: 'sqlite' });
    expect(JSON.parse(stdout)).toMatchObject({ published: true, calls: 1000 });
    expect(stderr).toMatch(
      /^lamella: TRACKIO_STORAGE_MODE=sqlite needs the package @lamella\/trackio, which is not installed; shards are written instead[^\n]*\n$/,
    );
    expect(stepsOf((await readRun(dir, 'p', 'r')).rows, 'loss')).toHaveLength(1000);
  });

  it('writes Trackio’s database once that package is installed', () => {
    install([pack(fresh(TRACKIO))]);
    const dir = join(directory.path, 'with');
    const { stdout, stderr } = train({
      TRACKIO_DIR: dir,
      TRACKIO_STORAGE_MODE: 'sqlite',
      LAMELLA_FILESYSTEM_CLASS: 'local',
    });
    expect({ ...(JSON.parse(stdout) as object), stderr }).toMatchObject({
      published: true,
      calls: 1000,
      stderr: '',
    });
    expect(readdirSync(dir)).toContain('p.db');
  });
});
