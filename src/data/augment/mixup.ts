import { OptionError, type Random } from '../../base/index.js';
import type { Batch } from '../dataset.js';
import { asNumbers } from '../preprocess/apply.js';
import type { DataTensor } from '../tensor.js';

/**
 * Mixes each sample with a random partner of its batch, λ·x + (1-λ)·partner with one λ ~ Beta(alpha, alpha) a batch
 * (Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"). Inputs become float32; labels become two labels and a weight.
 */
export function mixUp(batch: Batch, random: Random, alpha: number): Batch {
  if (batch.mixed) throw new OptionError({ what: 'A batch can be mixed only once', fix: 'Keep one mixup in the pipeline' });
  const weight = random.beta(alpha);
  const partners = random.permutation(batch.size);
  const inputs = Object.entries(batch.inputs).map(([name, tensor]) => [name, mixRows(tensor, partners, weight)]);
  const { labels } = batch;
  const mixed = labels && {
    labels: Int32Array.from(partners, (partner) => labels[partner]),
    weights: new Float32Array(batch.size).fill(weight),
  };
  return { ...batch, inputs: Object.fromEntries(inputs), ...(mixed && { mixed }) };
}

/**
 * A batch's labels as probabilities [size, classes], row-major: one-hot, or two entries where samples were mixed. With smoothing ε each row
 * becomes (1-ε)·row + ε/classes (Szegedy et al. 2016).
 * @throws OptionError when the batch has no labels, or the numbers do not fit.
 */
export function softTargets(batch: Batch, classes: number, smoothing = 0): Float32Array {
  const { labels, mixed, size } = batch;
  if (!labels) throw new OptionError('A batch without labels has no targets');
  if (!(smoothing >= 0 && smoothing < 1)) {
    throw new OptionError({ what: 'Label smoothing is out of range', expected: 'a number in [0, 1)', got: String(smoothing) });
  }
  const largest = Math.max(...labels, ...(mixed?.labels ?? []));
  if (largest >= classes)
    throw new OptionError({ what: 'A label has no class', expected: `labels below ${classes}`, got: String(largest) });
  const targets = new Float32Array(size * classes).fill(smoothing / classes);
  for (let i = 0; i < size; i++) {
    const weight = mixed?.weights[i] ?? 1;
    targets[i * classes + labels[i]] += (1 - smoothing) * weight;
    if (mixed) targets[i * classes + mixed.labels[i]] += (1 - smoothing) * (1 - weight);
  }
  return targets;
}

function mixRows(tensor: DataTensor, partners: Int32Array, weight: number): DataTensor {
  const values = asNumbers(tensor);
  const width = values.length / partners.length;
  const data = new Float32Array(values.length);
  for (let row = 0; row < partners.length; row++) {
    const own = row * width;
    const other = partners[row] * width;
    for (let i = 0; i < width; i++) data[own + i] = weight * values[own + i] + (1 - weight) * values[other + i];
  }
  return { ...tensor, type: 'float32', data };
}
