import { z } from 'zod';
import { OptionError, Random, Stopped, symmetricEigen, UnsupportedError } from '../../base/index.js';
import { staticShape, Tensor, type Value } from '../../onnx/index.js';
import { layerOf } from '../../ops/index.js';
import type { TaskContext, Technique } from '../../technique/index.js';
import { feedsOf, withWeights } from '../../training/index.js';

const whitenSchema = z.strictObject({
  samples: z.int().min(1).default(2000).describe('Training samples whose patches are looked at.'),
  epsilon: z.number().positive().default(5e-4).describe('Added to the variances, so that directions with hardly any are not blown up.'),
});

type WhitenOptions = z.infer<typeof whitenSchema>;

/** Samples read at a time. */
const CHUNK = 250;

/**
 * Sets the filters of an untrained network's first convolution to the principal axes of the data's patches, each divided by its standard deviation,
 * and to their negatives: what comes out is decorrelated and of unit variance, so that training need not find that out. Filters that are more than
 * that many stay as they are; where there are fewer, the axes of largest variance are taken. Freeze them when training (Page 2019, "How to train
 * your ResNet 8"; Jordan 2024, arXiv 2404.00498).
 */
export const whiten: Technique<WhitenOptions, TaskContext> = {
  name: 'whiten',
  title: 'Whitening',
  source: 'Page 2019, "How to train your ResNet 8"; Jordan 2024, arXiv 2404.00498',
  effects: ['improve'],
  order: 'prepare',
  isTransient: true,
  summary: "Fills an untrained network's first convolution with whitening filters of the data.",
  schema: whitenSchema,
  needs: { data: true },
  // It belongs to its family.
  label: () => [],
  space: () => undefined,
  apply: async (context, options) => {
    const { model } = context;
    const { input, weight } = firstConvolution(context);
    const shape = staticShape(weight.shape) as [number, number, number, number];
    const covariance = await patchCovariance(context, input.name, shape, options.samples);
    const filters = whiteningFilters(covariance, Float64Array.from(weight.constant?.numbers() ?? [], Number), shape, options.epsilon);
    const facts = { whitened: weight.name };
    return { model: withWeights(model, new Map([[weight.name, Tensor.of('float32', shape, filters)]])), notes: { facts } };
  },
};

/** The convolution that reads an input of the model, and its weight. */
function firstConvolution({ model }: TaskContext): { input: Value; weight: Value } {
  for (const input of model.graph.feeds) {
    const node = input.users.find((user) => layerOf(user)?.kind === 'kernel' && user.inputs[0] === input);
    const layer = node && layerOf(node);
    const weight = layer && node.inputs[layer.weight];
    const fits = layer?.groups === 1 && input.shape?.length === 4 && weight?.constant?.dtype === 'float32';
    const dilated = node?.ints('dilations', []).some((dilation) => dilation !== 1);
    if (weight && fits && !dilated) return { input, weight };
  }
  throw new UnsupportedError({
    what: 'There is no first convolution to fill with whitening filters',
    expected: 'an input [N, C, H, W] that a convolution without groups and dilations reads, with a float32 weight',
    got: model.graph.feeds.flatMap(({ name, users }) => users.map(({ op }) => `"${name}" read by ${op}`)).join(', '),
  });
}

/** Mean products of the numbers of a patch [C, h, w] over all places, n × n. Patches are not centred: the filters have no bias. */
async function patchCovariance(
  { task, seed, signal }: TaskContext,
  input: string,
  [, channels, height, width]: readonly number[],
  samples: number,
): Promise<Float64Array> {
  const { train } = task.splits;
  const chosen = new Random(seed).fork('whitening').permutation(train.size).slice(0, samples);
  const n = channels * height * width;
  const sums = new Float64Array(n * n);
  let count = 0;
  for (let start = 0; start < chosen.length; start += CHUNK) {
    if (signal?.aborted) throw new Stopped('The whitening was stopped');
    const images = feedsOf(task.feeds, await train.read(chosen.slice(start, start + CHUNK), signal))[input];
    count += addProducts(sums, images, [channels, height, width]);
  }
  if (count === 0) throw new OptionError({ what: 'The images are smaller than the filters', where: `input "${input}"` });
  return sums.map((sum) => sum / count);
}

/** @returns how many patches there were. */
function addProducts(sums: Float64Array, images: Tensor, [channels, height, width]: readonly number[]): number {
  const [batch, , rows, columns] = images.shape;
  const data = images.toFloat32();
  const n = channels * height * width;
  const patch = new Float64Array(n);
  let count = 0;
  for (let image = 0; image < batch; image++)
    for (let top = 0; top + height <= rows; top++)
      for (let left = 0; left + width <= columns; left++, count++) {
        for (let c = 0, at = 0; c < channels; c++)
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++) patch[at++] = data[((image * channels + c) * rows + top + y) * columns + left + x];
        for (let i = 0; i < n; i++) for (let j = i; j < n; j++) sums[i * n + j] += patch[i] * patch[j];
      }
  return count;
}

function whiteningFilters(
  covariance: Float64Array,
  given: Float64Array,
  [filters, ...patch]: readonly number[],
  epsilon: number,
): Float32Array {
  const n = patch.reduce((product, dim) => product * dim, 1);
  const { values, vectors } = symmetricEigen(covariance, n);
  const axes = Math.min(n, Math.floor(filters / 2));
  const made = Float32Array.from(given);
  for (let axis = 0; axis < axes; axis++) {
    const scale = 1 / Math.sqrt(values[axis] + epsilon);
    made.set(
      vectors[axis].map((x) => x * scale),
      axis * n,
    );
    made.set(
      vectors[axis].map((x) => -x * scale),
      (axes + axis) * n,
    );
  }
  return made;
}
