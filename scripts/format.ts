// `npm run format`: rewrites what is not formatted, and fixes what the linter can fix safely.
import { runSteps } from './steps.ts';

const failed = await runSteps([
  { name: 'lint --fix', run: ['oxlint/bin/oxlint', '--type-aware', '--fix'] },
  { name: 'format', run: ['oxfmt/bin/oxfmt'] },
]);
process.exitCode = failed.includes('format') ? 1 : 0;
