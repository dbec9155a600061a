/**
 * A neural network with one hidden layer: 784 pixels → `hidden` rectified units → 10 digits (softmax), trained by
 * stochastic gradient descent on the cross-entropy. Plain arrays and loops: what matters here is that the loss is
 * a real one.
 */
import { DIGITS, type Images, PIXELS } from './data.ts';

export interface Network {
  readonly hidden: number;
  /** All parameters, one after another: input weights (pixel-major), hidden biases, output weights, biases. */
  readonly weights: Float32Array;
  /** Of the last batch; laid out as `weights`. */
  readonly gradient: Float32Array;
}

export interface Score {
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
  /** Share of images whose most probable digit is the right one. */
  readonly accuracy: number;
}

/** Random weights, scaled to the number of inputs (He et al., 2015); biases are 0. */
export function createNetwork(hidden: number, random: () => number): Network {
  const count = (PIXELS + 1) * hidden + (hidden + 1) * DIGITS;
  const network = { hidden, weights: new Float32Array(count), gradient: new Float32Array(count) };
  const { input, output } = layers(network, network.weights);
  for (const [layer, inputs] of [
    [input, PIXELS],
    [output, hidden],
  ] as const) {
    for (let i = 0; i < layer.length; i++) layer[i] = gaussian(random) * Math.sqrt(2 / inputs);
  }
  return network;
}

/** Sets `network.gradient` to the mean gradient of the images that `batch` numbers. */
export function computeGradient(network: Network, images: Images, batch: Uint32Array): Score {
  const { hidden } = network;
  const weights = layers(network, network.weights);
  const gradient = layers(network, network.gradient);
  network.gradient.fill(0);
  const units = new Float32Array(hidden);
  const errors = new Float32Array(DIGITS);
  let loss = 0;
  let correct = 0;
  for (const image of batch) {
    const pixels = images.pixels.subarray(image * PIXELS, (image + 1) * PIXELS);
    const label = images.labels[image] ?? 0;
    const guess = forward(network, pixels, units, errors);
    loss -= Math.log(Math.max(errors[label] ?? 0, 1e-30));
    if (guess === label) correct += 1;

    // The gradient of softmax with cross-entropy: probabilities, less 1 at the right digit.
    errors[label] = (errors[label] ?? 0) - 1;
    for (let digit = 0; digit < DIGITS; digit++) {
      const error = (errors[digit] ?? 0) / batch.length;
      errors[digit] = error;
      gradient.outputBias[digit] = (gradient.outputBias[digit] ?? 0) + error;
    }
    for (let unit = 0; unit < hidden; unit++) {
      const value = units[unit] ?? 0;
      // A rectified unit that is off passes no gradient on.
      if (value === 0) continue;
      let error = 0;
      for (let digit = 0; digit < DIGITS; digit++) {
        const at = unit * DIGITS + digit;
        error += (errors[digit] ?? 0) * (weights.output[at] ?? 0);
        gradient.output[at] = (gradient.output[at] ?? 0) + (errors[digit] ?? 0) * value;
      }
      gradient.hiddenBias[unit] = (gradient.hiddenBias[unit] ?? 0) + error;
      units[unit] = error;
    }
    addOuterProduct(gradient.input, pixels, units);
  }
  return { loss: loss / batch.length, accuracy: correct / batch.length };
}

/** One step down the gradient. */
export function descend(network: Network, learningRate: number): void {
  const { weights, gradient } = network;
  for (let i = 0; i < weights.length; i++) weights[i] = (weights[i] ?? 0) - learningRate * (gradient[i] ?? 0);
}

/** Length of the gradient of the last batch. */
export function gradientNorm(network: Network): number {
  let sum = 0;
  for (const value of network.gradient) sum += value * value;
  return Math.sqrt(sum);
}

/** Score over all images, and how often each digit (row) was taken for which (column): 10 × 10, row-major. */
export function evaluate(network: Network, images: Images): Score & { readonly confusion: Uint32Array } {
  const confusion = new Uint32Array(DIGITS * DIGITS);
  const units = new Float32Array(network.hidden);
  const probabilities = new Float32Array(DIGITS);
  let loss = 0;
  let correct = 0;
  for (let image = 0; image < images.count; image++) {
    const label = images.labels[image] ?? 0;
    const pixels = images.pixels.subarray(image * PIXELS, (image + 1) * PIXELS);
    const guess = forward(network, pixels, units, probabilities);
    loss -= Math.log(Math.max(probabilities[label] ?? 0, 1e-30));
    if (guess === label) correct += 1;
    const cell = label * DIGITS + guess;
    confusion[cell] = (confusion[cell] ?? 0) + 1;
  }
  return { loss: loss / images.count, accuracy: correct / images.count, confusion };
}

/** Fills `units` and `probabilities`, and answers the most probable digit. */
function forward(
  network: Network,
  pixels: Float32Array,
  units: Float32Array,
  probabilities: Float32Array,
): number {
  const { hidden } = network;
  const { input, hiddenBias, output, outputBias } = layers(network, network.weights);
  units.set(hiddenBias);
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const ink = pixels[pixel] ?? 0;
    // Four of five pixels are paper: skipping them makes training five times as fast.
    if (ink === 0) continue;
    for (let unit = 0, at = pixel * hidden; unit < hidden; unit++, at++) {
      units[unit] = (units[unit] ?? 0) + ink * (input[at] ?? 0);
    }
  }
  probabilities.set(outputBias);
  for (let unit = 0; unit < hidden; unit++) {
    const value = units[unit] ?? 0;
    if (value <= 0) {
      units[unit] = 0;
      continue;
    }
    for (let digit = 0, at = unit * DIGITS; digit < DIGITS; digit++, at++) {
      probabilities[digit] = (probabilities[digit] ?? 0) + value * (output[at] ?? 0);
    }
  }
  return softmax(probabilities);
}

/** In place; answers the index of the largest. The largest is subtracted first, so that exp does not overflow. */
function softmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  const largest = values[best] ?? 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] = Math.exp((values[i] ?? 0) - largest);
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) / sum;
  return best;
}

/** target += pixels ⊗ errors, without the pixels that are 0. */
function addOuterProduct(target: Float32Array, pixels: Float32Array, errors: Float32Array): void {
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const ink = pixels[pixel] ?? 0;
    if (ink === 0) continue;
    for (let unit = 0, at = pixel * errors.length; unit < errors.length; unit++, at++) {
      target[at] = (target[at] ?? 0) + ink * (errors[unit] ?? 0);
    }
  }
}

/** Views of the layers' parts in `all`, which is laid out as `Network.weights`. */
function layers(
  { hidden }: Network,
  all: Float32Array,
): Record<'input' | 'hiddenBias' | 'output' | 'outputBias', Float32Array> {
  const bias = PIXELS * hidden;
  const output = bias + hidden;
  const outputBias = output + hidden * DIGITS;
  return {
    input: all.subarray(0, bias),
    hiddenBias: all.subarray(bias, output),
    output: all.subarray(output, outputBias),
    outputBias: all.subarray(outputBias),
  };
}

/** A normally distributed number (Box–Muller). */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
