import {
  addDims,
  ceilDivideDims,
  type Dim,
  floorDivideDims,
  multiplyDims,
  SymbolicDim,
  subtractDims,
  type Value,
} from '../../onnx/index.js';
import {
  type CouplingContext,
  type CouplingRule,
  type Family,
  type GradientRule,
  type InferContext,
  type InferRule,
  noMacs,
} from '../rule.js';
import { attributeOrInput, normalizeAxis } from '../shared/axes.js';
import { presentInputs, printShape } from '../shared/broadcast.js';
import { contentsOf } from '../shared/contents.js';
import { sliceAxis } from '../shared/gradients.js';
import { lengthOf, mergeDims, tensorOf, unknownDims } from '../shared/inferred.js';
import { attributeBecomesInput, defaultBecomes, setIntegers } from '../shared/rewriting.js';
import { withTraits } from '../with-traits.js';

/** The axis along which tensors of rank `rank` are joined. Opset 1 had a default. */
function joinedAxis({ node, opset }: Pick<InferContext, 'node' | 'opset'>, rank: number): number {
  return normalizeAxis(node, node.int('axis', opset < 4 ? 1 : 0), rank);
}

const inferConcat: InferRule = (context) => {
  const inputs = presentInputs(context);
  const dtype = inputs.map((index) => context.dtype(index)).find((each) => each);
  const shapes = inputs.map((index) => context.shape(index));
  const known = shapes.find((shape) => shape);
  if (!known) return [tensorOf(dtype, undefined)];
  const axis = joinedAxis(context, known.length);
  return [
    tensorOf(
      dtype,
      known.map((_, each) => joinedDim(context, shapes, each, axis)),
      joinedContents(context, inputs),
    ),
  ];
};

/** One dimension of the output: the sum along the joined axis, what all agree on along the others. */
function joinedDim(context: InferContext, shapes: readonly (readonly Dim[] | undefined)[], axis: number, joined: number): Dim {
  let result: Dim | undefined;
  for (const shape of shapes) {
    if (shape && shape.length !== shapes.find((each) => each)?.length) {
      context.fail('Inputs of different ranks cannot be joined', undefined, shapes.map(printShape).join(' and '));
    }
    const dim = shape?.[axis];
    if (axis === joined) result = addDims(result ?? 0, dim ?? SymbolicDim.unknown());
    else if (dim !== undefined) {
      if (typeof dim === 'number' && typeof result === 'number' && dim !== result) {
        context.fail(`Inputs differ along axis ${axis}, which is not the joined one`, undefined, shapes.map(printShape).join(' and '));
      }
      result = result === undefined ? dim : mergeDims(result, dim);
    }
  }
  return result ?? SymbolicDim.unknown();
}

/** Numbers of joined vectors; parts that are not known stand as unknowns, so that the others are not lost. */
function joinedContents(context: InferContext, inputs: readonly number[]): Dim[] | undefined {
  // Asked first: vectors of which nothing is known may be all the weights of a model.
  if (!inputs.some((index) => contentsOf(context, index))) return undefined;
  const parts = inputs.map((index) => contentsOf(context, index) ?? unknownDims(lengthOf(context, index)));
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

const concatGradient: GradientRule = (context) => {
  const { node, build } = context;
  const shapes = node.inputs.map((_, index) => context.shape(context.input(index)));
  const axis = joinedAxis(context, shapes[0].length);
  const sizes = shapes.map((shape) => shape[axis]);
  const wanted = node.inputs.filter((_, index) => context.needs(index));
  if (wanted.length === node.inputs.length) {
    return build.node('Split', [context.grad(), build.ints(sizes)], { axis }, { outputs: sizes.length });
  }
  let from = 0;
  return sizes.map((size, index) => {
    from += size;
    return context.needs(index) ? sliceAxis(build, context.grad(), axis, from - size, from) : undefined;
  });
};

/** Ties the parts of a joined value with the whole: along the joined axis each part at its offset. */
function tieParts(context: CouplingContext, parts: readonly Value[], whole: Value, joined: number): void {
  let offset = 0;
  for (const part of parts) {
    const start = offset;
    context.shape(part).forEach((_, axis) => {
      if (axis === joined) context.tie({ value: part, axis }, { value: whole, axis }, (index) => start + index);
      else context.tie({ value: part, axis }, { value: whole, axis });
    });
    offset += context.shape(part)[joined];
  }
}

/** A Split may leave its last outputs out, but not an endless number. */
const MOST_PARTS = 10_000;

/** Sizes of a Split's parts; undefined where they are only known at run time. */
function partSizes(context: InferContext, whole: Dim): Dim[] | undefined {
  const { node } = context;
  const given = attributeOrInput(node, 'split', 1, context.integers);
  if (given === 'unknown') return context.integers(1)?.slice();
  if (given) {
    const sum = given.reduce((total, size) => total + size, 0);
    if (typeof whole === 'number' && sum !== whole) context.fail('The parts do not add up to the axis', String(whole), String(sum));
    return given;
  }
  const count = node.int('num_outputs', node.outputs.length);
  if (!(count >= node.outputs.length && count <= MOST_PARTS))
    context.fail('There are not as many parts as outputs', String(node.outputs.length), String(count));
  // Since opset 18 the last part may be smaller.
  const size = context.opset >= 18 ? ceilDivideDims(whole, count) : floorDivideDims(whole, count);
  if (typeof whole === 'number' && context.opset < 18 && whole % count !== 0)
    context.fail('The axis does not divide into equal parts', `a multiple of ${count}`, String(whole));
  const last = context.opset >= 18 ? lastPart(whole, size, count) : size;
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? last : size));
}

function lastPart(whole: Dim, size: Dim, count: number): Dim {
  if (typeof whole === 'number' && typeof size === 'number') return whole - size * (count - 1);
  return subtractDims(whole, multiplyDims(size, count - 1));
}

const inferSplit: InferRule = (context) => {
  const { node } = context;
  const shape = context.shape(0);
  const dtype = context.dtype(0);
  if (!shape) return node.outputs.map(() => tensorOf(dtype, undefined));
  const axis = normalizeAxis(node, node.int('axis', 0), shape.length);
  const sizes = partSizes(context, shape[axis]);
  const contents = contentsOf(context, 0);
  let from = 0;
  return node.outputs.map((_, index) => {
    const size = sizes?.[index] ?? SymbolicDim.unknown();
    const part = contents && typeof size === 'number' ? contents.slice(from, from + size) : undefined;
    from += typeof size === 'number' ? size : Number.NaN;
    return tensorOf(dtype, shape.with(axis, size), part?.length === size ? part : undefined);
  });
};

const coupleSplit: CouplingRule = (context) => {
  const { node, opset } = context;
  const whole = context.input(0);
  const axis = normalizeAxis(node, node.int('axis', 0), context.shape(whole).length);
  const parts = node.outputs.filter((output) => output !== undefined);
  // A part that nobody reads has no value to tie its elements with.
  if (parts.length < node.outputs.length) return;
  if (attributeOrInput(node, 'split', 1) === 'unknown') return;
  tieParts(context, parts, whole, axis);
  context.afterwards((size) => {
    const sizes = parts.map((part) => size(part)[axis]);
    if (opset < 13) node.attributes.set('split', { type: 'ints', value: sizes });
    else {
      node.attributes.delete('num_outputs');
      setIntegers(node, 1, sizes);
    }
  });
};

const rules = {
  Concat: {
    infer: inferConcat,
    macs: noMacs,
    gradient: concatGradient,
    coupling: (context) => {
      const inputs = context.node.inputs.filter((input) => input !== undefined);
      const axis = joinedAxis(context, context.shape(context.output()).length);
      tieParts(context, inputs, context.output(), axis);
    },
    quantization: { kind: 'arithmetic', activations: 'all' },
    upgrades: { 4: defaultBecomes('axis', 1) },
  },
  Split: {
    infer: inferSplit,
    macs: noMacs,
    gradient: (context) => {
      const { node, build } = context;
      const rank = context.shape(context.input(0)).length;
      const axis = normalizeAxis(node, node.int('axis', 0), rank);
      const parts = node.outputs.map((_, index) => context.grad(index));
      return [parts.length === 1 ? parts[0] : build.op('Concat', parts, { axis })];
    },
    coupling: coupleSplit,
    quantization: { kind: 'transparent' },
    upgrades: {
      2: ({ node }) => {
        // Version 1 took the sizes as an input or an attribute; a constant input becomes the attribute.
        const sizes = node.inputs[1]?.constant;
        if (!sizes) return;
        node.attributes.set('split', { type: 'ints', value: Array.from(sizes.numbers()) });
        node.truncateInputs(1);
      },
      13: attributeBecomesInput('split', 1),
      18: ({ node }) => {
        if (!node.inputs[1]) node.attributes.set('num_outputs', { type: 'int', value: node.outputs.length });
      },
    },
  },
} satisfies Family;

/** Joining and cutting along an axis. */
export const concat = withTraits(rules, {
  Concat: { carries: true, joins: true },
});
