import type { Value } from '../onnx/index.js';
import type { Architecture } from './architecture.js';
import { channelsOf, Network } from './layers.js';
import { planOf, repeated, scaled } from './scaling.js';

/** One stage: output channels, blocks at depth 1, stride of the first block, expansion of the inner layer, whether channels are gated. */
interface Stage {
  channels: number;
  blocks: number;
  stride: number;
  expand: number;
  gated: boolean;
}

const stages: readonly Stage[] = [
  { channels: 16, blocks: 1, stride: 1, expand: 1, gated: false },
  { channels: 24, blocks: 2, stride: 2, expand: 4, gated: false },
  { channels: 40, blocks: 2, stride: 2, expand: 4, gated: true },
  { channels: 80, blocks: 2, stride: 2, expand: 4, gated: true },
];

interface Block extends Omit<Stage, 'blocks'> {
  kernel: number;
  /** Whether one convolution widens and filters. */
  isFused: boolean;
}

/** Inverted residuals, or fused ones (Tan and Le 2021, EfficientNetV2, arXiv 2104.00298): more work and weights, and fewer layers to wait for. */
const BLOCKS = ['inverted', 'fused'];

/** The last layer before pooling, in channels. */
const HEAD = 160;

/**
 * Inverted residual blocks of depthwise-separable convolutions (Sandler et al. 2018) with squeeze-and-excite and hard swish in the later
 * stages (Howard et al. 2019), sized for images from 8×8 to 224×224: an image that is already small is not shrunk further.
 */
export const mobilenet: Architecture = {
  name: 'mobilenet',
  summary: 'Inverted residuals of depthwise-separable convolutions with squeeze-and-excite (Sandler et al. 2018, Howard et al. 2019).',
  takes: 'image',
  scales: ['width', 'depth', 'resolution', 'kernel', 'binning'],
  blocks: BLOCKS,
  build: (request) => {
    const { size, classes, width, depth, kernel, binning, block: kind, seed } = planOf(request, BLOCKS);
    const network = new Network('mobilenet', seed);
    const input = network.image('input', size, binning);
    const isFused = kind === 'fused';
    let x = network.relu(network.norm(network.conv(input, scaled(16, width, 8), 3, { stride: size[1] > 64 ? 2 : 1 })));
    for (const stage of stages) {
      const stride = Number(x.shape?.[2]) > 4 ? stage.stride : 1;
      for (let block = 0; block < repeated(stage.blocks, depth); block++) {
        x = invertedResidual(network, x, {
          ...stage,
          channels: scaled(stage.channels, width, 8),
          stride: block === 0 ? stride : 1,
          kernel,
          isFused,
        });
      }
    }
    x = hardSwish(network, network.norm(network.conv(x, scaled(HEAD, width, 32), 1)));
    return network.finish(network.dense(network.dropout(network.globalPool(x), 0.2), classes), 'scores');
  },
};

/** Widen by a 1×1 convolution and filter each channel, or both in one convolution; gate, narrow; the input is added where sizes allow. */
function invertedResidual(network: Network, x: Value, { channels, stride, expand, gated, kernel, isFused }: Block): Value {
  const inner = channelsOf(x) * expand;
  const activate = (value: Value) => (gated ? hardSwish(network, value) : network.relu(value));
  const wide = expand === 1 || isFused ? x : activate(network.norm(network.conv(x, inner, 1)));
  const filtered = activate(network.norm(network.conv(wide, inner, kernel, { stride, groups: isFused ? 1 : inner })));
  const narrow = network.norm(network.conv(gated ? network.squeezeExcite(filtered) : filtered, channels, 1));
  return stride === 1 && channelsOf(x) === channels ? network.add(narrow, x) : narrow;
}

/** x * hardSigmoid(x) (opset 14). */
function hardSwish({ build }: Network, x: Value): Value {
  return build.op('HardSwish', [x]);
}
