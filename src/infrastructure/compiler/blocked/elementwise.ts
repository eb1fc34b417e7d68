import { sameShape, sizeOf } from '../../../base/index.js';
import { type Node, staticShape, type Value } from '../../../onnx/index.js';
import { absorbActivation, absorbSum } from './convolutions.js';
import { imageShape, type Layouts, shapeOf } from './layout.js';
import { type Lowering, outputOf } from './lowering.js';

/** How an operand relates to a result [N, C, H, W]. */
type Operand = 'image' | 'number' | 'channels' | 'spread';

/** @returns undefined where the operand would have to be reordered in a way of its own. */
function operandOf(value: Value | undefined, result: readonly number[]): Operand | undefined {
  const shape = staticShape(value?.shape);
  if (!shape || shape.length > 4) return undefined;
  if (sameShape(shape, result)) return 'image';
  if (sizeOf(shape) === 1) return 'number';
  const [batch, channels, height, width] = [...new Array<number>(4 - shape.length).fill(1), ...shape];
  if (channels === 1) return 'spread';
  if (channels !== result[1] || height * width !== 1) return undefined;
  return batch === 1 ? 'channels' : 'spread';
}

function operandsOf(node: Node, block: number): Operand[] | undefined {
  const result = imageShape(node.outputs[0], block);
  if (!result || node.outputs.length !== 1) return undefined;
  const operands = node.inputs.map((input) => operandOf(input, result));
  return operands.includes('image') && operands.every((operand) => operand !== undefined) ? (operands as Operand[]) : undefined;
}

/** Operators that compute each element from the elements at the same place. */
export const elementwise: Lowering = {
  accepts: (node, block) => operandsOf(node, block) !== undefined,
  lower: (node, layouts) => {
    const operands = operandsOf(node, layouts.block) as Operand[];
    if (operands.every((operand) => operand === 'image' || operand === 'number')) {
      if (node.op === 'Add' && operands.every((operand) => operand === 'image') && absorbSum(node, layouts)) return;
      layouts.define(
        outputOf(node),
        sameOperator(node, layouts, (value, index) => (operands[index] === 'image' ? layouts.blocked(value) : value)),
      );
    } else if (!lowerPerChannel(node, operands, layouts)) {
      const result = sameOperator(node, layouts, (value, index) => unfoldedOperand(value, operands[index], layouts));
      layouts.define(outputOf(node), layouts.folded(result, shapeOf(outputOf(node))));
    }
  },
};

function sameOperator(node: Node, layouts: Layouts, operand: (value: Value, index: number) => Value): Value {
  return layouts.build.op(node.op, (node.inputs as Value[]).map(operand), Object.fromEntries(node.attributes), node.domain);
}

/** A product or a sum with one number per channel is one pass of a depthwise convolution. */
function lowerPerChannel(node: Node, operands: readonly Operand[], layouts: Layouts): boolean {
  const image = operands.indexOf('image');
  const vector = operands.indexOf('channels');
  const output = outputOf(node);
  if ((node.op !== 'Mul' && node.op !== 'Add') || vector < 0 || operands.length !== 2 || output.dtype !== 'float32') return false;
  const [channels] = shapeOf(output).slice(1);
  const data = layouts.blocked(node.inputs[image] as Value);
  const numbers = node.inputs[vector] as Value;
  const lowered =
    node.op === 'Mul'
      ? layouts.affine(data, layouts.perChannel(numbers, channels))
      : layouts.affine(data, layouts.uniform(channels, 1), layouts.build.op('Reshape', [numbers, layouts.build.ints([channels])]));
  layouts.define(output, lowered);
  return true;
}

function unfoldedOperand(value: Value, operand: Operand, layouts: Layouts): Value {
  if (operand === 'image') return layouts.unfolded(value);
  if (operand === 'number') return value;
  const shape = shapeOf(value);
  const [batch, channels, height, width] = [...new Array<number>(4 - shape.length).fill(1), ...shape];
  const { block, build } = layouts;
  const unfolded = channels === 1 ? [batch, 1, height, width, 1] : [batch, channels / block, 1, 1, block];
  return build.op('Reshape', [value, build.ints(unfolded)]);
}

/** Functions of one image; whatever else they take is single numbers. */
export const unary: Lowering = {
  accepts: (node, block) => {
    const [x, ...settings] = node.inputs;
    const shape = imageShape(node.outputs[0], block);
    const single = (value: Value | undefined) => !value || sizeOf(staticShape(value.shape) ?? [0]) === 1;
    return shape !== undefined && node.outputs.length === 1 && sameShape(staticShape(x?.shape) ?? [], shape) && settings.every(single);
  },
  lower: (node, layouts) => {
    const [x, ...settings] = node.inputs;
    const made = layouts.build.op(node.op, [layouts.blocked(x as Value), ...settings], Object.fromEntries(node.attributes), node.domain);
    layouts.define(outputOf(node), made);
  },
};

/** Functions that a blocked convolution can end with. */
export const activation: Lowering = {
  accepts: unary.accepts,
  lower: (node, layouts) => {
    if (!absorbActivation(node, layouts)) unary.lower(node, layouts);
  },
};
