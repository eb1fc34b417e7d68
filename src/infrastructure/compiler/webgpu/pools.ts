import { sameShape, sizeOf } from '../../../base/index.js';
import { codeOf, type Graph, GraphBuilder, type Node, type Pass, staticShape, Tensor, type Value } from '../../../onnx/index.js';

/**
 * Writes, in place, the gradients of maximum pools whose windows tile their input without the pools' indices, which ONNX Runtime's WebGPU
 * provider (1.30) does not give: it goes to the first maximum of each window, as before.
 * @returns the number of gradients.
 */
function poolWithoutIndices(graph: Graph): number {
  let count = 0;
  const build = new GraphBuilder(graph, { prefix: 'pool' });
  for (const node of [...graph.nodes]) {
    const tiling = tilingOf(node);
    if (!tiling) continue;
    graph.replace(node.outputs[0] as Value, unpooled(build, tiling));
    graph.remove(node);
    count++;
    const { pool } = tiling;
    if (pool.outputs[1]?.users.length === 0 && !graph.outputs.includes(pool.outputs[1])) pool.outputs.length = 1;
  }
  graph.sort();
  return count;
}

export const poolsWithoutIndices: Pass = {
  name: 'webgpu-pool-without-indices',
  summary:
    'Gradients of maximum pools whose windows tile their input are written without indices, which the WebGPU provider does not give.',
  kind: 'runtime',
  requires: [],
  ensures: [],
  run: ({ graph }) => poolWithoutIndices(graph),
};

interface Tiling {
  pool: Node;
  /** What the pool reads, and its shape. */
  image: Value;
  shape: readonly number[];
  /** The gradient of the maxima. */
  upstream: Value;
  kernel: readonly number[];
}

/** What is to be known of a MaxUnpool that is the gradient of a pool whose windows tile a float32 image of known shape. */
function tilingOf(node: Node): Tiling | undefined {
  const pool = node.inputs[1]?.producer;
  const [image, upstream] = [pool?.inputs[0], node.inputs[0]];
  if (node.op !== 'MaxUnpool' || pool?.op !== 'MaxPool' || pool.outputs[1] !== node.inputs[1] || !image || !upstream) return undefined;
  const shape = staticShape(image.shape);
  const kernel = pool.ints('kernel_shape', []);
  const usual =
    sameShape(pool.ints('strides', []), kernel) &&
    pool.ints('pads', []).every((pad) => pad === 0) &&
    pool.ints('dilations', []).every((dilation) => dilation === 1) &&
    pool.int('storage_order', 0) === 0 &&
    image.dtype === 'float32';
  if (!usual || !shape || !sameShape(staticShape(node.outputs[0]?.shape) ?? [], shape)) return undefined;
  const pooled = shape.map((dim, axis) => (axis < 2 ? dim : dim / kernel[axis - 2]));
  return sameShape(staticShape(upstream.shape) ?? [], pooled) ? { pool, image, shape, upstream, kernel } : undefined;
}

/** In floats only: this provider leaves whole numbers of 64 bits, such as ArgMax gives, to the processor. */
function unpooled(build: GraphBuilder, { pool, image, shape, upstream, kernel }: Tiling): Value {
  const maxima = pool.outputs[0] as Value;
  // [n, c, rows, columns] in windows is [n, c, rows / k, k, columns / l, l]; a window's taps go last: [n, c, rows / k, columns / l, k, l].
  const taps = sizeOf(kernel);
  const split = shape.flatMap((dim, axis) => (axis < 2 ? [dim] : [dim / kernel[axis - 2], kernel[axis - 2]]));
  const outer = kernel.map((_, axis) => 2 + 2 * axis);
  const order = [0, 1, ...outer, ...outer.map((axis) => axis + 1)];
  const back = order.map((_, axis) => order.indexOf(axis));
  const reshape = (value: Value, dims: readonly number[]) => build.op('Reshape', [value, build.ints(dims)]);
  const windows = reshape(build.op('Transpose', [reshape(image, split)], { perm: order }), [-1, taps]);
  const column = (value: Value) => reshape(value, [-1, 1]);
  const asNumbers = (value: Value) => build.op('Cast', [value], { to: codeOf('float32') });
  const isMaximum = asNumbers(build.op('Equal', [windows, column(maxima)]));
  const before = build.op('MatMul', [isMaximum, build.constant(strictlyUpper(taps))]);
  const isFirst = build.op('Mul', [isMaximum, asNumbers(build.op('Less', [before, build.scalar(0.5)]))]);
  const spread = build.op('Mul', [isFirst, column(upstream)]);
  const inWindows = reshape(
    spread,
    order.map((axis) => split[axis]),
  );
  return reshape(build.op('Transpose', [inWindows], { perm: back }), shape);
}

/** Ones above the diagonal: times a row of marks, how many marks there are before each place. */
function strictlyUpper(size: number): Tensor {
  const ones = Array.from({ length: size * size }, (_, index) => Number(index % size > Math.floor(index / size)));
  return Tensor.from('float32', [size, size], ones);
}
