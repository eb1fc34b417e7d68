import { bitsOf, byteLengthOf, copyGraph, Graph, isFloat, Model, type Node, staticShape, Tensor, type Value } from '../../onnx/index.js';
import { Inference } from '../../ops/index.js';
import type { Runtime } from '../runtime/index.js';

/** Operators that give another result at each call. */
const random = new Set(['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Bernoulli', 'Multinomial', 'Dropout']);

/** Results that take more bytes than what they are computed from are kept computed from this size on, in bytes. */
const LARGEST_EXPANSION = 1024;

/**
 * Replaces, in place, what can be computed before any input is known by its value: shape arithmetic by inference, the rest by running it once.
 * Weights stored in fewer bits than their values (DequantizeLinear of int8) stay so.
 * @returns the number of nodes removed.
 */
export async function foldConstants(model: Model, runtime: Runtime): Promise<number> {
  const { graph } = model;
  graph.sort();
  const known = shapeConstants(model);
  const constant = new Set<Value>(known.keys());
  const foldable: Node[] = [];
  for (const node of graph.nodes) {
    if (!isFoldable(node, constant)) continue;
    foldable.push(node);
    for (const output of node.outputs) if (output) constant.add(output);
  }
  const folded = new Set(foldable);
  const wanted = foldable.flatMap((node) => node.outputs.filter((output) => output && isReadOutside(output, folded, graph))) as Value[];
  const computed = await compute(model, foldable, wanted, runtime);
  for (const [value, tensor] of known) if (!computed.has(value)) computed.set(value, tensor);
  const before = graph.nodes.length;
  for (const [value, tensor] of computed) replaceByConstant(graph, value, tensor);
  const dead = graph.nodes.filter((node) =>
    node.outputs.every((output) => !output || (computed.has(output) && output.readers.size === 0 && !graph.outputs.includes(output))),
  );
  graph.remove(...dead);
  return before - graph.nodes.length;
}

/** Integer values that inference knows although they depend on an input's shape. */
function shapeConstants(model: Model): Map<Value, Tensor> {
  const inference = new Inference(model.opsets, model.functions);
  inference.graph(model.graph);
  const known = new Map<Value, Tensor>();
  for (const node of model.graph.nodes) {
    for (const output of node.outputs) {
      const contents = output && !output.constant ? inference.integers(output) : undefined;
      const shape = staticShape(output?.shape);
      if (!output || !contents || !shape || !output.dtype || !contents.every((dim) => typeof dim === 'number')) continue;
      if (output.dtype === 'int64' || output.dtype === 'int32') known.set(output, Tensor.from(output.dtype, shape, contents as number[]));
    }
  }
  return known;
}

function isFoldable(node: Node, constant: ReadonlySet<Value>): boolean {
  if (node.op === 'Constant' || random.has(node.op) || node.subgraphs().length > 0 || node.domain !== '') return false;
  const isConstant = (input: Value | undefined) =>
    !input || constant.has(input) || (input.constant !== undefined && !input.producer?.graph?.inputs.includes(input));
  if (node.inputs.length === 0 || !node.inputs.every(isConstant)) return false;
  return node.outputs.every((output) => output && isWorthStoring(node, output));
}

function isWorthStoring(node: Node, output: Value): boolean {
  const shape = staticShape(output.shape);
  const { dtype } = output;
  if (!shape || !dtype || dtype === 'string' || output.type?.kind !== 'tensor') return false;
  const narrow = node.inputs.some((input) => input?.dtype && bitsOf(input.dtype) <= 8 && input.dtype !== 'bool');
  if (narrow && isFloat(dtype)) return false;
  const bytes = byteLengthOf(
    dtype,
    shape.reduce((a, b) => a * b, 1),
  );
  const read = node.inputs.reduce((sum, input) => sum + (input?.constant?.byteLength ?? sizeOfValue(input)), 0);
  return bytes <= Math.max(read, LARGEST_EXPANSION);
}

function sizeOfValue(value: Value | undefined): number {
  const shape = staticShape(value?.shape);
  return shape && value?.dtype
    ? byteLengthOf(
        value.dtype,
        shape.reduce((a, b) => a * b, 1),
      )
    : 0;
}

function isReadOutside(value: Value, folded: ReadonlySet<Node>, graph: Graph): boolean {
  return graph.outputs.includes(value) || value.users.some((user) => !folded.has(user));
}

/** Runs the foldable nodes alone, as a model without inputs. */
async function compute(model: Model, nodes: readonly Node[], wanted: readonly Value[], runtime: Runtime): Promise<Map<Value, Tensor>> {
  if (wanted.length === 0) return new Map();
  const part = new Graph('constants');
  const picked = new Set(nodes);
  const { graph: copy, values } = copyGraph(model.graph);
  const originals = new Map(model.graph.nodes.map((node, index) => [copy.nodes[index], node]));
  for (const node of copy.nodes) if (picked.has(originals.get(node) as Node)) part.add(node);
  for (const value of copy.initializers) if (value.users.some((user) => user.graph === part)) part.initializers.add(value);
  for (const node of copy.nodes) if (node.op === 'Constant' && node.outputs[0]?.users.some((user) => user.graph === part)) part.add(node);
  part.outputs.push(...wanted.map((value) => values.get(value) as Value));
  const whole = new Model(part);
  for (const [domain, version] of model.opsets) whole.opsets.set(domain, version);
  whole.irVersion = model.irVersion;
  const program = await runtime.compile(whole, { optimize: 'none', threads: 1 });
  try {
    const results = await program.run({});
    return new Map(wanted.map((value) => [value, results[value.name]]));
  } finally {
    await program.dispose();
  }
}

function replaceByConstant(graph: Graph, value: Value, tensor: Tensor): void {
  if (value.readers.size === 0 && !graph.outputs.includes(value)) return;
  const initializer = graph.addInitializer(graph.freshName(`${value.name}_folded`), tensor);
  graph.replace(value, initializer);
}
