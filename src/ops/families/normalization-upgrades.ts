import type { Value } from '../../onnx/index.js';
import type { OpRule, UpgradeRule } from '../rule.js';
import { dropOutputs, isRead } from '../shared/outputs.js';

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
