import { Graph, GraphBuilder, Model, Tensor, tensorType, type Value } from 'espalier/onnx';

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

/** ONNX Runtime wants the outputs' element types. */
function typed(graph: Graph): Model {
  for (const output of graph.outputs) output.type ??= tensorType('float32');
  return new Model(graph, 21);
}
