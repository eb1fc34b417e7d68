import type { Value } from '../onnx/index.js';
import type { Architecture } from './architecture.js';
import { channelsOf, Network } from './layers.js';
import { planOf, repeated, scaled } from './scaling.js';

/** Channels of every layer, the kernel of the first one in frames and filters, and blocks behind it: DS-CNN-S. */
const CHANNELS = 64;
const FIRST_KERNEL = [10, 4] as const;
const BLOCKS = 4;

/**
 * Depthwise-separable convolutions over a spectrogram [1, frames, filters], for keywords on microcontrollers: a 10×4 convolution that halves both axes,
 * then blocks that filter each channel by itself and mix the channels (Zhang et al. 2017, "Hello Edge", arXiv 1711.07128; the small one, which
 * MLPerf Tiny measures with).
 */
export const dsCnn: Architecture = {
  name: 'ds-cnn',
  summary: 'Depthwise-separable convolutions over spectrograms, for keywords in sounds ("Hello Edge", Zhang et al. 2017).',
  takes: 'audio',
  prepared: 'log-mel',
  scales: ['width', 'depth', 'kernel', 'binning'],
  build: (request) => {
    const { size, classes, width, depth, kernel, binning, seed } = planOf(request);
    const network = new Network('ds-cnn', seed);
    const first = network.conv(network.image('input', size, binning), scaled(CHANNELS, width), FIRST_KERNEL, { stride: 2 });
    let x = network.relu(network.norm(first));
    for (let block = 0; block < repeated(BLOCKS, depth); block++) x = separable(network, x, kernel);
    return network.finish(network.dense(network.dropout(network.globalPool(x), 0.2), classes), 'scores');
  },
};

function separable(network: Network, x: Value, kernel: number): Value {
  const channels = channelsOf(x);
  const filtered = network.relu(network.norm(network.conv(x, channels, kernel, { groups: channels })));
  return network.relu(network.norm(network.conv(filtered, channels, 1)));
}
