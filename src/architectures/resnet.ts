import type { Value } from '../onnx/index.js';
import type { Architecture, ArchitectureRequest } from './architecture.js';
import { channelsOf, Network } from './layers.js';
import { planOf, repeated, scaled } from './scaling.js';

/** Two convolutions (He et al. 2016), or two depthwise-separable ones (Chollet 2017, Xception). */
const BLOCKS = ['basic', 'separable'];

/** A CIFAR residual network: a 3×3 stem of 16 channels, three stages of 16, 32 and 64, `blocks` basic blocks each (He et al. 2016). */
function residual(name: string, summary: string, blocks: number): Architecture {
  return {
    name,
    summary,
    takes: 'image',
    scales: ['width', 'depth', 'resolution', 'kernel', 'binning'],
    blocks: BLOCKS,
    build: (request) => buildResidual(name, blocks, request),
  };
}

function buildResidual(name: string, blocks: number, request: ArchitectureRequest) {
  const { size, classes, width, depth, kernel, binning, block: kind, seed } = planOf(request, BLOCKS);
  const network = new Network(name, seed);
  const input = network.image('input', size, binning);
  const filter = kind === 'separable' ? separable : plain;
  let x = network.relu(network.norm(network.conv(input, scaled(16, width), 3)));
  [16, 32, 64].forEach((channels, stage) => {
    for (let block = 0; block < repeated(blocks, depth); block++)
      x = residualBlock(network, x, { channels: scaled(channels, width), stride: stage > 0 && block === 0 ? 2 : 1, kernel, filter });
  });
  return network.finish(network.dense(network.globalPool(x), classes), 'scores');
}

interface Block {
  channels: number;
  stride: number;
  kernel: number;
  filter: Filter;
}

/** A layer that looks around each pixel, and its normalization. */
type Filter = (network: Network, x: Value, block: Omit<Block, 'filter'>) => Value;

const plain: Filter = (network, x, { channels, stride, kernel }) => network.norm(network.conv(x, channels, kernel, { stride }));

/** Each channel is filtered by itself, then they are mixed: less work and fewer weights by about the kernel's area. */
const separable: Filter = (network, x, { channels, stride, kernel }) => {
  const filtered = network.relu(network.norm(network.conv(x, channelsOf(x), kernel, { stride, groups: channelsOf(x) })));
  return network.norm(network.conv(filtered, channels, 1));
};

/** filter–relu–filter, added to its input, which a 1×1 convolution fits where sizes differ. */
function residualBlock(network: Network, x: Value, { channels, stride, kernel, filter }: Block): Value {
  const first = network.relu(filter(network, x, { channels, stride, kernel }));
  const second = filter(network, first, { channels, stride: 1, kernel });
  const same = stride === 1 && channelsOf(x) === channels;
  return network.relu(network.add(second, same ? x : network.norm(network.conv(x, channels, 1, { stride }))));
}

/** One block a stage: the MLPerf Tiny image-classification network (Banbury et al. 2021). */
export const resnet8 = residual(
  'resnet-8',
  'Residual network with one block a stage, the MLPerf Tiny image classifier (Banbury et al. 2021).',
  1,
);

/** Three blocks a stage. */
export const resnet20 = residual('resnet-20', 'CIFAR residual network with three blocks a stage (He et al. 2016).', 3);
