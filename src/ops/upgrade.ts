import { UnsupportedError } from '../base/index.js';
import {
  type Condition,
  copyModel,
  functionsWrittenOut,
  type Graph,
  type GraphBuilder,
  inlineFunctions,
  type Model,
  type Node,
  type Pass,
  removeDeadCode,
} from '../onnx/index.js';
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
  upgradeInPlace(model, target);
  return model;
}

/** The same in place, for a model whose functions are written out. @returns the number of nodes that were rewritten. */
export function upgradeInPlace(model: Model, target: number): number {
  let count = 0;
  for (let version = model.opset + 1; version <= target; version++) {
    if (hasUpgrades(model.graph, version)) {
      inferShapes(model);
      count += upgradeGraph(model.graph, version, new Map([...model.opsets, ['', version]]));
    }
    model.opsets.delete('ai.onnx');
    model.opsets.set('', version);
  }
  model.irVersion = Math.max(model.irVersion, irVersionFor(model.opset));
  return count;
}

function irVersionFor(opset: number): number {
  return irVersions.find(([first]) => opset >= first)?.[1] ?? 3;
}

const opsets = new Map<number, Condition>();

/** One condition for each opset. */
export function opsetAtLeast(opset: number): Condition {
  const condition = opsets.get(opset) ?? {
    name: `standard operators are those of opset ${opset} or newer`,
    holds: (model) => model.opset >= opset && model.irVersion >= irVersionFor(model.opset),
  };
  opsets.set(opset, condition);
  return condition;
}

/** See `upgradeOpset`. */
export function upgradeTo(opset: number): Pass {
  return {
    name: 'upgrade-opset',
    summary: `Rewrites operators whose form has changed, version by version, up to an opset (${opset}).`,
    kind: 'form',
    requires: [functionsWrittenOut],
    ensures: [opsetAtLeast(opset)],
    run: (model) => upgradeInPlace(model, opset),
  };
}

function hasUpgrades(graph: Graph, version: number): boolean {
  return graph.nodes.some((node) => upgradeOf(node, version) || node.subgraphs().some((inner) => hasUpgrades(inner, version)));
}

function upgradeOf(node: Node, version: number) {
  return node.domain === '' || node.domain === 'ai.onnx' ? ruleOf(node)?.upgrades[version] : undefined;
}

function upgradeGraph(graph: Graph, version: number, opsets: ReadonlyMap<string, number>): number {
  const build = typedBuilder(graph, opsets);
  let count = 0;
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) count += upgradeGraph(inner, version, opsets);
    if (upgradeNode(node, version, build)) count++;
  }
  removeDeadCode(graph);
  graph.sort();
  return count;
}

function upgradeNode(node: Node, version: number, build: GraphBuilder): boolean {
  const upgrade = upgradeOf(node, version);
  upgrade?.({
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
  return upgrade !== undefined;
}
