import { stridesOf } from '../../base/index.js';
import { type Dim, SymbolicDim, type Value } from '../../onnx/index.js';
import {
  type CouplingContext,
  type CouplingRule,
  type GradientContext,
  type GradientRule,
  type InferContext,
  type InferRule,
  noMacs,
  type OpRule,
} from '../rule.js';
import { allAxes, axesOf, constantInts, normalizeAxis } from '../shared/axes.js';
import { padWithZeros, reshapeTo, reverseAxis } from '../shared/gradients.js';
import { asNumbers, carriedContents, tensorOf, unknownDims } from '../shared/inferred.js';
import { attributeBecomesInput, setIntegers } from '../shared/rewriting.js';
import { sliceBounds, slicedSize } from '../shared/slicing.js';
import { withTraits } from '../with-traits.js';

type Bounds = { readonly axis: number; readonly start: Dim; readonly end: Dim; readonly step: Dim };

/**
 * What a Slice takes of each axis that it names, as far as `read` knows its inputs.
 * @returns undefined where not even the axes are known.
 */
function boundsOf(node: InferContext['node'], rank: number, read: (index: number) => readonly Dim[] | undefined): Bounds[] | undefined {
  const starts = node.ints('starts', undefined) ?? read(1);
  const ends = node.ints('ends', undefined) ?? read(2);
  const steps = read(4);
  const given = axesOf(node, 3, read);
  if (given === 'unknown') return undefined;
  const count = starts?.length ?? ends?.length;
  const axes = given ?? (count === undefined ? undefined : allAxes(count));
  return axes?.map((axis, index) => ({
    axis: normalizeAxis(node, axis, rank),
    start: starts?.[index] ?? SymbolicDim.unknown(),
    end: ends?.[index] ?? SymbolicDim.unknown(),
    step: steps?.[index] ?? (node.inputs[4] ? SymbolicDim.unknown() : 1),
  }));
}

const inferSlice: InferRule = (context) => {
  const shape = context.shape(0);
  const dtype = context.dtype(0);
  if (!shape) return [tensorOf(dtype, undefined)];
  const bounds = boundsOf(context.node, shape.length, context.integers);
  if (!bounds) return [tensorOf(dtype, unknownDims(shape.length))];
  const result = [...shape];
  for (const { axis, start, end, step } of bounds) {
    if (step === 0) context.fail('A slice cannot have step 0');
    result[axis] = isAnonymous(start) || isAnonymous(end) ? SymbolicDim.unknown() : slicedSize(shape[axis], start, end, step);
  }
  return [tensorOf(dtype, result, slicedContents(context, bounds))];
};

function isAnonymous(dim: Dim): boolean {
  return typeof dim !== 'number' && dim.isAnonymous;
}

/** The elements of a small tensor that a slice takes. */
function slicedContents(context: InferContext, bounds: readonly Bounds[]): Dim[] | undefined {
  const shape = asNumbers(context.shape(0));
  const contents = carriedContents(context);
  if (!contents || !shape) return undefined;
  const places = shape.map((size) => allAxes(size));
  for (const { axis, start, end, step } of bounds) {
    const numbers = asNumbers([start, end, step]);
    if (!numbers) return undefined;
    const { first, count } = sliceBounds(shape[axis], numbers[0], numbers[1], numbers[2]);
    places[axis] = Array.from({ length: count }, (_, index) => first + index * numbers[2]);
  }
  const strides = stridesOf(shape);
  const flat = places.reduce((all, each, axis) => all.flatMap((base) => each.map((place) => base + place * strides[axis])), [0]);
  return flat.map((index) => contents[index]);
}

interface Cut {
  readonly axis: number;
  /** As they stand in the node: a size that is open is cut by them, whatever it was bound to. */
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly count: number;
  readonly step: number;
}

/** What a Slice with constant bounds takes of a tensor of static shape; undefined where they are not constant. */
function cutsOf(node: InferContext['node'], shape: readonly number[]): Cut[] | undefined {
  const bounds = boundsOf(node, shape.length, (index) => constantInts(node, index));
  const cuts = bounds?.map(({ axis, start, end, step }) => {
    const numbers = asNumbers([start, end, step]);
    if (!numbers) return undefined;
    const [from, to, by] = numbers;
    return { axis, start: from, end: to, step: by, ...sliceBounds(shape[axis], from, to, by) };
  });
  return cuts?.every((cut) => cut !== undefined) ? cuts : undefined;
}

const sliceGradient: GradientRule = (context) => {
  const shape = context.shape(context.input(0));
  const cuts = cutsOf(context.node, shape);
  if (!cuts) return [placedAtRunTime(context, shape)];
  const begin = shape.map(() => 0);
  const end = shape.map(() => 0);
  let gradient = context.grad();
  for (const { axis, first, count, step } of cuts) {
    const stride = Math.abs(step);
    if (step < 0 && count > 1) gradient = reverseAxis(context.build, gradient, axis);
    if (stride > 1) gradient = spread(context, gradient, axis, stride);
    begin[axis] = step < 0 ? first + (count - 1) * step : first;
    end[axis] = shape[axis] - begin[axis] - count * stride;
  }
  return [padWithZeros(context.build, gradient, begin, end)];
};

/** Bounds that the graph computes: the margins of zeros are computed from them. Only whole ranges of known axes. */
function placedAtRunTime(context: GradientContext, shape: readonly number[]): Value {
  const { build, node, input, has } = context;
  const axes = has(3) ? constantInts(node, 3)?.map((axis) => normalizeAxis(node, axis, shape.length)) : allAxes(shape.length);
  if (!axes || axes.length !== context.shape(input(1))[0]) return context.refuse('the axes that it cuts are computed at run time');
  if (has(4) && !constantInts(node, 4)?.every((step) => step === 1))
    context.refuse('it takes steps, and its bounds are computed at run time');
  const given = input(1).dtype === 'int64' ? input(1) : build.op('Cast', [input(1)], { to: 7 });
  const whole = build.ints(axes.map((axis) => shape[axis]));
  const counts = build.ints(axes.map((axis) => context.shape(context.output())[axis]));
  const fromFront = build.op('Where', [build.op('Less', [given, build.ints([0])]), build.op('Add', [given, whole]), given]);
  const begin = build.op('Min', [build.op('Max', [fromFront, build.ints([0])]), whole]);
  const end = build.op('Sub', [build.op('Sub', [whole, counts]), begin]);
  const pads = build.op('Concat', [begin, end], { axis: 0 });
  // The shape is known here, though it is not to the Pad.
  return build.op('Reshape', [build.op('Pad', [context.grad(), pads, undefined, build.ints(axes)]), build.ints(shape)]);
}

/** Puts `stride - 1` zeros after each element of an axis. */
function spread({ build, shape }: GradientContext, value: Value, axis: number, stride: number): Value {
  const before = shape(value);
  const apart = reshapeTo(build, value, [...before.slice(0, axis + 1), 1, ...before.slice(axis + 1)]);
  const none = apart.shape?.map(() => 0) ?? [];
  return reshapeTo(build, padWithZeros(build, apart, none, none.with(axis + 1, stride - 1)), before.with(axis, before[axis] * stride));
}

const coupleSlice: CouplingRule = (context) => {
  const { node } = context;
  const [input, output] = [context.input(0), context.output()];
  const shape = context.shape(input);
  const cuts = cutsOf(node, shape);
  if (!cuts) return;
  const tied = cuts.filter(({ step }) => step === 1);
  for (const axis of allAxes(shape.length)) {
    const cut = cuts.find((each) => each.axis === axis);
    if (!cut) context.tie({ value: input, axis }, { value: output, axis });
    else if (cut.step === 1) context.tie({ value: output, axis }, { value: input, axis }, (index) => cut.first + index);
  }
  context.afterwards((size, kept) => {
    const places = (axis: number) => kept({ value: input, axis });
    const shrunk = tied.filter(({ axis }) => places(axis).length < shape[axis]);
    if (shrunk.length === 0) return;
    const ranges = shrunk.map(({ axis, first }) => {
      const start = places(axis).filter((index) => index < first).length;
      return { axis, start, end: start + size(output)[axis], step: 1 };
    });
    const others = cuts.filter((cut) => !shrunk.includes(cut));
    setBounds(context, [...ranges, ...others.map(({ axis, start, end, step }) => ({ axis, start: bound(start), end: bound(end), step }))]);
  });
};

/** A start or an end far outside, which is how exporters say "to the end", as a number that is exact. */
function bound(place: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, place));
}

function setBounds({ node, opset }: CouplingContext, cuts: readonly { axis: number; start: number; end: number; step: number }[]): void {
  const columns = [cuts.map(({ start }) => start), cuts.map(({ end }) => end), cuts.map(({ axis }) => axis), cuts.map(({ step }) => step)];
  if (opset < 10) {
    ['starts', 'ends', 'axes'].forEach((name, index) => {
      node.attributes.set(name, { type: 'ints', value: columns[index] });
    });
  } else {
    columns.forEach((values, index) => {
      if (index < 3 || values.some((step) => step !== 1)) setIntegers(node, index + 1, values);
      else if (node.inputs[4]) setIntegers(node, 4, values);
    });
  }
}

const slice: OpRule = {
  infer: inferSlice,
  macs: noMacs,
  gradient: sliceGradient,
  coupling: coupleSlice,
  quantization: { kind: 'transparent' },
  upgrades: {
    10: (context) => {
      attributeBecomesInput('starts', 1)(context);
      attributeBecomesInput('ends', 2)(context);
      attributeBecomesInput('axes', 3)(context);
    },
  },
};

/** Cutting a box out of a tensor. */
export const slicing = withTraits({ Slice: slice }, { Slice: { carries: true } });
