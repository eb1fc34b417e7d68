import { type Dim, multiplyDims, productOfDims, type Value } from '../../onnx/index.js';
import { type CouplingRule, type Family, type GradientRule, type InferContext, type InferRule, noMacs, type OpRule } from '../rule.js';
import { allAxes, constantInts } from '../shared/axes.js';
import { broadcastInputs, broadcastShapes, couplesElementwise, printShape } from '../shared/broadcast.js';
import { contentsOf } from '../shared/contents.js';
import { passesGradient, reshapeTo } from '../shared/gradients.js';
import { lengthOf, tensorOf, unknownDims } from '../shared/inferred.js';
import { follows, tieOrigins } from '../shared/reshaping.js';

import { originsOfInput, rewriteLiterals } from '../shared/shape-flow.js';
import { withTraits } from '../with-traits.js';

const inferExpand: InferRule = (context) => {
  const shape = context.shape(0);
  const target = context.integers(1) ?? unknownDims(lengthOf(context, 1));
  const result = shape && target ? broadcastShapes([shape, target]) : undefined;
  if (result === 'mismatch') {
    return context.fail(
      'The input does not broadcast to the target shape',
      'dimensions that are equal or 1',
      `${printShape(shape)} and ${printShape(target)}`,
    );
  }
  return [tensorOf(context.dtype(0), result, repeated(contentsOf(context, 0), result))];
};

/** One element repeated: a vector that is filled by expanding a scalar. */
function repeated(contents: readonly Dim[] | undefined, shape: readonly Dim[] | undefined): readonly Dim[] | undefined {
  const count = shape && productOfDims(shape);
  if (contents?.length !== 1 || typeof count !== 'number' || count > 64) return contents;
  return Array.from({ length: count }, () => contents[0]);
}

const coupleExpand: CouplingRule = (context) => {
  const origins = originsOfInput(context.node, 1);
  if (!origins) return;
  const [input, output] = [context.input(0), context.output()];
  const from = context.shape(input);
  const to = context.shape(output);
  const padded = [...Array.from({ length: to.length - origins.length }, () => undefined), ...origins];
  const shift = to.length - from.length;
  to.forEach((size, axis) => {
    const origin = padded[axis];
    const source = axis - shift;
    // A target of 1, or none, leaves the input's size; otherwise the target must follow.
    const leaves = origin === undefined || (origin.kind === 'literal' && origin.value === 1);
    if (!leaves && !follows(origin)) return;
    if (source >= 0 && from[source] === size) context.tie({ value: input, axis: source }, { value: output, axis });
    else context.free({ value: output, axis });
    if (source >= 0 && from[source] !== size) context.free({ value: input, axis: source });
  });
  tieOrigins(
    context,
    padded.map((origin) => origin ?? { kind: 'unknown' }),
  );
  context.afterwards((size) => {
    const sizes = size(output).slice(to.length - origins.length);
    rewriteLiterals(
      origins,
      origins.map((origin, index) => (origin.kind === 'literal' && origin.value === 1 ? 1 : sizes[index])),
    );
  });
};

/** How often a Tile repeats each axis: vector input 1 since opset 6. Version 1 has one count and one axis as inputs. */
function repeatsOf(
  context: Pick<InferContext, 'node' | 'opset'>,
  rank: number,
  read: InferContext['integers'],
): readonly Dim[] | undefined {
  if (context.opset >= 6) return read(1);
  const [count] = read(1) ?? [];
  const [axis] = read(2) ?? [];
  return count === undefined || typeof axis !== 'number' ? undefined : allAxes(rank).map((each) => (each === axis ? count : 1));
}

const inferTile: InferRule = (context) => {
  const shape = context.shape(0);
  const repeats = shape && repeatsOf(context, shape.length, context.integers);
  if (repeats && repeats.length !== shape.length)
    context.fail('There is not one number of repeats per axis', String(shape.length), String(repeats.length));
  if (!shape || !repeats) return [tensorOf(context.dtype(0), unknownDims(shape?.length))];
  return [
    tensorOf(
      context.dtype(0),
      shape.map((dim, axis) => multiplyDims(dim, repeats[axis])),
    ),
  ];
};

/** Each axis becomes [repeats, size], and the repeats are summed. */
const tileGradient: GradientRule = (context) => {
  const { build, grad, input } = context;
  const shape = context.shape(input(0));
  const whole = context.shape(context.output());
  const apart = shape.flatMap((size, axis) => (size === 0 ? [1, 0] : [whole[axis] / size, size]));
  const axes = shape.flatMap((_, axis) => (apart[2 * axis] === 1 ? [] : [2 * axis]));
  if (axes.length === 0) return [grad()];
  const sum = build.op('ReduceSum', [reshapeTo(build, grad(), apart), build.ints(axes)], { keepdims: 0 });
  return [reshapeTo(build, sum, shape)];
};

const coupleTile: CouplingRule = (context) => {
  const [input, output] = [context.input(0), context.output()];
  const shape = context.shape(input);
  const read = (index: number) => constantInts(context.node, index);
  if (!repeatsOf(context, shape.length, read)) return;
  const whole = context.shape(output);
  shape.forEach((size, axis) => {
    const repeats = whole[axis] / size;
    context.tie({ value: input, axis }, { value: output, axis }, (index) =>
      Array.from({ length: repeats }, (_, turn) => turn * size + index),
    );
  });
};

/** The integers of a Where over shapes, where the condition is known. */
function chosenContents(context: InferContext, count: number): Dim[] | undefined {
  const condition = context.integers(0) ?? constantInts(context.node, 0);
  const [yes, no] = [contentsOf(context, 1), contentsOf(context, 2)];
  if (!condition || !yes || !no) return undefined;
  const at = (values: readonly Dim[], index: number) => (values.length === 1 ? values[0] : values[index]);
  const chosen = Array.from({ length: count }, (_, index) => {
    const holds = at(condition, index);
    return typeof holds === 'number' ? at(holds ? yes : no, index) : undefined;
  });
  return chosen.every((dim) => dim !== undefined) ? chosen : undefined;
}

const where: OpRule = {
  infer: (context) => {
    const shape = broadcastInputs(context, [0, 1, 2]);
    const count = shape?.length === 0 ? 1 : shape?.[0];
    const contents = shape && shape.length <= 1 && typeof count === 'number' ? chosenContents(context, count) : undefined;
    return [tensorOf(context.dtype(1) ?? context.dtype(2), shape, contents)];
  },
  macs: noMacs,
  // A product with the mask is much faster than a broadcasting Where; the other side is what the product leaves.
  gradient: ({ build, grad, input, needs }) => {
    const mask: Value = build.op('CastLike', [input(0), grad()]);
    const chosen = build.op('Mul', [grad(), mask]);
    return [undefined, needs(1) ? chosen : undefined, needs(2) ? build.op('Sub', [grad(), chosen]) : undefined];
  },
  coupling: couplesElementwise,
  quantization: { kind: 'arithmetic', activations: [1, 2] },
  upgrades: {},
};

const rules = {
  Expand: {
    infer: inferExpand,
    macs: noMacs,
    gradient: passesGradient,
    coupling: coupleExpand,
    quantization: { kind: 'transparent' },
    upgrades: {},
  },
  Tile: {
    infer: inferTile,
    macs: noMacs,
    gradient: tileGradient,
    coupling: coupleTile,
    quantization: { kind: 'transparent' },
    upgrades: {
      6: ({ refuse, node, rank, build }) => {
        const count = node.inputs[1]?.constant?.numbers()[0];
        const axis = node.inputs[2]?.constant?.numbers()[0];
        const axes = rank(0);
        if (count === undefined || axis === undefined || axes === undefined) return refuse('its repeats are computed at run time');
        node.truncateInputs(1);
        node.setInput(1, build.ints(allAxes(axes).map((each) => (each === axis ? count : 1))));
      },
    },
  },
  Where: where,
} satisfies Family;

/** Repeating values, and choosing between them. */
export const expand = withTraits(rules, {
  Expand: { carries: true, repeats: true },
  Tile: { carries: true, repeats: true },
});
