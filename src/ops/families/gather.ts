import { sizeOf } from '../../base/index.js';
import { type Dim, SymbolicDim, type Value } from '../../onnx/index.js';
import {
  type CouplingRule,
  type Family,
  type GradientContext,
  type GradientRule,
  type InferContext,
  type InferRule,
  noMacs,
  refuses,
} from '../rule.js';
import { accumulateAt, accumulateRows, asInt64, withBatchNumbers } from '../shared/accumulating.js';
import { allAxes, constantInts, normalizeAxis } from '../shared/axes.js';
import { contentsOf } from '../shared/contents.js';
import { padWithZeros, reshapeTo, zerosOf } from '../shared/gradients.js';
import { tensorOf, unknownDims } from '../shared/inferred.js';
import { setIntegers } from '../shared/rewriting.js';
import { withTraits } from '../with-traits.js';

function gatheredAxis({ node }: Pick<InferContext, 'node'>, rank: number): number {
  return normalizeAxis(node, node.int('axis', 0), rank);
}

const inferGather: InferRule = (context) => {
  const shape = context.shape(0);
  const indices = context.shape(1);
  if (!shape || !indices) return [tensorOf(context.dtype(0), undefined)];
  if (shape.length === 0) context.fail('A scalar has no axis to gather from');
  const axis = gatheredAxis(context, shape.length);
  return [tensorOf(context.dtype(0), shape.toSpliced(axis, 1, ...indices), gatheredContents(context))];
};

function gatheredContents(context: InferContext): Dim[] | undefined {
  const contents = contentsOf(context, 0);
  const indices = contentsOf(context, 1);
  if (!contents || !indices) return undefined;
  return indices.map((index) => (typeof index === 'number' ? contents.at(index) : undefined) ?? SymbolicDim.unknown());
}

const gatherGradient: GradientRule = (context) => {
  if (!context.needs(0)) return [];
  const shape = context.shape(context.input(0));
  const axis = gatheredAxis(context, shape.length);
  const run = runOf(constantInts(context.node, 1), shape[axis]);
  return [run ? padded(context, shape, axis, run) : scattered(context, shape, axis)];
};

interface Run {
  readonly first: number;
  readonly count: number;
}

/** The range that constant indices are, where they are consecutive. */
function runOf(indices: readonly number[] | undefined, size: number): Run | undefined {
  const normal = indices?.map((index) => (index < 0 ? index + size : index));
  if (!normal || normal.length === 0 || normal.some((index, place) => index !== normal[0] + place)) return undefined;
  return { first: normal[0], count: normal.length };
}

/** Consecutive indices: the gradient is the output's between zeros. */
function padded({ build, grad }: GradientContext, shape: readonly number[], axis: number, { first, count }: Run): Value {
  const none = shape.map(() => 0);
  const inPlace = reshapeTo(build, grad(), shape.with(axis, count));
  return padWithZeros(build, inPlace, none.with(axis, first), none.with(axis, shape[axis] - first - count));
}

/** Any indices: rows are added up at their index. The axis is brought to the front for it, where it is not there. */
function scattered({ build, grad, input, shape: shapeOf }: GradientContext, shape: readonly number[], axis: number): Value {
  const indexRank = shapeOf(input(1)).length;
  if (axis === 0) return accumulateRows(build, input(1), grad(), shape);
  const before = allAxes(axis);
  const after = allAxes(shape.length - axis - 1);
  const indicesFirst = [...allAxes(indexRank).map((each) => each + axis), ...before, ...after.map((each) => each + axis + indexRank)];
  const rows = build.op('Transpose', [grad()], { perm: indicesFirst });
  const sum = accumulateRows(build, input(1), rows, [shape[axis], ...shape.toSpliced(axis, 1)]);
  return build.op('Transpose', [sum], { perm: [...before.map((each) => each + 1), 0, ...after.map((each) => each + axis + 1)] });
}

const coupleGather: CouplingRule = (context) => {
  const { node } = context;
  const [data, output] = [context.input(0), context.output()];
  const shape = context.shape(data);
  const axis = gatheredAxis(context, shape.length);
  const indexRank = context.shape(context.input(1)).length;
  for (const each of allAxes(shape.length)) {
    if (each !== axis) context.tie({ value: data, axis: each }, { value: output, axis: each < axis ? each : each + indexRank - 1 });
  }
  const indices = constantInts(node, 1)?.map((index) => (index < 0 ? index + shape[axis] : index));
  if (!indices || indexRank !== 1) return;
  context.tie({ value: output, axis }, { value: data, axis }, (place) => indices[place]);
  context.afterwards((_, kept) => {
    const left = kept({ value: data, axis });
    setIntegers(
      node,
      1,
      kept({ value: output, axis }).map((place) => left.indexOf(indices[place])),
    );
  });
};

const inferGatherND: InferRule = (context) => {
  const shape = context.shape(0);
  const indices = context.shape(1);
  const tuple = indices?.at(-1);
  if (!shape || !indices) return [tensorOf(context.dtype(0), undefined)];
  if (typeof tuple !== 'number') return [tensorOf(context.dtype(0), undefined)];
  const reached = context.node.int('batch_dims', 0) + tuple;
  if (reached > shape.length)
    context.fail('The index tuples are longer than the data has axes', `at most ${shape.length}`, String(reached));
  return [tensorOf(context.dtype(0), [...indices.slice(0, -1), ...shape.slice(reached)])];
};

const gatherNDGradient: GradientRule = (context) => {
  const { build, grad, input, node } = context;
  if (!context.needs(0)) return [];
  const shape = context.shape(input(0));
  const indexShape = context.shape(input(1));
  const batchAxes = node.int('batch_dims', 0);
  const places = asInt64(build, input(1));
  if (batchAxes === 0) return [accumulateAt(build, places, grad(), shape)];
  const batch = sizeOf(shape.slice(0, batchAxes));
  const numbered = withBatchNumbers(build, places, indexShape, batchAxes);
  const rest = shape.slice(batchAxes + indexShape[indexShape.length - 1]);
  const updates = reshapeTo(build, grad(), [batch, sizeOf(indexShape.slice(batchAxes, -1)), ...rest]);
  return [reshapeTo(build, accumulateAt(build, numbered, updates, [batch, ...shape.slice(batchAxes)]), shape)];
};

const rules = {
  Gather: {
    infer: inferGather,
    macs: noMacs,
    gradient: gatherGradient,
    coupling: coupleGather,
    quantization: { kind: 'transparent' },
    upgrades: {},
  },
  GatherElements: {
    infer: (context) => [tensorOf(context.dtype(0), context.shape(1) ?? unknownDims(context.shape(0)?.length))],
    macs: noMacs,
    gradient: (context) => {
      const { build, grad, input, node } = context;
      const zeros = zerosOf(build, grad(), context.shape(input(0)));
      return [build.op('ScatterElements', [zeros, input(1), grad()], { axis: node.int('axis', 0), reduction: 'add' })];
    },
    coupling: refuses('its indices are those of single elements'),
    quantization: { kind: 'transparent' },
    upgrades: {},
  },
  GatherND: {
    infer: inferGatherND,
    macs: noMacs,
    gradient: gatherNDGradient,
    coupling: refuses('its indices are those of single elements'),
    quantization: { kind: 'transparent' },
    upgrades: {},
  },
} satisfies Family;

/** Reading elements at given indices. */
export const gather = withTraits(rules, {
  Gather: { lookup: (node) => node.int('axis', 0) },
  GatherElements: { lookup: (node) => node.int('axis', 0) },
  GatherND: { lookup: (node) => node.int('batch_dims', 0) },
});
