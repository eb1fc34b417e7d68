import type { Architecture } from './architecture.js';
import { Network } from './layers.js';
import { planOf, scaled } from './scaling.js';

/** Share of the dense layer's units that is dropped at width 1 and above. */
const DROPOUT = 0.5;

/**
 * The CIFAR-10 network of the survey "Efficient Deep Learning" (Menghani 2021): three pairs of 3×3 convolution, ReLU and batch normalization
 * of 32, 64w and 128w channels, each pair followed by a 2×2 max-pool; then a dense layer of 512w, dropout and the classifier. Only the layers
 * from the second pair on are scaled, as in the survey.
 *
 * The survey does not say how much is dropped. A half is usual for 512 units; a narrow layer has none to spare, so that the share shrinks with the
 * width below 1 (as the EfficientNets' grows with theirs).
 */
export const surveyCnn: Architecture = {
  name: 'survey-cnn',
  summary: "The survey's CIFAR-10 network: three pairs of 3×3 convolutions and a dense layer (Menghani 2021).",
  takes: 'image',
  scales: ['width', 'resolution', 'kernel', 'binning'],
  build: (request) => {
    const { size, classes, width, kernel, binning, seed } = planOf(request);
    const network = new Network('survey-cnn', seed);
    let x = network.image('input', size, binning);
    for (const channels of [32, scaled(64, width), scaled(128, width)]) {
      for (let i = 0; i < 2; i++) x = network.norm(network.relu(network.conv(x, channels, kernel, { bias: true })));
      if (x.shape?.slice(2).every((side) => Number(side) > 1)) x = network.maxPool(x);
    }
    x = network.relu(network.dense(network.flatten(x), scaled(512, width)));
    return network.finish(network.dense(network.dropout(x, DROPOUT * Math.min(1, width)), classes), 'scores');
  },
};
