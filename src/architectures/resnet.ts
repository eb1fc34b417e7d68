import type { Value } from '../onnx/index.js';
import type { Architecture, ArchitectureRequest } from './architecture.js';
import { channelsOf, Network } from './layers.js';
import { planOf, repeated, scaled } from './scaling.js';

/** A CIFAR residual network: a 3×3 stem of 16 channels, three stages of 16, 32 and 64, `blocks` basic blocks each (He et al. 2016). */
function residual(name: string, summary: string, blocks: number): Architecture {
  return {
    name,
    summary,
    takes: 'image',
    scales: ['width', 'depth', 'resolution'],
    build: (request) => buildResidual(name, blocks, request),
  };
}

function buildResidual(name: string, blocks: number, request: ArchitectureRequest) {
  const { size, classes, width, depth, seed } = planOf(request);
  const network = new Network(name, seed);
  const input = network.input('input', size);
  let x = network.relu(network.norm(network.conv(input, scaled(16, width), 3)));
  [16, 32, 64].forEach((channels, stage) => {
    for (let block = 0; block < repeated(blocks, depth); block++)
      x = basicBlock(network, x, scaled(channels, width), stage > 0 && block === 0 ? 2 : 1);
  });
  return network.finish(network.dense(network.globalPool(x), classes), 'scores');
}

/** conv–norm–relu–conv–norm, added to its input, which a 1×1 convolution fits where sizes differ. */
function basicBlock(network: Network, x: Value, channels: number, stride: number): Value {
  const first = network.relu(network.norm(network.conv(x, channels, 3, { stride })));
  const second = network.norm(network.conv(first, channels, 3));
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
