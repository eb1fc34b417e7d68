import { sizeOf } from '../../base/index.js';
import { ceilDivideDims, type Dim, multiplyDims, type Node, SymbolicDim, subtractDims, Tensor, type Value } from '../../onnx/index.js';
import {
  type CouplingContext,
  type CouplingRule,
  type Family,
  type GradientContext,
  type GradientRule,
  type InferContext,
  type InferRule,
  noMacs,
  type OpRule,
  type UpgradeRule,
} from '../rule.js';
import { allAxes, constantInts, normalizeAxis } from '../shared/axes.js';
import { reshapeTo } from '../shared/gradients.js';
import { tensorOf, unknownDims } from '../shared/inferred.js';
import { type Interpolation, type Tap, tapsOf } from '../shared/resampling.js';
import { follows, tieOrigins } from '../shared/reshaping.js';
import { setInput } from '../shared/rewriting.js';
import { originsOfInput, rewriteLiterals } from '../shared/shape-flow.js';
import { withTraits } from '../with-traits.js';

/** Where the scales and sizes of a Resize or Upsample stand among its inputs. */
function inputsOf({ node, opset }: Pick<InferContext, 'node' | 'opset'>): { roi?: number; scales: number; sizes?: number } {
  return node.op === 'Upsample' || opset < 11 ? { scales: 1 } : { roi: 1, scales: 2, sizes: 3 };
}

/** Axes that scales and sizes are given for. */
function resizedAxes({ node }: Pick<InferContext, 'node'>, rank: number): number[] {
  return node.ints('axes', undefined)?.map((axis) => normalizeAxis(node, axis, rank)) ?? allAxes(rank);
}

/** Scales as attributes (Upsample before opset 9) or as a constant input; undefined where there are none, or only at run time. */
function scalesOf(context: Pick<InferContext, 'node' | 'opset'>): number[] | undefined {
  const { node } = context;
  const attribute = node.floats('scales', undefined);
  if (attribute) return [...attribute];
  if (node.attributes.has('height_scale')) return [1, 1, node.float('height_scale', 1), node.float('width_scale', 1)];
  const constant = node.inputs[inputsOf(context).scales]?.constant;
  return constant && constant.size > 0 ? Array.from(constant.numbers()) : undefined;
}

/** floor(size * scale), in single precision as runtimes compute it; unknown where a symbol meets a scale that is no simple ratio. */
function scaled(size: Dim, scale: number): Dim {
  if (typeof size === 'number') return Math.floor(Math.fround(size * scale));
  if (Number.isInteger(scale)) return multiplyDims(size, scale);
  const divisor = Math.round(1 / scale);
  if (Math.fround(1 / divisor) !== Math.fround(scale)) return SymbolicDim.unknown();
  return ceilDivideDims(subtractDims(size, divisor - 1), divisor);
}

const inferResize: InferRule = (context) => {
  const shape = context.shape(0);
  const dtype = context.dtype(0);
  const { sizes } = inputsOf(context);
  const wanted = sizes === undefined ? undefined : context.integers(sizes);
  const scales = scalesOf(context);
  if (!shape) return [tensorOf(dtype, context.node.attributes.has('axes') ? undefined : unknownDims(scales?.length ?? wanted?.length))];
  const axes = resizedAxes(context, shape.length);
  if (scales && scales.length !== axes.length) context.fail('There is not one scale per axis', String(axes.length), String(scales.length));
  const result = [...shape];
  axes.forEach((axis, index) => {
    if (scales) result[axis] = scaled(shape[axis], scales[index]);
    else result[axis] = wanted?.length === axes.length ? wantedSize(context, shape, axes, wanted, index) : SymbolicDim.unknown();
  });
  return [tensorOf(dtype, result)];
};

/** A size that is asked for, adjusted where the aspect ratio is kept. */
function wantedSize({ node }: InferContext, shape: readonly Dim[], axes: readonly number[], wanted: readonly Dim[], index: number): Dim {
  const policy = node.string('keep_aspect_ratio_policy', 'stretch');
  if (policy === 'stretch') return wanted[index];
  const ratios = axes.map((axis, each) => Number(wanted[each]) / Number(shape[axis]));
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return Number.isNaN(scale) ? SymbolicDim.unknown() : Math.floor(scale * Number(shape[axes[index]]) + 0.5);
}

function interpolationOf({ node }: Pick<InferContext, 'node'>): Interpolation {
  return {
    mode: node.string('mode', 'nearest'),
    coordinates: node.string('coordinate_transformation_mode', 'half_pixel'),
    nearest: node.string('nearest_mode', 'round_prefer_floor'),
    cubicCoefficient: node.float('cubic_coeff_a', -0.75),
    excludeOutside: node.int('exclude_outside', 0) === 1,
    antialias: node.int('antialias', 0) === 1,
  };
}

const resizeGradient: GradientRule = (context) => {
  const from = context.shape(context.input(0));
  const to = context.shape(context.output());
  const taps = tapsByAxis(context, from, to);
  const factors = blockFactors(from, to, taps);
  if (factors) return [summedBlocks(context, factors)];
  let gradient = context.grad();
  taps.forEach((axisTaps, axis) => {
    if (axisTaps) gradient = transposedTaps(context, gradient, axis, from[axis], axisTaps);
  });
  return [gradient];
};

/** Taps of each axis; undefined for axes that the Resize leaves as they are. */
function tapsByAxis(context: GradientContext, from: readonly number[], to: readonly number[]): (Tap[][] | undefined)[] {
  if (context.node.string('keep_aspect_ratio_policy', 'stretch') !== 'stretch') context.refuse('it keeps an aspect ratio');
  return resizeTaps(context, from, to);
}

/**
 * The elements of the input, with their weights, that each index of each axis of a Resize or Upsample is made of; undefined for axes that it leaves as they
 * are. An index without any lies outside of the region of interest.
 * @param from, to shapes of input and output.
 */
export function resizeTaps(
  context: Pick<GradientContext, 'node' | 'opset' | 'refuse'>,
  from: readonly number[],
  to: readonly number[],
): (Tap[][] | undefined)[] {
  const axes = resizedAxes(context, from.length);
  const scales = scalesOf(context) ?? keptRatio(context.node, axes, from);
  const interpolation = interpolationOf(context);
  const crops = interpolation.coordinates === 'tf_crop_and_resize' ? regionOf(context, axes.length) : undefined;
  return from.map((size, axis) => {
    const index = axes.indexOf(axis);
    const scale = (index >= 0 && scales?.[index]) || to[axis] / size;
    const crop = [crops?.[index] ?? 0, crops?.[index + axes.length] ?? 1] as const;
    if (index < 0 || (to[axis] === size && scale === 1 && !crops)) return undefined;
    return tapsOf({ from: size, to: to[axis], scale, crop }, interpolation) ?? context.refuse('its coordinate transformation is unknown');
  });
}

/** One scale for all axes, where sizes are only limits. */
function keptRatio(node: Node, axes: readonly number[], from: readonly number[]): number[] | undefined {
  const policy = node.string('keep_aspect_ratio_policy', 'stretch');
  const wanted = node.inputs[3]?.constant?.numbers();
  if (policy === 'stretch' || !wanted) return undefined;
  const ratios = axes.map((axis, each) => wanted[each] / from[axis]);
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return axes.map(() => scale);
}

function regionOf(context: Pick<GradientContext, 'node' | 'opset' | 'refuse'>, count: number): readonly number[] {
  const region = constantInts(context.node, inputsOf(context).roi ?? 1);
  return region?.length === 2 * count ? region : context.refuse('its region of interest is computed at run time');
}

/** Whole factors by which a nearest Resize repeats each element of an image; undefined where it does anything else. */
function blockFactors(from: readonly number[], to: readonly number[], taps: readonly (Tap[][] | undefined)[]): number[] | undefined {
  if (from.length < 3 || taps[0] || taps[1]) return undefined;
  const factors = from.map((size, axis) => to[axis] / size);
  const repeats = taps.every((axisTaps, axis) =>
    axisTaps ? axisTaps.every((tap, place) => tap.length === 1 && tap[0][0] === Math.floor(place / factors[axis])) : true,
  );
  return repeats && factors.every(Number.isInteger) ? factors.slice(2) : undefined;
}

/** Sums over blocks, as pooling does it fastest. */
function summedBlocks({ build, grad }: GradientContext, factors: readonly number[]): Value {
  const mean = build.op('AveragePool', [grad()], { kernel_shape: factors, strides: factors });
  return build.op('Mul', [mean, build.scalar(sizeOf(factors), mean.dtype)]);
}

/** The transposed resize of one axis, as a product with the matrix of its weights. */
function transposedTaps({ build, shape }: GradientContext, gradient: Value, axis: number, size: number, taps: readonly Tap[][]): Value {
  const current = shape(gradient);
  const count = taps.length;
  const matrix = new Float64Array(size * count);
  taps.forEach((axisTaps, place) => {
    for (const [index, weight] of axisTaps) matrix[index * count + place] += weight;
  });
  const weights = build.constant(Tensor.from(gradient.dtype ?? 'float32', [size, count], matrix));
  const rows = reshapeTo(build, gradient, [sizeOf(current.slice(0, axis)), count, sizeOf(current.slice(axis + 1))]);
  return reshapeTo(build, build.op('MatMul', [weights, rows]), current.with(axis, size));
}

const coupleResize: CouplingRule = (context) => {
  const [input, output] = [context.input(0), context.output()];
  const from = context.shape(input);
  const to = context.shape(output);
  const axes = resizedAxes(context, from.length);
  const scales = scalesOf(context);
  const { sizes } = inputsOf(context);
  for (const axis of allAxes(from.length)) {
    const index = axes.indexOf(axis);
    const untouched = index < 0 || (from[axis] === to[axis] && (scales ? scales[index] === 1 : false));
    if (untouched) context.tie({ value: input, axis }, { value: output, axis });
  }
  if (!scales && sizes !== undefined && context.has(sizes)) coupleSizes(context, axes, sizes);
};

/** Sizes that name the channels too, as PyTorch writes them, follow or are rewritten. */
function coupleSizes(context: CouplingContext, axes: readonly number[], sizes: number): void {
  const [input, output] = [context.input(0), context.output()];
  const from = context.shape(input);
  const to = context.shape(output);
  const origins = originsOfInput(context.node, sizes);
  if (!origins) return;
  axes.forEach((axis, index) => {
    if (axis < 2 && from[axis] === to[axis] && follows(origins[index])) context.tie({ value: input, axis }, { value: output, axis });
  });
  tieOrigins(
    context,
    from.map((_, axis) => origins[axes.indexOf(axis)] ?? { kind: 'unknown' }),
  );
  context.afterwards((size) =>
    rewriteLiterals(
      origins,
      axes.map((axis) => size(output)[axis]),
    ),
  );
}

/** Scales move from attributes into an input. */
const scalesBecomeInput: UpgradeRule = ({ node, build }) => {
  const scales = scalesOf({ node, opset: 7 });
  for (const name of ['scales', 'height_scale', 'width_scale']) node.attributes.delete(name);
  if (scales) setInput(node, 1, build.constant(Tensor.from('float32', [scales.length], scales)));
};

/** Resize of opset 10 sampled at place / scale, and took the element before. */
const resizeBecomesGeneral: UpgradeRule = ({ node, build, refuse }) => {
  const scales = scalesOf({ node, opset: 10 });
  const nearest = node.string('mode', 'nearest') === 'nearest';
  if (nearest && !scales && !node.attributes.has('nearest_mode'))
    refuse('what nearest means when it shrinks was left open, and its scales are computed at run time');
  const shrinks = scales?.filter((scale) => scale < 1).length ?? 0;
  if (nearest && shrinks > 0 && scales?.some((scale) => scale > 1)) refuse('it grows one axis and shrinks another');
  const [, given] = node.inputs;
  setInput(node, 2, given);
  setInput(node, 1, build.constant(Tensor.from('float32', [0], [])));
  node.attributes.set('coordinate_transformation_mode', { type: 'string', value: 'asymmetric' });
  node.attributes.set('nearest_mode', { type: 'string', value: shrinks > 0 ? 'ceil' : 'floor' });
};

const resize: OpRule = {
  infer: inferResize,
  macs: noMacs,
  gradient: resizeGradient,
  coupling: coupleResize,
  quantization: { kind: 'transparent' },
  upgrades: { 11: resizeBecomesGeneral },
};

const rules = {
  Resize: resize,
  Upsample: {
    ...resize,
    upgrades: {
      9: scalesBecomeInput,
      // Upsample never shrinks, which is all that was unclear about Resize of opset 10.
      10: ({ node }) => {
        node.op = 'Resize';
        node.attributes.set('nearest_mode', { type: 'string', value: 'floor' });
      },
    },
  },
} satisfies Family;

/** Changing an image's size by interpolation. */
export const resizing = withTraits(rules, {
  Resize: { channels: 'second' },
});
