import { OptionError, type Random } from '../../base/index.js';
import type { Batch } from '../dataset.js';
import { asNumbers } from '../preprocess/apply.js';
import { pickTargets, type Targets } from '../targets.js';
import type { DataTensor } from '../tensor.js';

/**
 * Mixes each sample with a random partner of its batch, λ·x + (1-λ)·partner with one λ ~ Beta(alpha, alpha) a batch
 * (Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"). Inputs become float32; targets become two and a weight.
 */
export function mixUp(batch: Batch, random: Random, alpha: number): Batch {
  if (batch.mixed) throw new OptionError({ what: 'A batch can be mixed only once', fix: 'Keep one mixup in the pipeline' });
  const weight = random.beta(alpha);
  const partners = random.permutation(batch.size);
  const inputs = Object.entries(batch.inputs).map(([name, tensor]) => [name, mixRows(tensor, partners, weight)]);
  const { targets } = batch;
  const mixed = targets && { targets: pickTargets(targets, partners), weights: new Float32Array(batch.size).fill(weight) };
  return { ...batch, inputs: Object.fromEntries(inputs), ...(mixed && { mixed }) };
}

/**
 * A batch's targets as numbers, one row a sample: a probability for each class (one-hot), 0 or 1 for each label, or the columns themselves; where samples
 * were mixed, the same mixture of both. With smoothing ε a class's row becomes (1-ε)·row + ε/classes (Szegedy et al. 2016), a label moves by ε/2 towards
 * a half; numbers are not smoothed.
 * Rows of classes are multiplied by the samples' weights, so that cross entropy counts them as much.
 * @returns [size, width].
 * @throws OptionError when the batch has no such targets, or the smoothing is out of range.
 */
export function softTargets(batch: Batch, width: number, smoothing = 0): Float32Array {
  const { targets, mixed, size } = batch;
  if (!targets) throw new OptionError('A batch without labels has no targets');
  if (!(smoothing >= 0 && smoothing < 1)) {
    throw new OptionError({ what: 'Label smoothing is out of range', expected: 'a number in [0, 1)', got: String(smoothing) });
  }
  const smooth = targets.kind === 'class' ? smoothing / width : targets.kind === 'labels' ? smoothing / 2 : 0;
  const kept = targets.kind === 'numbers' ? 1 : 1 - smoothing;
  const rows = new Float32Array(size * width).fill(smooth);
  for (let row = 0; row < size; row++) {
    const weight = mixed?.weights[row] ?? 1;
    addRow(rows, targets, row, width, kept * weight);
    if (mixed) addRow(rows, mixed.targets, row, width, kept * (1 - weight));
  }
  if (batch.weights && targets.kind === 'class') for (let i = 0; i < rows.length; i++) rows[i] *= batch.weights[Math.floor(i / width)];
  return rows;
}

function addRow(rows: Float32Array, targets: Targets, row: number, width: number, weight: number): void {
  if (targets.kind === 'class') {
    const label = targets.values[row];
    if (label >= width) throw new OptionError({ what: 'A label has no class', expected: `labels below ${width}`, got: String(label) });
    rows[row * width + label] += weight;
  } else if (targets.kind === 'labels' || targets.kind === 'numbers') {
    for (let i = row * width; i < (row + 1) * width; i++) rows[i] += weight * targets.values[i];
  } else throw new OptionError({ what: 'These targets are no row of numbers a sample', got: targets.kind });
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
