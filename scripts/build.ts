// `npm run build`: what is published, into each package's dist/. Afterwards node_modules/.bin/lamella is the command.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DASHBOARD, ROOT, runSteps } from './steps.ts';

// From nothing: a file whose source is gone must not be published.
for (const name of ['store', 'client', 'app']) {
  rmSync(join(ROOT, 'packages', name, 'dist'), { recursive: true, force: true });
}
const failed = await runSteps([
  // app refers to client, client to store: one command builds all three.
  { name: 'packages', run: ['typescript/bin/tsc', '--build', 'packages/app'] },
  DASHBOARD,
]);
process.exitCode = failed.length === 0 ? 0 : 1;
