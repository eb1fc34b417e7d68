import type { Value } from '../onnx/index.js';
import type { Architecture } from './architecture.js';
import { channelsOf, Network } from './layers.js';
import { planOf, scaled } from './scaling.js';

/** Side of the patches that the first layer whitens. */
const PATCH = 2;

/** Channels of the first layer come in such groups: the blocks that processors compute with. */
const GROUP = 16;

/** Share of a running statistic that stays at each step: short trainings have few. */
const KEEP = 0.6;

/**
 * A network for the shortest training on small images, after Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU" (arXiv 2404.00498):
 * a convolution of 2×2 patches that has a filter and its negative for each of a patch's numbers, for the technique `whiten` to fill in, and a
 * few random ones, then three pairs of 3×3 convolutions of 64, 256 and 256 channels, pooled within each pair, and a classifier behind the largest value per channel.
 * Here with ReLU, which ONNX Runtime computes within the convolution before it, instead of GELU.
 */
export const fastCnn: Architecture = {
  name: 'fast-cnn',
  summary: 'Whitening filters and three pairs of 3×3 convolutions, for the shortest training on small images (Jordan 2024).',
  takes: 'image',
  scales: ['width', 'resolution', 'kernel'],
  preparation: [{ technique: 'whiten', options: {} }],
  // ReLU makes any positive scale the same; as they are, all normalizations go into convolutions.
  training: { freeze: ['conv1.weight', '*.scale'] },
  build: (request) => {
    const { size, classes, width, kernel, seed } = planOf(request);
    const network = new Network('fast-cnn', seed);
    const [channels, ...sides] = size;
    const pad = Math.min(...sides) < PATCH ? 1 : 0;
    const filters = Math.ceil((2 * channels * PATCH * PATCH) / GROUP) * GROUP;
    const whitened = network.conv(network.input('input', size), filters, PATCH, { bias: true, pad });
    let x = network.relu(whitened);
    for (const wanted of [64, 256, 256]) x = pair(network, x, scaled(wanted, width), kernel);
    const largest = network.flatten(network.build.op('GlobalMaxPool', [x]));
    return network.finish(network.dense(largest, classes), 'scores');
  },
};

function pair(network: Network, x: Value, channels: number, kernel: number): Value {
  const wide = network.conv(x, channels, kernel);
  const pooled = wide.shape?.slice(2).every((side) => Number(side) > 1) ? network.maxPool(wide) : wide;
  const first = network.relu(network.norm(pooled, { keep: KEEP }));
  return network.relu(network.norm(network.conv(first, channelsOf(first), kernel), { keep: KEEP }));
}
