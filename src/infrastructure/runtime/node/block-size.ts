import { encodeModel, Graph, GraphBuilder, Model, Tensor, tensorType } from '../../../onnx/index.js';
import { pack, unpack } from '../shared/tensors.js';
import { ThreadLink } from './link.js';
import { ThreadPool } from './thread.js';

let known: Promise<number | undefined> | undefined;

/** Channels in a block of ONNX Runtime's blocked images on this machine: 16 or 8; undefined where it has no such kernels. Found out once. */
export function blockSize(): Promise<number | undefined> {
  known ??= probe();
  return known;
}

const CHANNELS = 64;

/** Reorders an image of two positions whose elements are numbered: the second position of channel 0 comes after a block of channels. */
async function probe(): Promise<number | undefined> {
  const threads = new ThreadPool();
  const link = new ThreadLink(undefined, threads);
  try {
    const settings = {
      backend: 'cpu',
      threads: 1,
      spinning: false,
      optimize: 'none',
      simulateQuantization: false,
      floatProducts: false,
      frugal: false,
      profile: false,
      resident: {},
      onCpu: [],
    } as const;
    const source = encodeModel(reorderingModel());
    await link.call('load', { source, settings });
    const numbered = Tensor.from(
      'float32',
      [1, CHANNELS, 1, 2],
      Array.from({ length: 2 * CHANNELS }, (_, index) => index),
    );
    const { tensors, transfer } = pack({ image: numbered }, true);
    const { blocked } = unpack(await link.call('run', { feeds: tensors, fetch: ['blocked'] }, transfer));
    const size = blocked.numbers().indexOf(1);
    return size > 1 ? size : undefined;
  } catch {
    return undefined;
  } finally {
    await link.close(new Error('The probe has ended'));
    await threads.close();
  }
}

function reorderingModel(): Model {
  const graph = new Graph('probe');
  const build = new GraphBuilder(graph);
  const image = build.input('image', 'float32', [1, CHANNELS, 1, 2]);
  const blocked = build.output(build.op('ReorderInput', [image], {}, 'com.microsoft.nchwc'), 'blocked');
  blocked.type = tensorType('float32', [1, CHANNELS, 1, 2]);
  const model = new Model(graph, 21);
  model.opsets.set('com.microsoft.nchwc', 1);
  return model;
}
