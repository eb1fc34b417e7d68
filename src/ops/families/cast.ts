import { codeOf, type DataType, type Dim, dtypeOf, isFloat, productOfDims, SymbolicDim } from '../../onnx/index.js';
import { type Family, type GradientRule, type InferContext, type InferRule, noMacs, type OpRule, refuses, ZERO } from '../rule.js';
import { couplesElementwise } from '../shared/broadcast.js';
import { castTo, passesGradient } from '../shared/gradients.js';
import { carriedContents, tensorOf } from '../shared/inferred.js';
import { escapingAxes } from '../shared/shape-flow.js';
import { withTraits } from '../with-traits.js';

/** Opset 1 named the target type. */
const namedTypes: Readonly<Record<string, DataType>> = {
  FLOAT: 'float32',
  DOUBLE: 'float64',
  FLOAT16: 'float16',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  BOOL: 'bool',
  STRING: 'string',
};

function targetType({ node }: Pick<InferContext, 'node'>): DataType | undefined {
  const name = node.string('to', undefined);
  return name === undefined ? dtypeOf(node.int('to', 0)) : namedTypes[name.toUpperCase()];
}

/** Whole numbers that a conversion leaves as they are, so that shapes can be followed through floats. */
function convertedContents(context: InferContext, to: DataType | undefined): readonly Dim[] | undefined {
  const contents = carriedContents(context);
  if (!contents || to === undefined || to === 'string') return undefined;
  if (to !== 'bool') return contents.map((dim) => (typeof dim === 'number' && !isFloat(to) ? Math.trunc(dim) : dim));
  return contents.every((dim) => typeof dim === 'number') ? contents.map((dim) => (dim === 0 ? 0 : 1)) : undefined;
}

function inferCast(to: (context: InferContext) => DataType | undefined): InferRule {
  return (context) => [tensorOf(to(context), context.shape(0), convertedContents(context, to(context)))];
}

/** Back to the input's own type; nothing flows back through integers. */
const castGradient: GradientRule = ({ build, grad, input }) => {
  const from = input(0);
  return [isFloat(from.dtype) && isFloat(grad().dtype) ? castTo(build, grad(), from) : ZERO];
};

function casts(to: (context: InferContext) => DataType | undefined): OpRule {
  return {
    infer: inferCast(to),
    macs: noMacs,
    gradient: castGradient,
    coupling: couplesElementwise,
    quantization: { kind: 'float' },
    upgrades: {},
  };
}

const inferShape: InferRule = (context) => {
  const { node } = context;
  const shape = context.shape(0)?.slice(node.int('start', 0), node.int('end', undefined));
  return [tensorOf('int64', [shape ? shape.length : SymbolicDim.unknown()], shape)];
};

const rules = {
  BitCast: {
    ...casts(targetType),
    infer: (context) => [tensorOf(targetType(context), context.shape(0))],
    gradient: refuses('it takes the bits of numbers for other numbers'),
  },
  Cast: {
    ...casts(targetType),
    upgrades: {
      6: ({ node, refuse }) => {
        const to = targetType({ node }) ?? refuse(`its target type "${node.string('to', '')}" is unknown`);
        node.attributes.set('to', { type: 'int', value: codeOf(to) });
      },
    },
  },
  CastLike: {
    ...casts((context) => context.dtype(1)),
    gradient: (context) => [...castGradient(context), ZERO],
    coupling: (context) => {
      const [input, like] = [context.input(0), context.input(1)];
      context.shape(input).forEach((_, axis) => {
        context.tie({ value: input, axis }, { value: context.output(), axis });
      });
      context.shape(like).forEach((_, axis) => {
        context.free({ value: like, axis });
      });
    },
  },
  Identity: {
    infer: (context) => {
      const type = context.type(0);
      return [type && { type, contents: carriedContents(context) }];
    },
    macs: noMacs,
    gradient: passesGradient,
    coupling: couplesElementwise,
    quantization: { kind: 'transparent' },
    upgrades: {},
  },
  Shape: {
    infer: inferShape,
    macs: noMacs,
    gradient: () => [ZERO],
    // Sizes that end up in a reshape are followed there; any other use would change its meaning with the size.
    coupling: (context) => {
      const value = context.input(0);
      const escaping = escapingAxes(context.node);
      context.shape(value).forEach((_, axis) => {
        if (!escaping.has(axis)) context.free({ value, axis });
      });
    },
    quantization: { kind: 'float' },
    upgrades: {},
  },
  Size: {
    infer: (context) => {
      const shape = context.shape(0);
      return [tensorOf('int64', [], shape && [productOfDims(shape)])];
    },
    macs: noMacs,
    gradient: () => [ZERO],
    coupling: refuses('the number of elements would change'),
    quantization: { kind: 'float' },
    upgrades: {},
  },
} satisfies Family;

/** Conversions, and reading a tensor's shape. */
export const cast = withTraits(rules, {
  Cast: { keepsPlaces: true, carries: true },
  Identity: { keepsPlaces: true, carries: true, homogeneous: true },
  Shape: { shapeOnly: true },
  Size: { shapeOnly: true },
});
