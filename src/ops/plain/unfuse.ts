import { UnsupportedError } from '../../base/index.js';
import {
  type Condition,
  functionsWrittenOut,
  type Graph,
  type Model,
  type Node,
  nodesOf,
  type Pass,
  removeDeadCode,
} from '../../onnx/index.js';
import { inferShapes, typedBuilder } from '../inference.js';
import { ruleOf } from '../table.js';
import { upgradeInPlace } from '../upgrade.js';

/** The opset that has LayerNormalization, which ONNX Runtime's optimizer writes into older ones, too. */
const NORMALIZATION_OPSET = 17;

export const operatorsAreStandard: Condition = {
  name: 'operators that a runtime fused are said in those of the standard',
  holds: ({ graph, opset }) => !nodesOf(graph).some((node) => ruleOf(node)?.plain || isEarly(node, opset)),
};

export const unfused: Pass = {
  name: 'unfuse',
  summary: "Says in operators of the standard what a runtime's optimizer fused.",
  kind: 'form',
  requires: [functionsWrittenOut],
  ensures: [operatorsAreStandard],
  run: unfuseInPlace,
};

/**
 * Says in operators of the standard what the optimizer of a runtime fused: convolutions and products with their activations, sums that are normalized,
 * gates. Fused operators that have no plain form stay; what needs it refuses them by name.
 * @throws UnsupportedError where the use of a fused operator cannot be said.
 */
function unfuseInPlace(model: Model): number {
  if (nodesOf(model.graph).some((node) => /LayerNormalization$/.test(node.op))) upgradeInPlace(model, NORMALIZATION_OPSET);
  inferShapes(model);
  const count = unfuseGraph(model, model.graph);
  const used = new Set(nodesOf(model.graph).map(({ domain }) => domain));
  for (const domain of [...model.opsets.keys()]) if (/^com\.(microsoft|ms)/.test(domain) && !used.has(domain)) model.opsets.delete(domain);
  removeDeadCode(model.graph);
  model.graph.sort();
  return count;
}

function isEarly(node: Node, opset: number): boolean {
  return node.op === 'LayerNormalization' && node.domain === '' && opset < NORMALIZATION_OPSET;
}

function unfuseGraph(model: Model, graph: Graph): number {
  const build = typedBuilder(graph, model.opsets);
  let count = 0;
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) count += unfuseGraph(model, inner);
    const plain = ruleOf(node)?.plain;
    if (!plain) continue;
    plain({
      node,
      build,
      opset: model.opset,
      rank: (index) => node.inputs[index]?.shape?.length,
      replace: (index, replacement) => {
        const output = node.outputs[index];
        if (output) graph.replace(output, replacement);
      },
      refuse: (reason) => {
        throw new UnsupportedError({
          what: `The fused operator cannot be said in operators of the standard, because ${reason}`,
          where: node.label,
          fix: "Start from the model before ONNX Runtime's optimizer ran.",
        });
      },
    });
    graph.remove(node);
    count++;
  }
  return count;
}
