import { sizeOf } from '../../../base/index.js';
import { codeOf, type Graph, GraphBuilder, type Node, type Pass, staticShape, Tensor, type Value } from '../../../onnx/index.js';

/**
 * Writes, in place, the gradients of maximum pools whose windows overlap without the pools' indices, which ONNX Runtime's WebGPU provider (1.30) does not give.
 * A convolution with one filter for each place of a window lays the windows out, the first maximum of each is found there, and the transposed convolution with
 * the same filters brings its gradient back.
 * @returns the number of gradients.
 */
function spreadWithoutIndices(graph: Graph): number {
  let count = 0;
  const build = new GraphBuilder(graph, { prefix: 'pool' });
  for (const node of [...graph.nodes]) {
    const scatter = scatterOf(node);
    if (!scatter) continue;
    graph.replace(node.outputs[0] as Value, spread(build, scatter));
    graph.remove(node);
    count++;
    const { pool } = scatter;
    for (const reader of [...(pool.outputs[1]?.users ?? [])]) if (reader.outputs[0]?.users.length === 0) graph.remove(reader);
    if (pool.outputs[1]?.users.length === 0 && !graph.outputs.includes(pool.outputs[1])) pool.outputs.length = 1;
  }
  graph.sort();
  return count;
}

export const overlappingPools: Pass = {
  name: 'webgpu-overlapping-pools',
  summary: 'Gradients of maximum pools whose windows overlap are written without indices, which the WebGPU provider does not give.',
  kind: 'runtime',
  requires: [],
  ensures: [],
  run: ({ graph }) => spreadWithoutIndices(graph),
};

interface Scatter {
  pool: Node;
  /** What the pool reads, and its shape: [n, c, ...spatial]. */
  image: Value;
  shape: readonly number[];
  /** The gradient of the maxima, flat, and their shape. */
  upstream: Value;
  pooled: readonly number[];
  windows: readonly Window[];
}

/** The windows along one axis. */
interface Window {
  kernel: number;
  stride: number;
  dilation: number;
  begin: number;
  /** What the last window reads beyond the image; below zero where it ends before the image does. */
  end: number;
}

/** What is to be known of a ScatterElements that adds gradients up at the indices of a pool's maxima in a float32 image of known shape. */
function scatterOf(node: Node): Scatter | undefined {
  if (node.op !== 'ScatterElements' || node.domain !== '' || node.string('reduction', 'none') !== 'add') return undefined;
  const indices = node.inputs[1]?.producer;
  const pool = indices?.op === 'Reshape' ? indices.inputs[0]?.producer : undefined;
  const [image, upstream] = [pool?.inputs[0], node.inputs[2]];
  if (pool?.op !== 'MaxPool' || pool.outputs[1] !== indices?.inputs[0] || !image || !upstream) return undefined;
  const [shape, pooled] = [staticShape(image.shape), staticShape(pool.outputs[0]?.shape)];
  const usual = pool.int('storage_order', 0) === 0 && pool.string('auto_pad', 'NOTSET') === 'NOTSET' && image.dtype === 'float32';
  if (!usual || !shape || !pooled || staticShape(node.outputs[0]?.shape)?.[0] !== sizeOf(shape)) return undefined;
  return { pool, image, shape, upstream, pooled, windows: windowsOf(pool, shape, pooled) };
}

function windowsOf(pool: Node, shape: readonly number[], pooled: readonly number[]): Window[] {
  const kernels = pool.ints('kernel_shape', []);
  const ones = kernels.map(() => 1);
  const [strides, dilations] = [pool.ints('strides', ones), pool.ints('dilations', ones)];
  const pads = pool.ints('pads', [...ones, ...ones].fill(0));
  return kernels.map((kernel, axis) => {
    const [stride, dilation, begin] = [strides[axis], dilations[axis], pads[axis]];
    const read = (pooled[axis + 2] - 1) * stride + (kernel - 1) * dilation + 1;
    return { kernel, stride, dilation, begin, end: read - begin - shape[axis + 2] };
  });
}

function spread(build: GraphBuilder, { pool, image, shape, upstream, pooled, windows }: Scatter): Value {
  const float = codeOf('float32');
  const [samples, channels, ...places] = pooled;
  const kernel = windows.map((window) => window.kernel);
  const taps = sizeOf(kernel);
  const filters = build.constant(oneHot(channels, kernel));
  const common = {
    group: channels,
    kernel_shape: kernel,
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
  };
  const begins = windows.map(({ begin }) => begin);
  const ends = windows.map(({ end }) => Math.max(end, 0));
  const reshape = (value: Value, dims: readonly number[]) => build.op('Reshape', [value, build.ints(dims)]);
  const asNumbers = (value: Value) => build.op('Cast', [value], { to: float });
  // What lies beyond the image is never a maximum; times zero it is zero, which infinity would not be.
  const padded = build.op('Pad', [image, build.ints([0, 0, ...begins, 0, 0, ...ends]), build.scalar(LOWEST)]);
  const laidOut = reshape(build.op('Conv', [padded, filters], common), [samples, channels, taps, sizeOf(places)]);
  const row = (value: Value) => reshape(value, [samples, channels, 1, sizeOf(places)]);
  const isMaximum = asNumbers(build.op('Equal', [laidOut, row(pool.outputs[0] as Value)]));
  const before = build.op('MatMul', [build.constant(strictlyLower(taps)), isMaximum]);
  const isFirst = build.op('Mul', [isMaximum, asNumbers(build.op('Less', [before, build.scalar(0.5)]))]);
  const gradients = reshape(build.op('Mul', [isFirst, row(upstream)]), [samples, channels * taps, ...places]);
  const back = build.op('ConvTranspose', [gradients, filters], {
    ...common,
    pads: [...begins, ...ends],
    output_padding: windows.map(({ end }) => Math.max(-end, 0)),
  });
  return reshape(back, [sizeOf(shape)]);
}

const LOWEST = -3.4028234663852886e38;

/** [channels * taps, 1, ...kernel]: the filter of each place of a window is one there and zero elsewhere. */
function oneHot(channels: number, kernel: readonly number[]): Tensor {
  const taps = sizeOf(kernel);
  const numbers = new Float32Array(channels * taps * taps);
  for (let filter = 0; filter < channels * taps; filter++) numbers[filter * taps + (filter % taps)] = 1;
  return Tensor.of('float32', [channels * taps, 1, ...kernel], numbers);
}

/** Ones below the diagonal: times a column of marks, how many marks there are before each place. */
function strictlyLower(size: number): Tensor {
  const ones = Array.from({ length: size * size }, (_, index) => Number(index % size < Math.floor(index / size)));
  return Tensor.from('float32', [size, size], ones);
}
