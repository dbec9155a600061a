// `npm run check`: the fast loop, under 60 s on two cores. Format, lint, types, and every test that needs neither
// a browser nor the end of a long-lived process (those are named *.slow.test.ts).
import { FORMAT, LINT, runSteps, TYPES } from './steps.ts';
import { closingLine, runTests } from './vitest.ts';

const steps = [FORMAT, LINT, TYPES];
const failedSteps = await runSteps(steps);
const counts = await runTests(['fast']);

for (const test of counts.skipped) process.stdout.write(`skipped: ${test.name}: ${test.reason}\n`);
for (const step of failedSteps) process.stdout.write(`failed: ${step}\n`);
process.exitCode = failedSteps.length + counts.failed === 0 ? 0 : 1;
process.stdout.write(
  closingLine(counts, { passed: steps.length - failedSteps.length, failed: failedSteps.length }),
);
