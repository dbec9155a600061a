// `npm run build`: what is published, into each package's dist/. Afterwards node_modules/.bin/lamella is the command.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DASHBOARD, ROOT, runSteps } from './steps.ts';

// From nothing: a file whose source is gone must not be published.
const PACKAGES = ['store', 'trackio', 'client', 'app'];
for (const name of PACKAGES) {
  rmSync(join(ROOT, 'packages', name, 'dist'), { recursive: true, force: true });
}
const failed = await runSteps([
  { name: 'packages', run: ['typescript/bin/tsc', '--build', ...PACKAGES.map((name) => `packages/${name}`)] },
  DASHBOARD,
]);
process.exitCode = failed.length === 0 ? 0 : 1;
