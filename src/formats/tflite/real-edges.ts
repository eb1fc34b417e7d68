import { copyModel, type Graph, type Model, Node, Tensor, Value } from '../../onnx/index.js';
import { gridOfIntegers, isFloatValue, type TensorGrid } from './writing/values.js';

/**
 * A copy of a model whose inputs and outputs in integers are the numbers that these stand for, under the same names: what prepares data and judges answers then need not
 * know how they are stored. The model itself where there are none with a scale. It computes what it did: numbers are rounded to the same integers at its edges.
 */
export function withRealEdges(source: Model): Model {
  const isStored = (value: Value) => !isFloatValue(value) && gridOfIntegers(value) !== undefined;
  if (![...source.graph.feeds, ...source.graph.outputs].some(isStored)) return source;
  const model = copyModel(source);
  const { graph } = model;
  for (const input of graph.feeds) {
    const grid = gridOfIntegers(input);
    if (grid && !isFloatValue(input)) realInput(graph, input, grid);
  }
  graph.outputs.forEach((output, index) => {
    const grid = gridOfIntegers(output);
    if (grid && !isFloatValue(output)) graph.outputs[index] = realOutput(graph, output, grid);
  });
  graph.sort();
  return model;
}

function realInput(graph: Graph, input: Value, grid: TensorGrid): void {
  const { name } = input;
  const real = new Value(name, { kind: 'tensor', dtype: 'float32', shape: input.shape });
  input.name = graph.freshName(`${name}_integers`);
  graph.inputs[graph.inputs.indexOf(input)] = real;
  connect(graph, 'QuantizeLinear', real, input, grid);
}

function realOutput(graph: Graph, output: Value, grid: TensorGrid): Value {
  const { name } = output;
  const real = new Value(name, { kind: 'tensor', dtype: 'float32', shape: output.shape });
  output.name = graph.freshName(`${name}_integers`);
  connect(graph, 'DequantizeLinear', output, real, grid);
  return real;
}

function connect(graph: Graph, op: string, from: Value, to: Value, grid: TensorGrid): void {
  const integers = op === 'QuantizeLinear' ? to : from;
  const isUnsigned = integers.dtype === 'uint8';
  const scale = graph.addInitializer(graph.freshName(`${integers.name}_scale`), Tensor.scalar('float32', grid.scale));
  const zero = Tensor.scalar(integers.dtype ?? grid.dtype, grid.zeroPoint + (isUnsigned ? 128 : 0));
  const zeroPoint = graph.addInitializer(graph.freshName(`${integers.name}_zero_point`), zero);
  const node = graph.add(new Node(op, '', graph.freshName(`${integers.name}_${op}`)));
  [from, scale, zeroPoint].forEach((value, index) => {
    node.setInput(index, value);
  });
  node.setOutput(0, to);
}
