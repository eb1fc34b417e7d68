import { z } from 'zod';
import { copyModel, type Graph, type Model, type Tensor, type Value } from '../../onnx/index.js';
import type { Technique } from '../../technique/index.js';

/**
 * A copy of a model whose inner values have names of a letter or two, whose nodes have none, and that stores equal constants once, without
 * documentation. It computes the same, bit by bit. In a quantized model of some tens of kilobytes, names are a third of the file; what refers to
 * layers by name (a profile, another recipe) is harder to read afterwards. Names of inputs and outputs stay, and so do the model's own metadata.
 */
export function minifyModel(source: Model): Model {
  const model = copyModel(source);
  shareConstants(model.graph);
  const faces = new Set([...model.graph.inputs.filter((input) => !input.initializer), ...model.graph.outputs]);
  const taken = new Set([...faces].map((value) => value.name));
  let count = 0;
  const next = (): string => {
    const name = (count++).toString(36);
    return taken.has(name) ? next() : name;
  };
  // Subgraphs read values of the graphs around them by name: no name may be used twice.
  for (const value of model.graph.values(true)) {
    if (!faces.has(value)) value.name = next();
    if (value.extras) value.extras.doc = undefined;
  }
  forgetNames(model.graph);
  return model;
}

function forgetNames(graph: Graph): void {
  for (const node of graph.nodes) {
    node.name = '';
    if (node.extras) node.extras.doc = undefined;
    for (const inner of node.subgraphs()) forgetNames(inner);
  }
}

/** Larger constants, in bytes, are hardly ever equal, and comparing them would read every weight. */
const SMALL = 4096;

/** Lets small equal initializers be one. Those that are inputs as well, or outputs, stay by themselves. */
function shareConstants(graph: Graph): void {
  const known = new Map<string, Value[]>();
  const outside = new Set([...graph.inputs, ...graph.outputs]);
  for (const value of [...graph.initializers]) {
    const tensor = value.initializer;
    if (!tensor || outside.has(value) || tensor.dtype === 'string' || tensor.byteLength > SMALL) continue;
    const key = `${tensor.dtype} ${tensor.shape}`;
    const alike = known.get(key) ?? [];
    const same = alike.find((other) => isEqual(other.initializer as Tensor, tensor));
    if (same) {
      for (const { node, index } of value.uses()) node.setInput(index, same);
      graph.initializers.delete(value);
    } else known.set(key, [...alike, value]);
  }
  for (const node of graph.nodes) for (const inner of node.subgraphs()) shareConstants(inner);
}

function isEqual(a: Tensor, b: Tensor): boolean {
  const [left, right] = [a.bytes(), b.bytes()];
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

/** Makes small files smaller without changing what they compute; see `minifyModel`. */
export const minify: Technique<Record<string, never>> = {
  name: 'minify',
  source: 'Not published: what ONNX files carry that no runtime reads.',
  effects: ['shrink'],
  order: 'package',
  summary: 'Shortens inner names and stores equal constants once: the same results from a smaller file.',
  schema: z.strictObject({}),
  needs: {},
  // It says nothing of what the model computes.
  label: () => [],
  space: () => ({}),
  apply: async ({ model }) => ({ model: minifyModel(model), notes: {} }),
};
