// A process that logs as a training would: `trainer.ts '<options of init as JSON>' <calls> [interval in ms]`.
// It logs `loss` and `accuracy`, then `more` when it is told to, and ends when it is told to `finish`; without a
// channel to its parent it finishes by itself. Prints `logged N` after the first calls.
import { setTimeout as sleep } from 'node:timers/promises';
import { init } from '@lamella/client';

const [options = '{}', calls = '0', interval = '0'] = process.argv.slice(2);
const run = init(JSON.parse(options) as Parameters<typeof init>[0]);
let step = 0;

function log(): void {
  run.log({ loss: 1 / (1 + step), accuracy: Math.tanh(step / 50) }, { step });
  step += 1;
}

for (let call = 0; call < Number(calls); call++) {
  log();
  if (interval !== '0') await sleep(Number(interval));
}
process.stdout.write(`logged ${step}\n`);

if (process.send === undefined) await run.finish();
else {
  process.on('message', (message: 'more' | 'finish') => {
    if (message === 'more') for (let call = 0; call < 50; call++) log();
    else void run.finish().then(() => process.disconnect());
  });
}
