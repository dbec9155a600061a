/**
 * A vitest reporter that writes counts, and every skipped test with its reason, to the file that
 * `LAMELLA_TEST_COUNTS` names: `npm test` closes with them. A file that fails to load and an error outside of any
 * test count as one failed each.
 */
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

export default class CountingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    const skipped: { name: string; reason: string }[] = [];
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'failed') failed += 1;
        else {
          const reason = 'note' in result ? result.note : undefined;
          skipped.push({
            name: `${module.relativeModuleId} > ${test.fullName}`,
            reason: reason ?? 'no reason given',
          });
        }
      }
    }
    const file = process.env['LAMELLA_TEST_COUNTS'];
    if (file === undefined) throw new Error('LAMELLA_TEST_COUNTS must name the file for the counts');
    writeFileSync(file, JSON.stringify({ passed, failed, skipped } satisfies TestCounts));
  }
}
