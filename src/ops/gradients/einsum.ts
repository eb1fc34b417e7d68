import { Tensor, type Value } from '../../onnx/index.js';
import type { GradientContext, GradientRule } from '../rule.js';
import { type Equation, parseEquation, printEquation } from '../shared/einsum.js';
import { formula } from '../shared/formula.js';

/**
 * The gradient of an operand is an einsum again: the output's gradient takes the operand's place, the operand takes the output's. Labels
 * that only the operand has were summed over, so that the gradient repeats along them. A label that the operand has twice reads a diagonal,
 * as a product with the identity matrix would: the gradient has that factor.
 */
export const einsumGradient: GradientRule = (context) => {
  const { node } = context;
  const shapes = node.inputs.map((_, index) => context.shape(context.input(index)));
  const equation = parseEquation(
    node,
    shapes.map((shape) => shape.length),
  ) as Equation;
  return node.inputs.map((_, index) => (context.needs(index) ? operandGradient(context, equation, index) : undefined));
};

function operandGradient(context: GradientContext, { terms, output }: Equation, index: number): Value {
  const shape = context.shape(context.input(index));
  const { own, diagonals } = apart(context, terms[index], shape);
  const others = terms.flatMap((labels, other) => (other === index ? [] : [{ labels, value: context.input(other) }]));
  const operands = [{ labels: output, value: context.grad() }, ...others, ...diagonals];
  const available = new Set(operands.flatMap(({ labels }) => labels));
  const wanted = own.filter((label) => available.has(label));
  const result = contract(context, operands, wanted);
  return repeat(
    context,
    result,
    own.map((label) => available.has(label)),
    shape,
  );
}

interface Operand {
  readonly labels: readonly string[];
  readonly value: Value;
}

/** An operand's labels, each once: where one comes again, another takes its place, and an identity matrix ties the two. */
function apart({ build, output }: GradientContext, labels: readonly string[], shape: readonly number[]) {
  const diagonals: Operand[] = [];
  const own = labels.map((label, axis) => {
    const earlier = labels.slice(0, axis).filter((each) => each === label).length;
    if (earlier === 0) return label;
    const other = `${label}${"'".repeat(earlier)}`;
    const size = shape[axis];
    const identity = Tensor.from(
      output().dtype ?? 'float32',
      [size, size],
      Array.from({ length: size ** 2 }, (_, k) => Number(k % (size + 1) === 0)),
    );
    diagonals.push({ labels: [label, other], value: build.constant(identity) });
    return other;
  });
  return { own, diagonals };
}

/** The einsum of operands; scalars, which not every runtime takes as terms, multiply the result. */
function contract(context: GradientContext, operands: readonly Operand[], output: readonly string[]): Value {
  const f = formula(context);
  const scalars = operands.filter(({ labels }) => labels.length === 0).map(({ value }) => value);
  const tensors = operands.filter(({ labels }) => labels.length > 0);
  const factors = tensors.length > 0 ? [einsumOf(context, tensors, output), ...scalars] : scalars;
  return f.mul(...factors);
}

function einsumOf(context: GradientContext, operands: readonly Operand[], output: readonly string[]): Value {
  const equation = printEquation({ terms: operands.map(({ labels }) => labels), output });
  if (equation === undefined) return context.refuse('its gradient needs more than 52 labels');
  return context.build.op(
    'Einsum',
    operands.map(({ value }) => value),
    { equation },
  );
}

/** Repeats a gradient along the axes that it lacks, and along those where it has size 1 but the operand has not. */
function repeat(context: GradientContext, value: Value, present: readonly boolean[], target: readonly number[]): Value {
  const f = formula(context);
  const shape = context.shape(value);
  let next = 0;
  const placed = target.map((_, axis) => (present[axis] ? shape[next++] : 1));
  const whole = placed.map((size, axis) => Math.max(size, target[axis]));
  const aligned = placed.length === shape.length ? value : f.reshape(value, placed);
  return whole.some((size, axis) => size !== placed[axis]) ? f.expand(aligned, whole) : aligned;
}
