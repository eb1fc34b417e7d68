import { UnsupportedError } from '../../base/index.js';
import { copyModel, type Graph, inlineFunctions, type Model, type Node, nodesOf, removeDeadCode } from '../../onnx/index.js';
import { inferShapes, typedBuilder } from '../inference.js';
import { ruleOf } from '../table.js';
import { upgradeOpset } from '../upgrade.js';

/** The opset that has LayerNormalization, which ONNX Runtime's optimizer writes into older ones, too. */
const NORMALIZATION_OPSET = 17;

/**
 * A copy of a model that says in operators of the standard what the optimizer of a runtime fused: convolutions and products with their activations,
 * sums that are normalized, gates. The model itself where nothing is fused. Fused operators that have no plain form stay; what needs it refuses
 * them by name.
 * @throws UnsupportedError where the use of a fused operator cannot be said.
 */
export function unfuse(source: Model): Model {
  if (!nodesOf(source.graph).some((node) => ruleOf(node)?.plain || isEarly(node, source.opset))) return source;
  const inlined = inlineFunctions(source);
  const copy = inlined === source ? copyModel(source) : inlined;
  const model = nodesOf(copy.graph).some((node) => /LayerNormalization$/.test(node.op)) ? upgradeOpset(copy, NORMALIZATION_OPSET) : copy;
  inferShapes(model);
  unfuseGraph(model, model.graph);
  const used = new Set(nodesOf(model.graph).map(({ domain }) => domain));
  for (const domain of [...model.opsets.keys()]) if (/^com\.(microsoft|ms)/.test(domain) && !used.has(domain)) model.opsets.delete(domain);
  removeDeadCode(model.graph);
  model.graph.sort();
  return model;
}

function isEarly(node: Node, opset: number): boolean {
  return node.op === 'LayerNormalization' && node.domain === '' && opset < NORMALIZATION_OPSET;
}

function unfuseGraph(model: Model, graph: Graph): void {
  const build = typedBuilder(graph, model.opsets);
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) unfuseGraph(model, inner);
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
  }
}
