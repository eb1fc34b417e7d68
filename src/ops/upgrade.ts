import { UnsupportedError } from '../base/index.js';
import { copyModel, type Graph, type GraphBuilder, inlineFunctions, type Model, type Node, removeDeadCode } from '../onnx/index.js';
import { inferShapes, typedBuilder } from './inference.js';
import { ruleOf } from './table.js';

/** IR version that came with an opset: runtimes refuse a new opset under an old IR version. */
const irVersions: readonly (readonly [opset: number, ir: number])[] = [
  [23, 11],
  [21, 10],
  [19, 9],
  [15, 8],
  [12, 7],
  [11, 6],
  [10, 5],
];

/**
 * A copy of the model in the standard operators' version `target` (or its own, where that is newer): each operator whose form has changed
 * is rewritten, version by version. Functions are inlined. Other domains stay as they are.
 * @throws UnsupportedError naming the node where an old form cannot be said in the new version.
 */
export function upgradeOpset(source: Model, target: number): Model {
  const inlined = inlineFunctions(source);
  const model = inlined === source ? copyModel(source) : inlined;
  for (let version = model.opset + 1; version <= target; version++) {
    if (hasUpgrades(model.graph, version)) {
      inferShapes(model);
      upgradeGraph(model.graph, version, new Map([...model.opsets, ['', version]]));
    }
    model.opsets.delete('ai.onnx');
    model.opsets.set('', version);
  }
  const needed = irVersions.find(([opset]) => model.opset >= opset)?.[1] ?? 3;
  model.irVersion = Math.max(model.irVersion, needed);
  return model;
}

function hasUpgrades(graph: Graph, version: number): boolean {
  return graph.nodes.some((node) => upgradeOf(node, version) || node.subgraphs().some((inner) => hasUpgrades(inner, version)));
}

function upgradeOf(node: Node, version: number) {
  return node.domain === '' || node.domain === 'ai.onnx' ? ruleOf(node)?.upgrades[version] : undefined;
}

function upgradeGraph(graph: Graph, version: number, opsets: ReadonlyMap<string, number>): void {
  const build = typedBuilder(graph, opsets);
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) upgradeGraph(inner, version, opsets);
    upgradeNode(node, version, build);
  }
  removeDeadCode(graph);
  graph.sort();
}

function upgradeNode(node: Node, version: number, build: GraphBuilder): void {
  upgradeOf(
    node,
    version,
  )?.({
    node,
    build,
    rank: (index) => node.inputs[index]?.shape?.length,
    replace: (index, replacement) => {
      const output = node.outputs[index];
      if (output) build.graph.replace(output, replacement);
    },
    refuse: (reason) => {
      throw new UnsupportedError({ what: `The operator cannot be rewritten for opset ${version}, because ${reason}`, where: node.label });
    },
  });
}
