import { codeOf, tensorType, Value } from '../../onnx/index.js';
import { dropoutGradient } from '../gradients/dropout.js';
import { type Family, noMacs, type UpgradeRule } from '../rule.js';
import { tieAllBut } from '../shared/broadcast.js';
import { dropOutputs, isRead } from '../shared/outputs.js';
import { withTraits } from '../with-traits.js';

/** Opset 7 drops is_test (inference is what a graph says unless it asks for training). */
const dropTestFlag: UpgradeRule = ({ node }) => {
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
  const cast = build.op('Cast', [booleans], { to: codeOf(mask.dtype ?? 'float32') });
  build.graph.replace(mask, cast);
};

/** Opset 12 has the ratio as an input. */
const ratioInput: UpgradeRule = ({ node, build }) => {
  const ratio = node.float('ratio', 0.5);
  node.attributes.delete('ratio');
  node.setInput(1, build.scalar(ratio));
};

const rules = {
  Dropout: {
    infer: (context) => {
      const type = context.type(0);
      const maskType = context.opset >= 10 ? 'bool' : context.dtype(0);
      return [type && { type }, { type: tensorType(maskType, context.shape(0)) }];
    },
    macs: noMacs,
    gradient: dropoutGradient,
    coupling: (context) => tieAllBut(context, []),
    quantization: { kind: 'transparent' },
    upgrades: { 7: dropTestFlag, 10: booleanMask, 12: ratioInput },
  },
} satisfies Family;

export const dropout = withTraits(rules, {
  Dropout: { keepsPlaces: true, homogeneous: true },
});
