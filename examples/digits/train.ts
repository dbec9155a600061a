// Trains a small network on handwritten digits, and logs everything with Lamella: one rank of a run, or the whole
// of it when it is started alone:
//
//   node --conditions=source examples/digits/train.ts --learning-rate 0.1
//
// Several ranks are several processes with the same --id and --exchange folder, and with RANK and WORLD_SIZE in
// the environment, as torchrun and others set them. The SDK takes them from there: all ranks log to one run.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { init, Table } from '@lamella/client';
import { averageWeights } from './average.ts';
import { createRandom, DIGITS, loadDigits, shuffled } from './data.ts';
import { computeGradient, createNetwork, descend, evaluate, gradientNorm } from './model.ts';

const { values: options } = parseArgs({
  options: {
    project: { type: 'string', default: 'digits' },
    id: { type: 'string' },
    name: { type: 'string' },
    dir: { type: 'string' },
    'learning-rate': { type: 'string', default: '0.1' },
    epochs: { type: 'string', default: '10' },
    batch: { type: 'string', default: '32' },
    hidden: { type: 'string', default: '64' },
    seed: { type: 'string', default: '1' },
    /** Where the ranks of this run exchange their weights. */
    exchange: { type: 'string', default: '.' },
    /** A file for the list of all log calls; the demo proves with it that none was lost. */
    report: { type: 'string' },
  },
});
const rank = Number(process.env['RANK'] ?? 0);
const worldSize = Number(process.env['WORLD_SIZE'] ?? 1);
const config = {
  learning_rate: Number(options['learning-rate']),
  epochs: Number(options.epochs),
  batch_size: Number(options.batch),
  hidden: Number(options.hidden),
  seed: Number(options.seed),
  world_size: worldSize,
  optimizer: 'sgd, linear warm-up, cosine decay',
};

const { project, id, name, dir } = options;
const run = init({ project, id, name, dir, config });

const { train, evaluation } = loadDigits(rank, worldSize);
// Every rank starts from the same weights, and sees its own images in its own order.
const network = createNetwork(config.hidden, createRandom(config.seed));
const random = createRandom(config.seed * 1000 + rank);
const stepsPerEpoch = Math.floor(train.count / config.batch_size);
const calls: { step: number; key: string }[] = [];
let stepMs = 0;

for (let epoch = 0; epoch < config.epochs; epoch++) {
  trainEpoch(epoch);
  await averageWeights(network.weights, epoch, { folder: options.exchange, rank, worldSize });
  if (rank === 0) evaluateEpoch(epoch);
}
await run.finish();
if (options.report !== undefined) writeFileSync(options.report, JSON.stringify({ id, rank, calls }));

/** One pass over this rank's images. It never awaits, as many training loops do: the SDK does not mind. */
function trainEpoch(epoch: number): void {
  const order = shuffled(train.count, random);
  for (let index = 0; index < stepsPerEpoch; index++) {
    const started = performance.now();
    const step = epoch * stepsPerEpoch + index;
    const batch = order.subarray(index * config.batch_size, (index + 1) * config.batch_size);
    const { loss, accuracy } = computeGradient(network, train, batch);
    const learningRate = scheduled(step);
    descend(network, learningRate);
    // Smoothed over about twenty steps: where processes outnumber cores, a single one may be interrupted.
    stepMs += (performance.now() - started - stepMs) / (step === 0 ? 1 : 20);
    run.log(
      {
        'train/loss': loss,
        'train/accuracy': accuracy,
        'train/grad_norm': gradientNorm(network),
        'train/learning_rate': learningRate,
        'train/samples_per_second': (1000 * batch.length) / stepMs,
      },
      { step },
    );
    calls.push({ step, key: 'train/loss' });
  }
}

/** All ranks have the same weights now, so one of them evaluates. */
function evaluateEpoch(epoch: number): void {
  const { loss, accuracy, confusion } = evaluate(network, evaluation);
  const step = (epoch + 1) * stepsPerEpoch - 1;
  const digits = Array.from({ length: DIGITS }, (_, digit) => digit);
  const table = new Table({
    columns: ['digit', ...digits.map((digit) => `taken for ${digit}`)],
    data: digits.map((digit) => [digit, ...confusion.subarray(digit * DIGITS, (digit + 1) * DIGITS)]),
  });
  run.log({ 'eval/loss': loss, 'eval/accuracy': accuracy, 'eval/confusion': table, epoch }, { step });
  calls.push({ step, key: 'eval/loss' });
  const shown = `loss ${loss.toFixed(3)}, accuracy ${(100 * accuracy).toFixed(1)} %`;
  process.stdout.write(`${name ?? 'run'}: epoch ${epoch + 1} of ${config.epochs}: ${shown}\n`);
}

/** Up to the full learning rate over the first epoch, then down to a tenth of it along half a cosine. */
function scheduled(step: number): number {
  const full = config.learning_rate;
  if (step < stepsPerEpoch) return (full * (step + 1)) / stepsPerEpoch;
  const progress = (step - stepsPerEpoch) / Math.max(1, (config.epochs - 1) * stepsPerEpoch);
  return full * (0.1 + 0.45 * (1 + Math.cos(Math.PI * progress)));
}
