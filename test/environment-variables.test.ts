/** docs/environment_variables.md against the code: every variable that is read is told, and no other. */
import { describe, expect, it } from 'vitest';
import { parse, projectFiles, readText } from './source-files.ts';

const CODE = projectFiles().filter((path) =>
  /^(packages\/[^/]+\/(src|bin)|scripts)\/.*\.(ts|tsx|mjs|js)$/.test(path),
);

/** Families of names; they also appear in tables, away from the environment that they are looked up in. */
const FAMILY =
  /^(LAMELLA|TRACKIO|HF|SLURM|TORCHELASTIC|OMPI|PMI|PMIX|MV2|MPI)_[A-Z0-9_]+$|^(RANK|WORLD_SIZE|LOCAL_RANK)$/;

/** Node's, npm's and the system's own, which are passed on or left out for a child, not settings of Lamella. */
const NOT_OURS = /^(NODE_.*|INIT_CWD|PATH|HOME|DEBIAN_FRONTEND|VITEST.*)$/;

function namesIn(path: string): string[] {
  const { text } = parse(path);
  const code = text.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
  const looked = [...code.matchAll(/\benv(?:\[['"]([A-Z][A-Z0-9_]*)['"]\]|\.([A-Z][A-Z0-9_]*))/g)];
  const quoted = [...code.matchAll(/['"]([A-Z][A-Z0-9_]+)['"]/g)].filter(([, name = '']) =>
    FAMILY.test(name),
  );
  return [...looked, ...quoted].map(([, first, second]) => first ?? second ?? '');
}

const inCode = [...new Set(CODE.flatMap(namesIn))].filter((name) => !NOT_OURS.test(name)).sort();

const rows = readText('docs/environment_variables.md')
  .split('\n')
  .filter((line) => /^\| `[A-Z]/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const documented = rows.flatMap(([names = '']) =>
  [...names.matchAll(/`([A-Z0-9_]+)`/g)].map(([, name = '']) => name),
);

describe('the variables', () => {
  it('that the code reads are documented', () => {
    expect(inCode.filter((name) => !documented.includes(name))).toEqual([]);
  });

  it('that are documented are read by the code', () => {
    expect(documented.filter((name) => !inCode.includes(name))).toEqual([]);
  });

  it('are documented once, each with meaning, allowed values and an example', () => {
    expect(documented.length).toBe(new Set(documented).size);
    expect(rows.filter((cells) => cells.length !== 5)).toEqual([]);
    expect(rows.filter(([, meaning, , allowed, example]) => !meaning || !allowed || !example)).toEqual([]);
  });
});
