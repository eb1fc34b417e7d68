import { type Node, Tensor } from '../../onnx/index.js';
import type { UpgradeContext, UpgradeRule } from '../rule.js';

/** Gives a node a new constant vector as input `index`. The old constant is left alone: other nodes may read it. */
export function setIntegers(node: Node, index: number, values: readonly number[]): void {
  if (!node.graph) throw new Error(`${node.label} is in no graph`);
  const name = node.graph.freshName(`${node.name || node.op}_input${index}`);
  setInput(node, index, node.graph.addInitializer(name, Tensor.from('int64', [values.length], values)));
}

/** Sets input `index`; inputs before it that are not there are absent. */
export function setInput(node: Node, index: number, value: Parameters<Node['setInput']>[1]): void {
  while (node.inputs.length < index) node.setInput(node.inputs.length, undefined);
  node.setInput(index, value);
}

/** An upgrade: integer attribute `name` becomes input `index`, where it is given. */
export function attributeBecomesInput(name: string, index: number): UpgradeRule {
  return ({ node, build }) => {
    const attribute = node.attributes.get(name);
    node.attributes.delete(name);
    if (attribute?.type !== 'ints') return;
    // Exactly, for the largest integer is how exporters say "to the end".
    const values = BigInt64Array.from(attribute.value.map(BigInt));
    setInput(node, index, build.constant(Tensor.of('int64', [values.length], values)));
  };
}

/** An upgrade: attribute `name` gets the value that was the default before, where none is given. */
export function defaultBecomes(name: string, value: number | string): (context: UpgradeContext) => void {
  return ({ node }) => {
    if (node.attributes.has(name)) return;
    node.attributes.set(name, typeof value === 'string' ? { type: 'string', value } : { type: 'int', value });
  };
}
