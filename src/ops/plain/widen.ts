import {
  type Condition,
  codeOf,
  type DataType,
  functionsWrittenOut,
  type Graph,
  graphsOf,
  type Model,
  Node,
  nodesOf,
  type Pass,
  Tensor,
  type TensorType,
  tensorType,
  Value,
  type ValueType,
} from '../../onnx/index.js';
import { inferShapes } from '../inference.js';

/** Attributes that name an element type by its number. */
const TYPE_ATTRIBUTES = ['to', 'dtype', 'output_dtype', 'output_datatype'];

/** Whether a model computes in floats of 16 bits, or stores weights so. Inputs and outputs alone are not meant. */
export function isHalf(model: Model): boolean {
  const outputs = new Set(model.graph.outputs);
  return graphsOf(model.graph).some(({ initializers, nodes }) => {
    const inner = nodes.flatMap((node) => node.outputs.filter((output) => output && !(node.op === 'Cast' && outputs.has(output))));
    return [...initializers, ...inner].some((value) => isNarrow(value?.constant?.dtype ?? value?.dtype));
  });
}

export const floatsAreWide: Condition = { name: 'floats have 32 bits or more', holds: (model) => !isHalf(model) };

export const widened: Pass = {
  name: 'widen',
  summary: 'Float16 and bfloat16 become float32; inputs and outputs keep their types.',
  kind: 'form',
  requires: [functionsWrittenOut],
  ensures: [floatsAreWide],
  run: widenInPlace,
};

/** Computes in float32 what the model computed in float16 or bfloat16, with a Cast behind each input and before each output that has such a type. */
function widenInPlace(model: Model): number {
  const { graph } = model;
  const feeds = graph.feeds.filter(({ dtype }) => isNarrow(dtype)).map((value) => ({ value, type: value.type }));
  const results = graph.outputs.map((value) => value.type);
  for (const each of graphsOf(graph)) widenConstants(each);
  for (const node of nodesOf(graph)) widenAttributes(node);
  const narrow = [...graph.values(true)].filter(({ dtype }) => isNarrow(dtype));
  for (const value of narrow) withFloat32(value);
  for (const { value, type } of feeds) castInput(graph, value, type);
  graph.outputs.forEach((value, index) => {
    const type = results[index];
    if (type?.kind === 'tensor' && isNarrow(type.dtype)) castOutput(graph, value, index, type);
  });
  graph.sort();
  inferShapes(model);
  return new Set(narrow.map(({ producer }) => producer)).size;
}

export const floatedOutputs: Pass = {
  name: 'float-outputs',
  summary: 'Outputs that were cast to half precision become what they were cast from.',
  kind: 'form',
  requires: [],
  ensures: [],
  run: floatOutputs,
};

/** The same model with outputs in float32, in place: what they were cast from. Losses are written on them. @returns how many there are. */
export function floatOutputs({ graph }: Pick<Model, 'graph'>): number {
  let count = 0;
  graph.outputs.forEach((output, index) => {
    const [wide] = output.producer?.op === 'Cast' ? output.producer.inputs : [];
    if (!isNarrow(output.dtype) || wide?.dtype !== 'float32' || graph.inputs.includes(wide) || graph.outputs.includes(wide)) return;
    count++;
    [output.name, wide.name] = [wide.name, output.name];
    graph.outputs[index] = wide;
  });
  return count;
}

function isNarrow(dtype: Value['dtype']): boolean {
  return dtype === 'float16' || dtype === 'bfloat16';
}

function widenedTensor(tensor: Tensor): Tensor {
  return Tensor.of('float32', tensor.shape, tensor.toFloat32());
}

function widenConstants({ initializers }: Graph): void {
  for (const value of initializers) {
    if (!isNarrow(value.initializer?.dtype)) continue;
    value.initializer = widenedTensor(value.initializer as Tensor);
    withFloat32(value);
  }
}

function widenAttributes(node: Node): void {
  for (const [name, attribute] of node.attributes) {
    if (attribute.type === 'tensor' && isNarrow(attribute.value.dtype))
      node.attributes.set(name, { type: 'tensor', value: widenedTensor(attribute.value) });
    const names = attribute.type === 'int' && TYPE_ATTRIBUTES.includes(name) ? Number(attribute.value) : undefined;
    if (names === codeOf('float16') || names === codeOf('bfloat16')) node.attributes.set(name, { type: 'int', value: codeOf('float32') });
  }
}

/** Everything behind an input reads it as float32. */
function castInput(graph: Graph, value: Value, type: ValueType | undefined): void {
  const readers = value.uses();
  value.type = type;
  const wide = cast(graph, value, `${value.name}_float32`, 'float32');
  for (const { node, index } of readers) node.setInput(index, wide);
  graph.outputs.forEach((output, index) => {
    if (output === value) graph.outputs[index] = wide;
  });
}

/** The output of this place has its old name and type again. */
function castOutput(graph: Graph, value: Value, index: number, type: TensorType): void {
  const { name } = value;
  const narrow = cast(graph, value, `${name}_float32`, type.dtype as DataType);
  [value.name, narrow.name] = [narrow.name, name];
  narrow.type = type;
  graph.outputs[index] = narrow;
}

function cast(graph: Graph, value: Value, name: string, dtype: DataType): Value {
  const node = new Node('Cast', '', graph.freshName(`${name}_cast`));
  node.attributes.set('to', { type: 'int', value: codeOf(dtype) });
  node.setInput(0, value);
  const output = new Value(graph.freshName(name), tensorType(dtype, value.shape));
  node.setOutput(0, output);
  graph.add(node);
  return output;
}

function withFloat32(value: Value): void {
  if (value.type?.kind === 'tensor') value.type = { ...value.type, dtype: 'float32' };
}
