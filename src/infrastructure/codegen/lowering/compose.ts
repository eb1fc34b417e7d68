import { lookup, UnsupportedError } from '../../../base/index.js';
import { type Graph, type Model, removeDeadCode, staticShape } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import { attention, rotaryEmbedding } from './attention.js';
import type { Composer, Composition } from './compositions.js';
import { quantizedCompositions } from './quantized.js';

const compositions: Readonly<Record<string, Composition>> = {
  ...quantizedCompositions,
  ':Attention': attention,
  ':RotaryEmbedding': rotaryEmbedding,
};

/** Says operators that have no loops of their own in others, in place; those in branches too. The model must be typed. */
export function composeInPlace(model: Model): void {
  composeGraph(model, model.graph);
  removeDeadCode(model.graph);
  model.graph.sort();
}

function composeGraph(model: Model, graph: Graph): void {
  const build = typedBuilder(graph, model.opsets);
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) composeGraph(model, inner);
    const composition = lookup(compositions, `${node.domain === 'ai.onnx' ? '' : node.domain}:${node.op}`);
    if (!composition) continue;
    const refuse = (reason: string): never => {
      throw new UnsupportedError({ what: `This use of ${node.op} cannot be compiled, because ${reason}`, where: node.label });
    };
    const composer: Composer = {
      node,
      op: (type, inputs, attributes) => build.op(type, inputs, attributes),
      ops: (type, inputs, outputs, attributes) => build.node(type, inputs, attributes, { outputs }),
      constant: (tensor) => build.constant(tensor),
      ints: (values) => build.ints(values),
      scalar: (value) => build.scalar(value, node.inputs[0]?.dtype),
      shape: (value) => staticShape(value.constant?.shape ?? value.shape) ?? refuse(`the shape of "${value.name}" is not known`),
      replace: (index, value) => {
        const output = node.outputs[index];
        if (output) graph.replace(output, value);
      },
      refuse,
    };
    composition(composer);
    graph.remove(node);
  }
}
