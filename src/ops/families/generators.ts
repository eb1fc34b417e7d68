import { ceilDivideDims, type DataType, type Dim, dtypeOf, SymbolicDim, subtractDims, tensorType } from '../../onnx/index.js';
import {
  type CouplingRule,
  type Family,
  type GradientRule,
  type InferContext,
  type InferRule,
  noMacs,
  type OpRule,
  type Refusal,
  refuses,
  ZERO,
} from '../rule.js';
import { couplesElementwise } from '../shared/broadcast.js';
import { contentsOf } from '../shared/contents.js';
import { tensorOf, unknownDims } from '../shared/inferred.js';
import { follows, tieOrigins } from '../shared/reshaping.js';
import { originsOfInput, rewriteLiterals } from '../shared/shape-flow.js';
import { withTraits } from '../with-traits.js';

/** Every axis is locked: the operator makes its output anew, whatever is pruned. */
const locked: CouplingRule = () => {};

/** Whatever depends on a shape alone has no gradient. */
const shapeOnly: GradientRule = ({ node }) => node.inputs.map(() => ZERO);

function generator(infer: InferRule, gradient: GradientRule | Refusal, coupling: CouplingRule = locked): OpRule {
  return { infer, macs: noMacs, gradient, coupling, quantization: { kind: 'float' }, upgrades: {} };
}

/** The element type in attribute `dtype`, or `fallback`. */
function dtypeAttribute(context: InferContext, fallback: DataType | undefined): DataType | undefined {
  const code = context.node.int('dtype', undefined);
  return code === undefined ? fallback : dtypeOf(code);
}

/** What is filled has no meaning of its own: an axis follows whatever its size was read from, or its size is rewritten. */
const coupleFilled: CouplingRule = (context) => {
  const origins = originsOfInput(context.node, 0);
  if (!origins) return;
  const output = context.output();
  origins.forEach((origin, axis) => {
    if (follows(origin)) context.free({ value: output, axis });
  });
  tieOrigins(context, origins);
  context.afterwards((size) => rewriteLiterals(origins, size(output)));
};

const inferConstant: InferRule = ({ node }) => {
  const constant = node.outputs[0]?.constant;
  return [constant && { type: tensorType(constant.dtype, constant.shape) }];
};

const inferFilled: InferRule = (context) => {
  const value = context.node.tensor('value');
  const dtype = value?.dtype ?? 'float32';
  const shape = context.integers(0) ?? unknownDims(context.shape(0)?.[0]);
  const count = shape?.length === 1 ? shape[0] : 1;
  const small = typeof count === 'number' && count <= 64;
  const element = small && dtype !== 'string' ? (value?.numbers()[0] ?? 0) : undefined;
  return [tensorOf(dtype, shape, element === undefined ? undefined : Array.from({ length: count as number }, () => element))];
};

/** ceil((limit - start) / delta) numbers, or none where that is negative. */
const inferRange: InferRule = (context) => {
  const dtype = context.dtype(0);
  const [start, limit, delta] = [0, 1, 2].map((index) => contentsOf(context, index)?.[0]);
  const known = start !== undefined && limit !== undefined && delta !== undefined && delta !== 0;
  if (!known) return [tensorOf(dtype, unknownDims(1))];
  const length = rangeLength(start, limit, delta, dtype);
  const listed = typeof length === 'number' && typeof start === 'number' && typeof delta === 'number' && length <= 64;
  return [tensorOf(dtype, [length], listed ? Array.from({ length }, (_, index) => start + index * delta) : undefined)];
};

function rangeLength(start: Dim, limit: Dim, delta: Dim, dtype: DataType | undefined): Dim {
  if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number') {
    const span = dtype === 'float32' ? Math.fround(limit - start) : limit - start;
    return Math.max(0, Math.ceil(span / delta));
  }
  return typeof delta === 'number' && delta > 0 && Number.isInteger(delta)
    ? ceilDivideDims(subtractDims(limit, start), delta)
    : SymbolicDim.unknown();
}

const inferRandom: InferRule = (context) => [
  { type: tensorType(dtypeAttribute(context, 'float32'), context.node.ints('shape', undefined)) },
];

/** The shape of input 0, and its element type unless `dtype` says otherwise. */
const inferLike: InferRule = (context) => [{ type: tensorType(dtypeAttribute(context, context.dtype(0)), context.shape(0)) }];

const inferMultinomial: InferRule = (context) => {
  const batch = context.shape(0)?.[0] ?? SymbolicDim.unknown();
  return [{ type: tensorType(dtypeAttribute(context, 'int32'), [batch, context.node.int('sample_size', 1)]) }];
};

const noInputs = refuses('it has no inputs');

/** Random numbers are tied to the axes of the shape that they take, though not to its elements: `isElementwise` is to tell the two apart. */
const couplesShape: CouplingRule = (context) => couplesElementwise(context);

const rules = {
  Constant: generator(inferConstant, noInputs),
  ConstantOfShape: generator(inferFilled, shapeOnly, coupleFilled),
  EyeLike: generator(inferLike, shapeOnly),
  Range: generator(inferRange, refuses('the length of its output depends on its inputs')),
  RandomNormal: generator(inferRandom, noInputs),
  RandomUniform: generator(inferRandom, noInputs),
  RandomNormalLike: generator(inferLike, shapeOnly, couplesShape),
  RandomUniformLike: generator(inferLike, shapeOnly, couplesShape),
  Bernoulli: generator(inferLike, refuses('it draws at random'), couplesShape),
  Multinomial: generator(inferMultinomial, refuses('its output is an index')),
} satisfies Family;

/** Operators that make tensors: constants, ranges and random numbers. */
export const generators = withTraits(rules, {
  ConstantOfShape: { shapeOnly: true },
});
