import { Value } from '../../onnx/index.js';
import type { OpRule, UpgradeContext, UpgradeRule } from '../rule.js';

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

/** Opsets 7 and 9: is_test goes (statistics are an output of training only), spatial goes. */
const dropTestFlag: UpgradeRule = (context) => {
  context.node.attributes.delete('is_test');
  context.node.attributes.delete('consumed_inputs');
};

/** Opset 9 drops spatial = 0, which normalised every activation with statistics of its own: said by plain arithmetic. */
const dropSpatial: UpgradeRule = (context) => {
  const { node, build } = context;
  const perActivation = node.int('spatial', 1) === 0;
  node.attributes.delete('spatial');
  if (!perActivation) return;
  if ([1, 2, 3, 4].some((index) => isRead(context, index))) context.refuse('its statistics of single activations are read');
  const [x, scale, bias, mean, variance] = node.inputs as Value[];
  const deviation = build.op('Sqrt', [build.op('Add', [variance, build.scalar(node.float('epsilon', 1e-5), x.dtype)])]);
  const normal = build.op('Div', [build.op('Sub', [x, mean]), deviation]);
  context.replace(0, build.op('Add', [build.op('Mul', [normal, scale]), bias]));
};

/** Opset 14 says training by an attribute, and has no saved statistics. Before, it was said by reading more than one output. */
const sayTraining: UpgradeRule = (context) => {
  if (isRead(context, 3) || isRead(context, 4)) context.refuse('its saved mean or variance is read, which newer forms do not give');
  const trains = isRead(context, 1) || isRead(context, 2);
  dropOutputs(context, trains ? 3 : 1);
  if (trains) context.node.attributes.set('training_mode', { type: 'int', value: 1 });
};

export const batchNormalizationUpgrades: OpRule['upgrades'] = { 7: dropTestFlag, 9: dropSpatial, 14: sayTraining };

/** Opset 21 has a scale and a bias per channel; before, per group. */
export const groupNormalizationUpgrade: UpgradeRule = ({ node, build }) => {
  const groups = node.int('num_groups', 1);
  const channels = build.op('Shape', [node.inputs[0]], { start: 1, end: 2 });
  const perGroup = build.op('Div', [channels, build.ints([groups])]);
  const target = build.op('Concat', [build.ints([groups]), perGroup], { axis: 0 });
  for (const index of [1, 2]) {
    const column = build.op('Reshape', [node.inputs[index], build.ints([groups, 1])]);
    node.setInput(index, build.op('Reshape', [build.op('Expand', [column, target]), build.ints([-1])]));
  }
};

/** Opset 7 drops is_test (inference is what a graph says unless it asks for training). */
const dropoutTestFlag: UpgradeRule = ({ node }) => {
  node.attributes.delete('is_test');
  node.attributes.delete('consumed_inputs');
};

/** Opset 10 has a mask of booleans; before, of the data's type. */
const booleanMask: UpgradeRule = (context) => {
  const { node, build } = context;
  const mask = node.outputs[1];
  if (!mask) return;
  if (!isRead(context, 1)) return dropOutputs(context, 1);
  const booleans = new Value(build.graph.freshName(`${mask.name}_bool`));
  node.setOutput(1, booleans);
  build.type(node);
  const cast = build.op('Cast', [booleans], { to: mask.dtype === 'float64' ? 11 : mask.dtype === 'float16' ? 10 : 1 });
  build.graph.replace(mask, cast);
};

/** Opset 12 has the ratio as an input. */
const ratioInput: UpgradeRule = ({ node, build }) => {
  const ratio = node.float('ratio', 0.5);
  node.attributes.delete('ratio');
  node.setInput(1, build.scalar(ratio));
};

export const dropoutUpgrades: OpRule['upgrades'] = { 7: dropoutTestFlag, 10: booleanMask, 12: ratioInput };
