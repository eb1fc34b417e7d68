import { SymbolicDim } from '../../onnx/index.js';
import { type Family, type InferContext, type InferRule, noMacs, type OpRule, refuses, ZERO } from '../rule.js';
import { constantInts, normalizeAxis } from '../shared/axes.js';
import { inferSame, tieAllBut } from '../shared/broadcast.js';
import { tensorOf } from '../shared/inferred.js';

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

/** The axes along which sequences of a batch are reversed. */
function sequenceAxes({ node }: Pick<InferContext, 'node'>): number[] {
  return [node.int('time_axis', 0), node.int('batch_axis', 1)];
}

/** Operators that select elements by what they hold, or mark them. */
export const selection: Family = {
  Compress: selects(inferCompress),
  NonMaxSuppression: selects(inferNonMaxSuppression, 'its output is made of indices'),
  NonZero: selects((context) => [tensorOf('int64', [context.shape(0)?.length ?? SymbolicDim.unknown(), SymbolicDim.unknown()])]),
  OneHot: {
    ...selects(inferOneHot),
    gradient: (context) => [ZERO, ZERO, context.needs(2) ? context.refuse('its two values are wanted') : undefined],
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
};
