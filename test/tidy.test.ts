/**
 * Rules about the project that no tool checks by itself. Each says what is wrong and where; when a rule is in the
 * way of something good, change the rule here, in the same commit, and say why.
 */
import { dirname, join } from 'node:path/posix';
import { describe, expect, it } from 'vitest';
import { AMBIENT, CONTRACTS, EMPTY_NAMES, type Layer, LAYERS, layersAsMarkdown } from './layers.ts';
import { packageOf, parse, projectFiles, readText, resolveImport, type SourceFile } from './source-files.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const FILES = projectFiles();
const SOURCES = FILES.filter((path) => /\.(ts|tsx|mjs|js)$/.test(path)).map(parse);
const MANIFESTS = FILES.filter((path) => path.endsWith('package.json'));
const WORKSPACE = MANIFESTS.map((path) => manifestOf(path).name);
const sourcesIn = (folder: string): SourceFile[] =>
  SOURCES.filter((file) => file.path.startsWith(`${folder}/`));

describe('imports', () => {
  it('every folder of a package has a layer, and every layer a folder', () => {
    const folders = SOURCES.map((file) =>
      /^packages\/(store|trackio|client|app)\/src\/([^/]+)\//.exec(file.path),
    )
      .filter((match) => match !== null)
      .map((match) => `${match[1]}/${match[2]}`);
    expect([...new Set(folders)].sort()).toEqual(LAYERS.map((layer) => layer.folder).sort());
  });

  it.each(LAYERS)('$folder imports only what its layer allows', (layer) => {
    const [name, folder] = layer.folder.split('/');
    const wrong = sourcesIn(`packages/${name}/src/${folder}`).flatMap((file) =>
      file.imports
        .filter(({ specifier, typeOnly }) => !isAllowed(layer, file.path, specifier, typeOnly))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it('the dashboard knows the application only by its types, and asks for data only in data/', () => {
    const files = sourcesIn('packages/dashboard/src');
    const imports = files.flatMap((file) =>
      file.imports
        .filter(
          ({ specifier, typeOnly }) =>
            WORKSPACE.includes(packageOf(specifier)) && !(typeOnly && specifier === 'lamella/procedures'),
        )
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    const requests = files
      .filter((file) => !file.path.startsWith('packages/dashboard/src/data/'))
      .flatMap((file) =>
        ['fetch', 'EventSource', 'XMLHttpRequest', 'WebSocket']
          .filter((name) => file.names.has(name))
          .map((name) => `${file.path} uses ${name}`),
      );
    expect([...imports, ...requests]).toEqual([]);
  });

  it('no import leaves its package by a path, except from the tests, scripts and benchmarks at the root', () => {
    const wrong = sourcesIn('packages').flatMap((file) => {
      const home = file.path.split('/').slice(0, 2).join('/');
      return file.imports
        .map(({ specifier }) => resolveImport(file.path, specifier))
        .filter((to) => to !== null && !to.startsWith(`${home}/`))
        .map((to) => `${file.path} imports ${to}`);
    });
    expect(wrong).toEqual([]);
  });

  it('every imported package is declared where it is imported', () => {
    const wrong = SOURCES.flatMap((file) => {
      const declared = declaredFor(file.path);
      return file.imports
        .map(({ specifier }) => specifier)
        .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
        .filter((specifier) => !declared.has(packageOf(specifier)))
        .map((specifier) => `${file.path} imports ${specifier}, which its package.json does not name`);
    });
    expect(wrong).toEqual([]);
  });

  it('an index lists the names that it exports', () => {
    const wrong = SOURCES.filter((file) => file.imports.some(({ all }) => all)).map((file) => file.path);
    expect(wrong).toEqual([]);
  });

  it('nothing imports in a circle', () => {
    expect(circles()).toEqual([]);
  });
});

describe('the store', () => {
  const pure = closure('packages/store/src/index.ts');

  it('has an index that never reaches a Node module', () => {
    const wrong = pure.flatMap((file) =>
      file.imports
        .filter(({ specifier, typeOnly }) => specifier.startsWith('node:') && !typeOnly)
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(pure.length).toBeGreaterThan(1);
    expect(wrong).toEqual([]);
  });

  it('gets time, randomness and everything else from outside through a constructor', () => {
    const wrong = pure.flatMap((file) => [
      ...Object.entries(AMBIENT)
        .filter(([name]) => file.names.has(name))
        .map(([name, instead]) => `${file.path} uses ${name}; use ${instead}`),
      ...(file.names.has('Math.random') ? [`${file.path} uses Math.random; use Random`] : []),
    ]);
    expect(wrong).toEqual([]);
  });

  it('has a specification whose every rule a test cites, and tests that cite only its rules', () => {
    const rules = [...readText('packages/store/SPEC.md').matchAll(/^- \*\*([A-Z]+\d+)\*\* /gm)].map(
      (match) => match[1],
    );
    const cited = SOURCES.filter((file) => file.path.startsWith('packages/store/test/')).flatMap((file) =>
      [...file.text.matchAll(/['"`]((?:\[[A-Z]+\d+\] ?)+)/g)].flatMap((match) =>
        [...(match[1] ?? '').matchAll(/[A-Z]+\d+/g)].map(([rule]) => rule),
      ),
    );
    expect(rules.length).toBeGreaterThan(0);
    expect(rules).toEqual([...new Set(rules)]);
    expect(rules.filter((rule) => !cited.includes(rule ?? ''))).toEqual([]);
    expect([...new Set(cited)].filter((rule) => !rules.includes(rule))).toEqual([]);
  });
});

describe('files', () => {
  it('are at most 400 lines long, tests and benchmarks 600', () => {
    const wrong = SOURCES.map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }))
      .filter(({ path, lines }) => lines > (/(^|\/)(test|bench)\//.test(path) ? 600 : 400))
      .map(({ path, lines }) => `${path}: ${lines} lines`);
    expect(wrong).toEqual([]);
  });

  it('have kebab-case names that say what is inside', () => {
    const wrong = SOURCES.filter(({ path }) => {
      const parts = path
        .split('/')
        .map((part) => part.replace(/(\.(slow|property|test|config|d))*\.[a-z]+$/, ''));
      return (
        parts.some((part) => EMPTY_NAMES.includes(part)) ||
        !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(parts.at(-1) ?? '')
      );
    });
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  it('have no reminder without the number of an issue', () => {
    const mark = /\b(TO[D]O|FIX[M]E|X[X]X)\b(?! ?\(#\d+\))/;
    expect(SOURCES.filter((file) => mark.test(file.text)).map((file) => file.path)).toEqual([]);
  });

  it('name no machine: no checkout, no folder beside it, no registry host', () => {
    const mark = /\/[w]ork\/[a-z]|[r]egistry\.[a-z]+\.[a-z]+|\.\.\/[s]hared\b/;
    const texts = FILES.filter((path) => /\.(ts|tsx|mjs|js|json|md|css|html|sh|py)$|^\.|\/run$/.test(path));
    expect(texts.filter((path) => mark.test(readText(path)))).toEqual([]);
  });
});

describe('manifests', () => {
  it('pin every version exactly', () => {
    const wrong = MANIFESTS.flatMap((path) => {
      const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifestOf(path);
      return Object.entries({
        ...dependencies,
        ...devDependencies,
        ...optionalDependencies,
        ...peerDependencies,
      })
        .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
        .map(([name, version]) => `${path}: ${name} ${version}`);
    });
    expect(wrong).toEqual([]);
  });

  it('have one version for the whole workspace', () => {
    const versions = MANIFESTS.map((path) => manifestOf(path).version);
    expect(new Set(versions).size).toBe(1);
  });
});

describe('documents', () => {
  const documents = FILES.filter((path) => path.endsWith('.md'));

  it('have one first-level heading each', () => {
    const wrong = documents.filter((path) => (withoutCode(readText(path)).match(/^# /gm) ?? []).length !== 1);
    expect(wrong).toEqual([]);
  });

  it('link only to files that exist', () => {
    const wrong = documents.flatMap((path) =>
      [...withoutCode(readText(path)).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map((match) => match[1] ?? '')
        .filter((link) => !/^[a-z]+:/.test(link))
        .map((link) => join(dirname(path), link))
        .filter(
          (target) =>
            !FILES.some((file) => file === target || file.startsWith(`${target.replace(/\/$/, '')}/`)),
        )
        .map((target) => `${path} links to ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('ARCHITECTURE.md prints the layering table as it is', () => {
    expect(readText('ARCHITECTURE.md')).toContain(layersAsMarkdown());
  });
});

function manifestOf(path: string): Manifest {
  return JSON.parse(readText(path)) as Manifest;
}

function isAllowed(layer: Layer, path: string, specifier: string, typeOnly: boolean): boolean {
  const to = resolveImport(path, specifier);
  if (to !== null) {
    if (typeOnly && CONTRACTS.includes(to)) return true;
    const folder = /^packages\/[^/]+\/src\/([^/]+)\//.exec(to)?.[1];
    return folder !== undefined && (layer.folder.endsWith(`/${folder}`) || layer.folders.includes(folder));
  }
  if (specifier.startsWith('node:')) {
    if (typeof layer.node === 'boolean') return layer.node || typeOnly;
    return layer.node.some((name) =>
      new RegExp(`/${name.replaceAll('.', '\\.').replace('*', '[^/]*')}$`).test(path),
    );
  }
  return [...layer.workspace, ...layer.external].includes(packageOf(specifier));
}

/** Own manifest, for tests and configuration also the root's; at the root every package of the workspace, too. */
function declaredFor(path: string): Set<string> {
  const home = /^packages\/[^/]+\//.exec(path)?.[0] ?? '';
  const own = manifestOf(`${home}package.json`);
  const root = manifestOf('package.json');
  const runtime = home !== '' && path.startsWith(`${home}src/`);
  return new Set([
    own.name,
    ...Object.keys({ ...own.dependencies, ...own.optionalDependencies, ...own.peerDependencies }),
    // The dashboard is bundled, so what it needs while it is built may be a development dependency.
    ...(runtime && own.name !== '@lamella/dashboard'
      ? []
      : Object.keys({ ...own.devDependencies, ...root.devDependencies })),
    ...(runtime ? [] : WORKSPACE),
  ]);
}

/** The files that `start` reaches by imports of values, itself included. */
function closure(start: string): SourceFile[] {
  const reached = new Map<string, SourceFile>();
  const visit = (path: string): void => {
    const file = SOURCES.find((source) => source.path === path);
    if (file === undefined || reached.has(path)) return;
    reached.set(path, file);
    for (const { specifier, typeOnly } of file.imports) {
      const to = typeOnly ? null : resolveImport(path, specifier);
      if (to !== null) visit(to);
    }
  };
  visit(start);
  return [...reached.values()];
}

function circles(): string[] {
  const found: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'open') found.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (state.has(path)) return;
    state.set(path, 'open');
    const file = SOURCES.find((source) => source.path === path);
    for (const { specifier, typeOnly } of file?.imports ?? []) {
      const to = typeOnly ? null : resolveImport(path, specifier);
      if (to !== null) visit(to, [...trail, path]);
    }
    state.set(path, 'done');
  };
  for (const file of SOURCES) visit(file.path, []);
  return found;
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[^]*?^```/gm, '');
}
