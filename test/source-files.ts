/** The project's files as the tidy rules see them: from git, parsed with the parser that the bundler uses. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseSync } from 'vite';

export const ROOT: string = join(import.meta.dirname, '..');

export interface Import {
  readonly specifier: string;
  /** Gone when types are stripped. */
  readonly typeOnly: boolean;
  /** `export *` */
  readonly all: boolean;
}

export interface SourceFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  /** Names that are used as values and not as property names: `Date`, `Math.random`, … */
  readonly names: ReadonlySet<string>;
}

/** Every file that is in git or would be added: ignored files are nobody's rule. Empty files and links are left out. */
export function projectFiles(): string[] {
  const out = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const exists = (path: string): boolean =>
    statSync(join(ROOT, path), { throwIfNoEntry: false })?.isFile() ?? false;
  return [...new Set(out.split('\0'))].filter((path) => path !== '' && exists(path)).sort();
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export function parse(path: string): SourceFile {
  const text = readText(path);
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const imports: Import[] = [];
  const names = new Set<string>();
  walk(program as unknown as Node, null, '', (node, parent, key) => {
    const found = importOf(node);
    if (found !== null) imports.push(found);
    if (node.type === 'Identifier' && !isPropertyName(parent, key)) names.add(String(node['name']));
    if (node.type === 'MemberExpression' && node['computed'] !== true) {
      const [object, property] = [node['object'] as Node, node['property'] as Node];
      if (object.type === 'Identifier') names.add(`${String(object['name'])}.${String(property['name'])}`);
    }
  });
  return { path, text, imports, names };
}

/** The file that a relative import means; null for a package. Errors: a relative import of nothing. */
export function resolveImport(from: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  const path = join(ROOT, dirname(from), specifier);
  if (!existsSync(path)) throw new Error(`${from} imports ${specifier}, which does not exist`);
  return relative(ROOT, path).replaceAll('\\', '/');
}

/** `@scope/name` or `name` of a package specifier. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

function importOf(node: Node): Import | null {
  const source = node['source'] as { readonly value?: unknown } | null | undefined;
  switch (node.type) {
    case 'ImportDeclaration': {
      const specifiers = node['specifiers'] as readonly Node[];
      const typeOnly =
        node['importKind'] === 'type' ||
        (specifiers.length > 0 && specifiers.every((specifier) => specifier['importKind'] === 'type'));
      return { specifier: String(source?.value), typeOnly, all: false };
    }
    case 'ExportNamedDeclaration':
      if (!source) return null;
      return { specifier: String(source.value), typeOnly: node['exportKind'] === 'type', all: false };
    case 'ExportAllDeclaration':
      return { specifier: String(source?.value), typeOnly: node['exportKind'] === 'type', all: true };
    case 'ImportExpression':
      return typeof source?.value === 'string'
        ? { specifier: source.value, typeOnly: false, all: false }
        : null;
    case 'TSImportType':
      return typeof source?.value === 'string'
        ? { specifier: source.value, typeOnly: true, all: false }
        : null;
    default:
      return null;
  }
}

/** `x.name`, `{ name: … }`, a method or a type member: not a use of the global `name`. */
function isPropertyName(parent: Node | null, key: string): boolean {
  if (parent === null || parent['computed'] === true) return false;
  if (parent.type.startsWith('TS')) return true;
  return (
    (parent.type === 'MemberExpression' && key === 'property') ||
    (['Property', 'MethodDefinition', 'PropertyDefinition'].includes(parent.type) && key === 'key')
  );
}

function walk(
  node: Node,
  parent: Node | null,
  key: string,
  visit: (node: Node, parent: Node | null, key: string) => void,
): void {
  visit(node, parent, key);
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && typeof child === 'object' && 'type' in child)
        walk(child as Node, node, name, visit);
    }
  }
}
