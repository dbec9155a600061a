/** Runs the test suite, or one of its projects, and answers what it counted. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestCounts } from './counting-reporter.ts';
import { ROOT, run } from './steps.ts';

/** `projects` are those of vitest.config.ts. A run that ends without counts is one failure. */
export async function runTests(projects: readonly ('fast' | 'slow')[]): Promise<TestCounts> {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const file = join(ROOT, '.cache', `test-counts-${process.pid}.json`);
  process.env['LAMELLA_TEST_COUNTS'] = file;
  try {
    const code = await run({
      name: 'tests',
      run: [
        'vitest/vitest.mjs',
        'run',
        ...projects.map((project) => `--project=${project}`),
        '--reporter=default',
        `--reporter=${join(ROOT, 'scripts', 'counting-reporter.ts')}`,
      ],
    });
    const counts = JSON.parse(readFileSync(file, 'utf8')) as TestCounts;
    // For instance "no test files found", which fails without a failed test.
    return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } catch (error) {
    process.stderr.write(`the tests ended without counts: ${String(error)}\n`);
    return { passed: 0, failed: 1, skipped: [] };
  } finally {
    rmSync(file, { force: true });
  }
}

/** The line that closes a test run; `steps` are counted beside the tests. */
export function closingLine(
  counts: TestCounts,
  steps: { readonly passed: number; readonly failed: number },
): string {
  const passed = counts.passed + steps.passed;
  const failed = counts.failed + steps.failed;
  return `${passed} passed, ${failed} failed, ${counts.skipped.length} skipped\n`;
}
