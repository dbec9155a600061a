import { defineConfig } from 'vitest/config';

// Workspace packages resolve to their TypeScript sources (export condition "source"), so tests need no build.
//
// Two projects. `fast`: what `npm run check` runs. `slow` (files named *.slow.test.ts): real processes with
// deadlines, browsers, the demo; after the fast ones and one file at a time, so that they measure themselves and
// not each other.
const everywhere = { resolve: { conditions: ['source'] }, ssr: { resolve: { conditions: ['source'] } } };
const files = (suffix: string): string[] => [`packages/*/test/**/*${suffix}`, `test/**/*${suffix}`];

export default defineConfig({
  ...everywhere,
  test: {
    projects: [
      {
        ...everywhere,
        test: {
          name: 'fast',
          include: [...files('.test.ts'), ...files('.test.tsx')],
          exclude: ['**/node_modules/**', '**/*.slow.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        ...everywhere,
        test: {
          name: 'slow',
          include: files('.slow.test.ts'),
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
