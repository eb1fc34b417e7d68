import type { UpgradeContext } from '../rule.js';

/** Whether anything reads an output of the node. */
export function isRead(context: UpgradeContext, index: number): boolean {
  const output = context.node.outputs[index];
  return output !== undefined && (output.readers.size > 0 || context.node.graph?.outputs.includes(output) === true);
}

/** Takes outputs from `count` on off the node. They must not be read. */
export function dropOutputs(context: UpgradeContext, count: number): void {
  const { node } = context;
  for (let index = count; index < node.outputs.length; index++) node.setOutput(index, undefined);
  node.outputs.length = Math.min(count, node.outputs.length);
}
