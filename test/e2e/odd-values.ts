// A process that logs what cannot be kept as it is: `odd-values.ts <store> <what>`. The call after it must be kept.
import { init } from '@lamella/client';

const circular: Record<string, unknown> = { name: 'a circle' };
circular['self'] = circular;

const ODD: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  function: { good: 1, odd: () => 1 },
  bigint: { good: 1, odd: 2n ** 64n },
  circular: { good: 1, odd: circular },
  symbol: { good: 1, odd: Symbol('odd') },
  'long-name': { good: 1, ['n'.repeat(10_000)]: 2 },
};

const [dir = '', what = ''] = process.argv.slice(2);
const run = init({ dir, project: 'odd', id: 'run-1', name: 'run-1' });
run.log(ODD[what] as Parameters<typeof run.log>[0], { step: 0 });
run.log({ good: 2 }, { step: 1 });
await run.finish();
