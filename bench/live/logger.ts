// The training of the `live` benchmark: logs 10 calls a second, and one value of `watched` whenever it is asked.
import { init } from '@lamella/client';

const run = init({ dir: process.argv[2] ?? '', project: 'live', name: 'live' });
let step = 0;
let value = 0;

setInterval(() => {
  run.log({ 'train/loss': 1 / (1 + step / 100), 'train/accuracy': Math.tanh(step / 500) }, { step });
  step += 1;
}, 100);

process.on('message', () => {
  // Each value is the other one of two, so the line always gets another shape.
  value = value === 0 ? 1 : 0;
  const now = performance.timeOrigin + performance.now();
  run.log({ watched: value }, { step });
  process.send?.(now);
});
process.on('SIGTERM', () => void run.finish().then(() => process.exit(0)));
