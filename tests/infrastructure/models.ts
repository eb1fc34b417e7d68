import { Graph, GraphBuilder, Model, SymbolicDim, Tensor, tensorType, type Value } from 'espalier/onnx';

/** A model with two float inputs `a` and `b` of three elements. */
export function vectorModel(write: (build: GraphBuilder, inputs: { a: Value; b: Value }) => void): Model {
  const graph = new Graph('vectors');
  const build = new GraphBuilder(graph);
  write(build, { a: build.input('a', 'float32', [3]), b: build.input('b', 'float32', [3]) });
  return typed(graph);
}

/** `depth` times a multiplication of `x` by a constant 256×256 matrix, and a Relu. */
export function heavyModel(depth: number): Model {
  const graph = new Graph('heavy');
  const build = new GraphBuilder(graph);
  const weight = Tensor.of(
    'float32',
    [256, 256],
    new Float32Array(65536).map((_, i) => ((i * 7919) % 31) / 4000),
  );
  const w = build.parameter('w', weight);
  let value = build.input('x', 'float32', [256, 256]);
  for (let i = 0; i < depth; i++) value = build.op('Relu', [build.op('MatMul', [value, w])]);
  build.output(value, 'y');
  return typed(graph);
}

/** `x` [1, 4] in steps of 0.1 times the weights 1, 2, 3, 4, as QuantizeLinear–DequantizeLinear pairs around a MatMul; `y` [1, 1] in steps of 0.1. */
export function quantizedModel(): Model {
  const graph = new Graph('quantized');
  const build = new GraphBuilder(graph);
  const scale = build.scalar(0.1);
  const zero = build.constant(Tensor.scalar('int8', 0));
  const through = (value: Value) => build.op('DequantizeLinear', [build.op('QuantizeLinear', [value, scale, zero]), scale, zero]);
  const weight = build.parameter('w', Tensor.from('int8', [4, 1], [1, 2, 3, 4]));
  const w = build.op('DequantizeLinear', [weight, build.scalar(1), zero]);
  build.output(through(build.op('MatMul', [through(build.input('x', 'float32', [1, 4])), w])), 'y');
  return typed(graph);
}

/** Conv 3→4 (3×3, padded), Relu, GlobalAveragePool, Reshape and Gemm 4→2 on `x` [N, 3, 8, 8]. */
export function convolutionModel(): Model {
  const graph = new Graph('convolution');
  const build = new GraphBuilder(graph);
  const weights = (name: string, ...shape: number[]) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    return build.parameter(
      name,
      Tensor.of(
        'float32',
        shape,
        Float32Array.from({ length: size }, (_, i) => ((i * 37) % 19) / 19 - 0.5),
      ),
    );
  };
  const x = build.input('x', 'float32', [SymbolicDim.named('N'), 3, 8, 8]);
  const inputs = [x, weights('kernel', 4, 3, 3, 3), weights('bias', 4)];
  const conv = build.node('Conv', inputs, { pads: [1, 1, 1, 1], kernel_shape: [3, 3] }, { name: 'conv' })[0];
  const pooled = build.op('GlobalAveragePool', [build.op('Relu', [conv])]);
  const flat = build.op('Reshape', [pooled, build.ints([-1, 4])]);
  build.output(build.op('Gemm', [flat, weights('dense', 4, 2), weights('offset', 2)]), 'y');
  return typed(graph);
}

/** The same convolution without bias on `x` [1, 3, 8, 8], as QuantizeLinear–DequantizeLinear pairs with int8 weights. */
export function quantizedConvolution(): Model {
  const graph = new Graph('quantized convolution');
  const build = new GraphBuilder(graph);
  const zero = build.constant(Tensor.scalar('int8', 0));
  const through = (value: Value, scale: Value) => {
    return build.op('DequantizeLinear', [build.op('QuantizeLinear', [value, scale, zero]), scale, zero]);
  };
  const kernel = Tensor.from(
    'int8',
    [4, 3, 3, 3],
    Array.from({ length: 108 }, (_, i) => ((i * 37) % 251) - 125),
  );
  const inputs = [build.parameter('kernel', kernel), build.scalar(0.01), zero];
  const weight = build.node('DequantizeLinear', inputs, {}, { name: 'weight_dequantized' })[0];
  const x = through(build.input('x', 'float32', [1, 3, 8, 8]), build.scalar(0.02));
  const conv = build.op('Conv', [x, weight], { pads: [1, 1, 1, 1], kernel_shape: [3, 3] });
  build.output(through(conv, build.scalar(0.1)), 'y');
  return typed(graph);
}

/** ONNX Runtime wants the outputs' element types. */
function typed(graph: Graph): Model {
  for (const output of graph.outputs) output.type ??= tensorType('float32');
  return new Model(graph, 21);
}
