import { SymbolicDim, Tensor } from '../../onnx/index.js';
import { type Family, type GradientRule, type InferContext, type InferRule, noMacs, type OpRule, refuses, ZERO } from '../rule.js';
import { constantInts, normalizeAxis } from '../shared/axes.js';
import { inferSame, tieAllBut } from '../shared/broadcast.js';
import { formula } from '../shared/formula.js';
import { tensorOf } from '../shared/inferred.js';
import { withTraits } from '../with-traits.js';

const inferCompress: InferRule = (context) => {
  const shape = context.shape(0);
  const axis = context.node.int('axis', undefined);
  const chosen =
    context
      .constant(1)
      ?.numbers()
      .filter((flag) => flag !== 0).length ?? SymbolicDim.unknown();
  if (axis === undefined) return [tensorOf(context.dtype(0), [chosen])];
  return [tensorOf(context.dtype(0), shape?.with(normalizeAxis(context.node, axis, shape.length), chosen))];
};

const inferUnique: InferRule = (context) => {
  const shape = context.shape(0);
  const axis = context.node.int('axis', undefined);
  const found = SymbolicDim.unknown();
  const whole = axis === undefined ? [found] : shape?.with(normalizeAxis(context.node, axis, shape.length), found);
  return [
    tensorOf(context.dtype(0), whole),
    tensorOf('int64', [found]),
    tensorOf('int64', [SymbolicDim.unknown()]),
    tensorOf('int64', [found]),
  ];
};

const inferOneHot: InferRule = (context) => {
  const indices = context.shape(0);
  const depth = context.integers(1)?.[0] ?? constantInts(context.node, 1)?.[0] ?? SymbolicDim.unknown();
  const axis = indices && normalizeAxis(context.node, context.node.int('axis', -1), indices.length + 1);
  return [tensorOf(context.dtype(2), axis === undefined ? undefined : indices?.toSpliced(axis, 0, depth))];
};

const inferNonMaxSuppression: InferRule = () => [tensorOf('int64', [SymbolicDim.unknown(), 3])];

const counted = 'the number of its outputs depends on the data';

/** Operators whose output's size depends on the data. */
function selects(infer: InferRule, reason = counted): OpRule {
  return { infer, macs: noMacs, gradient: refuses(reason), coupling: refuses(reason), quantization: { kind: 'float' }, upgrades: {} };
}

/** The two values get what arrives where each stands; the indices are no quantity. */
const oneHotGradient: GradientRule = (context) => {
  const { build, node, grad, input, needs } = context;
  if (!needs(2)) return [ZERO, ZERO];
  const f = formula(context);
  const pair = build.constant(Tensor.from(f.dtype, [2], [0, 1]));
  const marks = build.op('OneHot', [input(0), input(1), pair], { axis: node.int('axis', -1) });
  const axes = (grad().shape ?? []).map((_, axis) => axis);
  const on = f.sum(f.mul(grad(), marks), axes, false);
  const off = f.sub(f.sum(grad(), axes, false), on);
  return [ZERO, ZERO, f.concat(0, f.reshape(off, [1]), f.reshape(on, [1]))];
};

/** The axes along which sequences of a batch are reversed. */
function sequenceAxes({ node }: Pick<InferContext, 'node'>): number[] {
  return [node.int('time_axis', 0), node.int('batch_axis', 1)];
}

const rules = {
  Compress: selects(inferCompress),
  NonMaxSuppression: selects(inferNonMaxSuppression, 'its output is made of indices'),
  NonZero: selects((context) => [tensorOf('int64', [context.shape(0)?.length ?? SymbolicDim.unknown(), SymbolicDim.unknown()])]),
  OneHot: {
    ...selects(inferOneHot),
    gradient: oneHotGradient,
    coupling: refuses('its new axis enumerates classes'),
  },
  ReverseSequence: {
    infer: inferSame,
    macs: noMacs,
    gradient: ({ build, grad, input, node }) => {
      const [time_axis, batch_axis] = sequenceAxes({ node });
      return [build.op('ReverseSequence', [grad(), input(1)], { time_axis, batch_axis })];
    },
    coupling: (context) => tieAllBut(context, sequenceAxes(context)),
    quantization: { kind: 'transparent' },
    upgrades: {},
  },
  Trilu: {
    infer: inferSame,
    macs: noMacs,
    gradient: ({ build, grad, node }) => [build.op('Trilu', [grad(), node.inputs[1]], { upper: node.int('upper', 1) })],
    coupling: (context) => {
      const rank = context.shape(context.input(0)).length;
      tieAllBut(context, [rank - 2, rank - 1]);
    },
    quantization: { kind: 'float' },
    upgrades: {},
  },
  Unique: selects(inferUnique),
} satisfies Family;

/** Operators that select elements by what they hold, or mark them. */
export const selection = withTraits(rules, {
  Compress: { selects: true },
  NonMaxSuppression: { selects: true },
  NonZero: { selects: true },
  Unique: { selects: true },
  OneHot: { classes: (node, index) => (index === 0 ? node.inputs[1]?.constant?.numbers()[0] : undefined), marks: 2 },
});
