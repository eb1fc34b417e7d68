import { sizeOf } from '../../base/index.js';
import { type Dim, tensorType } from '../../onnx/index.js';
import { einsumGradient } from '../gradients/einsum.js';
import type { CouplingRule, InferRule, MacsRule, OpRule } from '../rule.js';
import { broadcastDims, printShape } from '../shared/broadcast.js';
import { type Equation, parseEquation } from '../shared/einsum.js';

const infer: InferRule = (context) => {
  const shapes = context.node.inputs.map((_, index) => context.shape(index));
  const equation = parseEquation(
    context.node,
    shapes.map((shape) => shape?.length),
  );
  if (!equation || shapes.includes(undefined)) return [{ type: tensorType(context.dtype(0)) }];
  const sizes = new Map<string, Dim>();
  equation.terms.forEach((labels, operand) => {
    for (const [axis, label] of labels.entries()) {
      const size = broadcastDims(sizes.get(label) ?? 1, shapes[operand]?.[axis] as Dim);
      if (size === undefined) context.fail(`Label "${label}" has two sizes`, 'one size per label', shapes.map(printShape).join(' and '));
      else sizes.set(label, size);
    }
  });
  const shape = equation.output.map((label) => sizes.get(label) as Dim);
  return [{ type: tensorType(context.dtype(0), shape) }];
};

/** Operands are multiplied pair by pair, from the left; labels that nothing later needs are summed over at once. */
const macs: MacsRule = ({ node, input }) => {
  const shapes = node.inputs.map((_, index) => input(index));
  const { terms, output } = parseEquation(
    node,
    shapes.map((shape) => shape.length),
  ) as Equation;
  const sizes = new Map<string, number>();
  terms.forEach((labels, operand) => {
    for (const [axis, label] of labels.entries()) sizes.set(label, Math.max(sizes.get(label) ?? 1, shapes[operand][axis]));
  });
  let total = 0;
  let carried: readonly string[] = terms[0];
  for (let operand = 1; operand < terms.length; operand++) {
    const union = [...new Set([...carried, ...terms[operand]])];
    total += sizeOf(union.map((label) => sizes.get(label) as number));
    const later = new Set([...output, ...terms.slice(operand + 1).flat()]);
    carried = union.filter((label) => later.has(label));
  }
  return total;
};

/** All axes with one label go together. A label of one operand alone that is summed over stays locked. */
const couples: CouplingRule = (context) => {
  const { node } = context;
  const values = [...node.inputs.map((_, index) => context.input(index)), context.output()];
  const shapes = values.map((value) => context.shape(value));
  const { terms, output } = parseEquation(
    node,
    shapes.slice(0, -1).map((shape) => shape.length),
  ) as Equation;
  const byLabel = new Map<string, { value: (typeof values)[number]; axis: number; size: number }[]>();
  [...terms, output].forEach((labels, index) => {
    labels.forEach((label, axis) => {
      byLabel.set(label, [...(byLabel.get(label) ?? []), { value: values[index], axis, size: shapes[index][axis] }]);
    });
  });
  for (const axes of byLabel.values()) {
    const size = Math.max(...axes.map((each) => each.size));
    const [first, ...rest] = axes.filter((each) => each.size === size);
    for (const each of rest) context.tie(first, each);
    for (const each of axes) if (each.size < size) context.free(each);
  }
};

export const einsum: OpRule = {
  infer,
  macs,
  gradient: einsumGradient,
  coupling: couples,
  quantization: { kind: 'float' },
  upgrades: {},
};
