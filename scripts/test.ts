// `npm test`: everything that can be tested on this machine. Sets up what is optional (a browser), then format,
// lint, types, the dashboard's build, and the whole suite. The last line on stdout is always
// `N passed, N failed, N skipped`; each step counts as one test. A failed step does not hide the others.
import { ensureChromium } from './chromium.ts';
import { DASHBOARD, FORMAT, LINT, runSteps, TYPES } from './steps.ts';
import { closingLine, runTests } from './vitest.ts';

const noBrowser = ensureChromium((line) => process.stderr.write(`lamella: ${line}\n`));
if (noBrowser !== null)
  process.stderr.write(`lamella: tests that need a browser are skipped: ${noBrowser}\n`);

const steps = [FORMAT, LINT, TYPES, DASHBOARD];
const failedSteps = await runSteps(steps);
const counts = await runTests(['fast', 'slow']);

for (const test of counts.skipped) process.stdout.write(`skipped: ${test.name}: ${test.reason}\n`);
for (const step of failedSteps) process.stdout.write(`failed: ${step}\n`);
process.exitCode = failedSteps.length + counts.failed === 0 ? 0 : 1;
process.stdout.write(
  closingLine(counts, { passed: steps.length - failedSteps.length, failed: failedSteps.length }),
);
