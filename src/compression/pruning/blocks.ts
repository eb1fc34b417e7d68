import { sameShape } from '../../base/index.js';
import { type Graph, type Model, type Node, removeDeadCode, staticShape, type Value } from '../../onnx/index.js';
import { ruleOf, traitsOf } from '../../ops/index.js';

/** A residual branch: y = x + f(x), which may become y = x. */
export interface Block {
  /** Name of y. */
  readonly name: string;
  readonly sum: Node;
  /** Which input of the sum is x. */
  readonly skip: 0 | 1;
  /** Nodes that go with it. */
  readonly nodes: ReadonlySet<Node>;
}

/** The residual branches of a graph with static shapes: sums of a value and something computed from it with weights, of the same shape. */
export function findBlocks(graph: Graph): Block[] {
  return graph.nodes.flatMap((sum) => {
    const [output] = sum.outputs;
    const [a, b] = sum.inputs;
    if (traitsOf(sum).combines !== 'sum' || !output || !a || !b) return [];
    return ([0, 1] as const).flatMap((skip) => {
      const [x, branch] = skip === 0 ? [a, b] : [b, a];
      const nodes = equallyLarge(x, output) ? branchNodes(sum, branch, x) : undefined;
      return nodes && [...nodes].some(hasWeights) ? [{ name: output.name, sum, skip, nodes }] : [];
    });
  });
}

/** Lets the sums of these names be what their branches were added to, in place. */
export function removeBlocks({ graph }: Model, names: ReadonlySet<string>): void {
  for (const { name, sum, skip } of findBlocks(graph)) {
    if (names.has(name)) graph.replace(sum.outputs[0] as Value, sum.inputs[skip] as Value);
  }
  removeDeadCode(graph);
}

function equallyLarge(a: Value, b: Value): boolean {
  const [one, other] = [staticShape(a.shape), staticShape(b.shape)];
  return one !== undefined && other !== undefined && sameShape(one, other) && a.dtype === b.dtype;
}

/** What is computed between `skip` and a branch's end and read by nothing else; undefined where the branch does not come from `skip`. */
function branchNodes(sum: Node, branch: Value, skip: Value): Set<Node> | undefined {
  const nodes = new Set<Node>();
  const waiting = [branch];
  let comesFrom = false;
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    if (value === skip) comesFrom = true;
    const { producer } = value;
    if (value === skip || !producer || nodes.has(producer)) continue;
    nodes.add(producer);
    for (const input of readsOf(producer)) waiting.push(input);
  }
  if (!comesFrom) return undefined;
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of nodes) {
      const isRead = (value: Value | undefined) =>
        value && (sum.graph?.outputs.includes(value) || value.uses().some((use) => use.node !== sum && !nodes.has(use.node)));
      if (!node.outputs.some(isRead)) continue;
      nodes.delete(node);
      changed = true;
    }
  }
  return nodes;
}

function readsOf(node: Node): Value[] {
  const inner = node.subgraphs().flatMap((graph) => graph.nodes.flatMap(readsOf));
  return [...node.inputs.filter((input) => input !== undefined), ...inner];
}

function hasWeights(node: Node): boolean {
  const quantization = ruleOf(node)?.quantization;
  return quantization?.kind === 'weighted' && node.inputs[quantization.weight]?.constant !== undefined;
}
