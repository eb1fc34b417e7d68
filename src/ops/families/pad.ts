import { addDims, SymbolicDim, type Value } from '../../onnx/index.js';
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
  refuses,
} from '../rule.js';
import { allAxes, constantInts, normalizeAxis } from '../shared/axes.js';
import { padWithZeros, reverseAxis, sliceAxis } from '../shared/gradients.js';
import { asNumbers, tensorOf, unknownDims } from '../shared/inferred.js';
import { attributeBecomesInput, setInput, setIntegers } from '../shared/rewriting.js';

type Reader = (index: number) => readonly unknown[] | undefined;

/** Elements that a Pad adds (or, where negative, takes away) before and after each axis; undefined where they are only known at run time. */
function padsOf(node: InferContext['node'], rank: number, read: Reader): { begin: number[]; end: number[] } | undefined {
  const pads = node.ints('pads', undefined) ?? node.ints('paddings', undefined) ?? (read(1) as number[] | undefined);
  const axes = node.inputs[3] ? (read(3) as number[] | undefined)?.map((axis) => normalizeAxis(node, axis, rank)) : allAxes(rank);
  if (!pads || !axes || pads.length !== 2 * axes.length) return undefined;
  const begin = new Array<number>(rank).fill(0);
  const end = new Array<number>(rank).fill(0);
  axes.forEach((axis, index) => {
    begin[axis] = pads[index];
    end[axis] = pads[index + axes.length];
  });
  return { begin, end };
}

const inferPad: InferRule = (context) => {
  const shape = context.shape(0);
  const dtype = context.dtype(0);
  if (!shape) return [tensorOf(dtype, undefined)];
  const symbolic = context.integers(1);
  if (symbolic && !asNumbers(symbolic) && !context.has(3) && symbolic.length === 2 * shape.length) {
    return [
      tensorOf(
        dtype,
        shape.map((dim, axis) => addDims(addDims(dim, symbolic[axis]), symbolic[axis + shape.length])),
      ),
    ];
  }
  const pads = padsOf(context.node, shape.length, (index) => asNumbers(context.integers(index)));
  if (!pads) return [tensorOf(dtype, unknownDims(shape.length))];
  return [
    tensorOf(
      dtype,
      shape.map((dim, axis) => addDims(dim, pads.begin[axis] + pads.end[axis])),
    ),
  ];
};

const padGradient: GradientRule = (context) => {
  const { node, build } = context;
  if (context.needs(2)) context.refuse('the value that it pads with is wanted');
  const shape = context.shape(context.input(0));
  const pads = padsOf(node, shape.length, (index) => constantInts(node, index)) ?? context.refuse('its pads are computed at run time');
  const mode = node.string('mode', 'constant');
  if (mode === 'constant') {
    return [padWithZeros(build, context.grad(), pads.begin.map(negated), pads.end.map(negated))];
  }
  let gradient = context.grad();
  shape.forEach((size, axis) => {
    gradient = folded(context, gradient, { axis, size, mode, begin: pads.begin[axis], end: pads.end[axis] });
  });
  return [gradient];
};

function negated(pad: number): number {
  return -pad;
}

interface Margin {
  readonly axis: number;
  readonly size: number;
  readonly mode: string;
  readonly begin: number;
  readonly end: number;
}

/** Adds the gradients of copied elements, before and after one axis, to those of the elements that they are copies of. */
function folded(context: GradientContext, gradient: Value, margin: Margin): Value {
  const { build } = context;
  const { axis, size, mode, begin, end } = margin;
  if (begin === 0 && end === 0) return gradient;
  if (begin < 0 || end < 0) context.refuse(`it takes elements away in mode "${mode}"`);
  const reach = mode === 'reflect' ? size - 1 : size;
  if (mode !== 'edge' && Math.max(begin, end) > reach) context.refuse('it copies elements more than once');
  const parts = [sliceAxis(build, gradient, axis, begin, begin + size)];
  if (begin > 0) parts.push(returned(context, sliceAxis(build, gradient, axis, 0, begin), margin, 'begin'));
  if (end > 0) parts.push(returned(context, sliceAxis(build, gradient, axis, begin + size, begin + size + end), margin, 'end'));
  return build.op('Sum', parts);
}

/** The gradient of one margin, laid over the axis where its elements were copied from. */
function returned({ build, refuse }: GradientContext, part: Value, { axis, size, mode, begin, end }: Margin, side: 'begin' | 'end'): Value {
  const count = side === 'begin' ? begin : end;
  const none = part.shape?.map(() => 0) ?? [];
  const at = (value: Value, first: number, length: number) =>
    padWithZeros(build, value, none.with(axis, first), none.with(axis, size - first - length));
  if (mode === 'reflect') return at(reverseAxis(build, part, axis), side === 'begin' ? 1 : size - 1 - count, count);
  if (mode === 'wrap') return at(part, side === 'begin' ? size - count : 0, count);
  if (mode === 'edge') return at(build.op('ReduceSum', [part, build.ints([axis])], { keepdims: 1 }), side === 'begin' ? 0 : size - 1, 1);
  return refuse(`its mode "${mode}" is unknown`);
}

const couplePad: CouplingRule = (context) => {
  const { node } = context;
  const [input, output] = [context.input(0), context.output()];
  const shape = context.shape(input);
  const pads = padsOf(node, shape.length, (index) => constantInts(node, index));
  if (!pads) return;
  const constant = node.string('mode', 'constant') === 'constant';
  const { begin, end } = pads;
  const padded = allAxes(shape.length).filter((axis) => begin[axis] !== 0 || end[axis] !== 0);
  for (const axis of allAxes(shape.length)) {
    if (!padded.includes(axis)) context.tie({ value: input, axis }, { value: output, axis });
    else if (constant && begin[axis] >= 0 && end[axis] >= 0)
      context.tie({ value: input, axis }, { value: output, axis }, (index) => begin[axis] + index);
  }
  context.afterwards((_, kept) => {
    const left = padded.map((axis) => kept({ value: output, axis }));
    const before = padded.map((axis, place) => (begin[axis] < 0 ? begin[axis] : left[place].filter((index) => index < begin[axis]).length));
    const after = padded.map((axis, place) =>
      end[axis] < 0 ? end[axis] : left[place].filter((index) => index >= begin[axis] + shape[axis]).length,
    );
    setPads(context, spreadOver(shape.length, padded, before), spreadOver(shape.length, padded, after));
  });
};

function spreadOver(rank: number, axes: readonly number[], values: readonly number[]): number[] {
  return allAxes(rank).map((axis) => (axes.includes(axis) ? values[axes.indexOf(axis)] : 0));
}

function setPads({ node, opset }: CouplingContext, begin: readonly number[], end: readonly number[]): void {
  const pads = [...begin, ...end];
  if (opset < 11) {
    node.attributes.set(opset < 2 ? 'paddings' : 'pads', { type: 'ints', value: pads });
    return;
  }
  setIntegers(node, 1, pads);
  node.truncateInputs(3);
}

const pad: OpRule = {
  infer: inferPad,
  macs: noMacs,
  gradient: padGradient,
  coupling: couplePad,
  quantization: { kind: 'transparent' },
  upgrades: {
    2: ({ node }) => {
      const pads = node.attributes.get('paddings');
      if (pads) node.attributes.set('pads', pads);
      node.attributes.delete('paddings');
    },
    11: (context) => {
      const { node, build } = context;
      attributeBecomesInput('pads', 1)(context);
      const value = node.float('value', 0);
      node.attributes.delete('value');
      if (value !== 0) setInput(node, 2, build.scalar(value, node.inputs[0]?.dtype));
    },
  },
};

function cropAxes({ node }: Pick<InferContext, 'node'>, rank: number): number[] {
  return node.ints('axes', undefined)?.map((axis) => normalizeAxis(node, axis, rank)) ?? allAxes(rank);
}

const centerCropPad: OpRule = {
  infer: (context) => {
    const shape = context.shape(0);
    if (!shape) return [tensorOf(context.dtype(0), undefined)];
    const target = context.integers(1);
    const result = [...shape];
    cropAxes(context, shape.length).forEach((axis, index) => {
      result[axis] = target?.[index] ?? SymbolicDim.unknown();
    });
    return [tensorOf(context.dtype(0), result)];
  },
  macs: noMacs,
  gradient: ({ build, grad, input, output, shape }) => {
    const from = shape(input(0));
    const to = shape(output());
    // Cropped by floor(excess / 2) at the front, padded by floor(lack / 2): the same number with another sign, but for rounding.
    const begin = from.map((size, axis) => (size >= to[axis] ? Math.floor((size - to[axis]) / 2) : -Math.floor((to[axis] - size) / 2)));
    return [
      padWithZeros(
        build,
        grad(),
        begin,
        from.map((size, axis) => size - to[axis] - begin[axis]),
      ),
    ];
  },
  coupling: refuses('it keeps the middle of an axis, which moves when the axis shrinks'),
  quantization: { kind: 'transparent' },
  upgrades: {},
};

/** Adding margins. */
export const padding: Family = { CenterCropPad: centerCropPad, Pad: pad };
