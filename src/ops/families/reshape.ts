import { type Dim, floorDivideDims, productOfDims, SymbolicDim, sameDim } from '../../onnx/index.js';
import { type CouplingRule, type Family, type InferContext, type InferRule, noMacs, type OpRule } from '../rule.js';
import { axesOf, normalizeAxes } from '../shared/axes.js';
import { printShape } from '../shared/broadcast.js';
import { reshapesGradient } from '../shared/gradients.js';
import { asNumbers, carriedContents, lengthOf, tensorOf, unknownDims } from '../shared/inferred.js';
import { coupleToTarget, tieReshaped } from '../shared/reshaping.js';
import { attributeBecomesInput } from '../shared/rewriting.js';
import { withTraits } from '../with-traits.js';

const inferReshape: InferRule = (context) => {
  const attribute = context.node.ints('shape', undefined);
  const target = attribute ?? context.integers(1);
  if (!target) return [tensorOf(context.dtype(0), unknownDims(lengthOf(context, 1)))];
  return [tensorOf(context.dtype(0), reshaped(context, target), carriedContents(context))];
};

function reshaped(context: InferContext, target: readonly Dim[]): Dim[] {
  const input = context.shape(0);
  const copies = context.node.int('allowzero', 0) === 0;
  const result = target.map((dim, axis) => (dim === 0 && copies ? copied(context, axis) : dim));
  const free = result.indexOf(-1);
  if (free < 0) {
    checkSize(context, result);
    return result;
  }
  if (result.indexOf(-1, free + 1) >= 0) context.fail('The target shape has more than one -1', undefined, printShape(target));
  result[free] = input ? remaining(context, input, result.toSpliced(free, 1)) : SymbolicDim.unknown();
  return result;
}

/** The dimension that a 0 in the target stands for. */
function copied(context: InferContext, axis: number): Dim {
  const input = context.shape(0);
  if (!input) return SymbolicDim.unknown();
  return (
    input[axis] ?? context.fail('A 0 in the target shape copies an axis that the input does not have', `${input.length} axes`, String(axis))
  );
}

/** The dimension that -1 stands for: what is left of the input's elements. */
function remaining(context: InferContext, input: readonly Dim[], others: readonly Dim[]): Dim {
  const left = [...input];
  const divisors = others.filter((dim) => {
    const same = left.findIndex((candidate) => sameDim(candidate, dim));
    if (same >= 0) left.splice(same, 1);
    return same < 0;
  });
  const total = productOfDims(left);
  const divisor = productOfDims(divisors);
  if (divisor === 0) return 0;
  if (typeof total === 'number' && typeof divisor === 'number' && total % divisor !== 0) {
    context.fail('The input does not divide into the target shape', `a multiple of ${divisor} elements`, String(total));
  }
  return floorDivideDims(total, divisor);
}

function checkSize(context: InferContext, result: readonly Dim[]): void {
  const input = context.shape(0);
  const before = input && productOfDims(input);
  const after = productOfDims(result);
  if (typeof before === 'number' && typeof after === 'number' && before !== after) {
    context.fail('The target shape has another number of elements than the input', String(before), `${after} (${printShape(result)})`);
  }
}

const inferFlatten: InferRule = (context) => {
  const shape = context.shape(0);
  if (!shape) return [tensorOf(context.dtype(0), unknownDims(2))];
  const axis = context.node.int('axis', 1);
  if (axis < -shape.length || axis > shape.length)
    context.fail('Axis out of range', `from ${-shape.length} to ${shape.length}`, String(axis));
  const at = axis < 0 ? axis + shape.length : axis;
  return [tensorOf(context.dtype(0), [productOfDims(shape.slice(0, at)), productOfDims(shape.slice(at))])];
};

const inferSqueeze: InferRule = (context) => {
  const shape = context.shape(0);
  const axes = axesOf(context.node, 1, context.integers);
  return [tensorOf(context.dtype(0), shape && squeezed(context, shape, axes), carriedContents(context))];
};

function squeezed(context: InferContext, shape: readonly Dim[], axes: ReturnType<typeof axesOf>): readonly Dim[] | undefined {
  if (axes === 'unknown') {
    const count = lengthOf(context, 1);
    return count === undefined ? undefined : unknownDims(shape.length - count);
  }
  // Without axes every 1 goes, and what a symbol stands for decides about the rank.
  if (!axes) return asNumbers(shape)?.filter((dim) => dim !== 1);
  const gone = normalizeAxes(context.node, axes, shape.length);
  for (const axis of gone) {
    if (typeof shape[axis] === 'number' && shape[axis] !== 1)
      context.fail(`Axis ${axis} cannot be squeezed`, 'size 1', String(shape[axis]));
  }
  return shape.filter((_, axis) => !gone.includes(axis));
}

const inferUnsqueeze: InferRule = (context) => {
  const shape = context.shape(0);
  const axes = axesOf(context.node, 1, context.integers);
  if (!shape || !axes) return [tensorOf(context.dtype(0), undefined)];
  if (axes === 'unknown') {
    const count = lengthOf(context, 1);
    return [tensorOf(context.dtype(0), count === undefined ? undefined : unknownDims(shape.length + count))];
  }
  const result = [...shape];
  for (const axis of normalizeAxes(context.node, axes, shape.length + axes.length)) result.splice(axis, 0, 1);
  return [tensorOf(context.dtype(0), result, carriedContents(context))];
};

const coupleReshape: CouplingRule = (context) => {
  const { node } = context;
  const attribute = node.ints('shape', undefined);
  if (!attribute) return coupleToTarget(context);
  tieReshaped(context);
  context.afterwards((size) => {
    const value = size(context.output(0)).map((dim, axis) => (attribute[axis] === -1 ? -1 : dim));
    node.attributes.set('shape', { type: 'ints', value });
  });
};

function reshapes(rule: Pick<OpRule, 'infer' | 'coupling' | 'upgrades'>): OpRule {
  return { macs: noMacs, gradient: reshapesGradient, quantization: { kind: 'transparent' }, ...rule };
}

const axesBecomeInput = { 13: attributeBecomesInput('axes', 1) };

const rules = {
  Reshape: reshapes({ infer: inferReshape, coupling: coupleReshape, upgrades: { 5: attributeBecomesInput('shape', 1) } }),
  Flatten: reshapes({ infer: inferFlatten, coupling: (context) => tieReshaped(context), upgrades: {} }),
  Squeeze: reshapes({ infer: inferSqueeze, coupling: (context) => tieReshaped(context), upgrades: axesBecomeInput }),
  Unsqueeze: reshapes({ infer: inferUnsqueeze, coupling: (context) => tieReshaped(context), upgrades: axesBecomeInput }),
} satisfies Family;

/** Operators that give the same elements, in the same order, another shape. */
export const reshape = withTraits(rules, {
  Reshape: { carries: true, reshapes: true },
  Flatten: { carries: true, reshapes: true },
  Squeeze: { carries: true, reshapes: true },
  Unsqueeze: { carries: true, reshapes: true },
});
