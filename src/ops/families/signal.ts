import { sizeOf } from '../../base/index.js';
import { addDims, type Dim, dtypeOf, floorDivideDims, multiplyDims, SymbolicDim, subtractDims, tensorType } from '../../onnx/index.js';
import { dftGradient, stftGradient } from '../gradients/fourier.js';
import {
  type CouplingRule,
  type Family,
  type InferContext,
  type InferRule,
  type MacsRule,
  noMacs,
  type OpRule,
  refuses,
  type UpgradeRule,
} from '../rule.js';
import { constantInts, type IntegerReader, normalizeAxis } from '../shared/axes.js';
import { unknownDims } from '../shared/inferred.js';

/** The one integer of an input, as far as it is known. */
function scalar(context: InferContext, index: number): Dim {
  return context.integers(index)?.[0] ?? SymbolicDim.unknown();
}

/** Frequencies of a real signal that are not each other's conjugates. */
function halfOf(points: Dim): Dim {
  return addDims(floorDivideDims(points, 2), 1);
}

/** The axis of a DFT: an attribute before opset 20, an input since; undefined where it is only known at run time. */
function dftAxis(
  { node, opset }: Pick<InferContext, 'node' | 'opset'>,
  read: IntegerReader = (index) => constantInts(node, index),
): number | undefined {
  if (opset < 20) return node.int('axis', 1);
  if (!node.inputs[2]) return -2;
  const known = read(2)?.[0];
  return typeof known === 'number' ? known : undefined;
}

const inferDft: InferRule = (context) => {
  const { node } = context;
  const shape = context.shape(0);
  const axis = dftAxis(context, (index) => context.integers(index));
  if (!shape || axis === undefined) return [{ type: tensorType(context.dtype(0), unknownDims(shape?.length)) }];
  const along = normalizeAxis(node, axis, shape.length);
  const [inverse, onesided] = [node.int('inverse', 0) === 1, node.int('onesided', 0) === 1];
  const natural = inverse && onesided ? multiplyDims(subtractDims(shape[along], 1), 2) : shape[along];
  const points = context.has(1) ? scalar(context, 1) : natural;
  const result = [...shape];
  result[along] = onesided && !inverse ? halfOf(points) : points;
  result[shape.length - 1] = onesided && inverse ? 1 : 2;
  return [{ type: tensorType(context.dtype(0), result) }];
};

/** Real multiplications of a radix-2 transform: four per butterfly, points / 2 · log2(points) butterflies. */
function transformMacs(points: number): number {
  return points > 1 ? Math.round(2 * points * Math.log2(points)) : 0;
}

const dftMacs: MacsRule = (context) => {
  const { node, input, output } = context;
  const axis = dftAxis(context);
  if (axis === undefined) return 0;
  const along = normalizeAxis(node, axis, input(0).length);
  const points = Math.max(input(0)[along], output(0)[along]);
  const signals = sizeOf(input(0).filter((_, each) => each !== along && each !== input(0).length - 1));
  return signals * transformMacs(points);
};

const couplesDft: CouplingRule = (context) => {
  const [value, output] = [context.input(0), context.output()];
  const rank = context.shape(value).length;
  const axis = dftAxis(context);
  if (axis === undefined) return context.refuse('its axis is only known at run time');
  const along = normalizeAxis(context.node, axis, rank);
  for (let each = 0; each < rank - 1; each++) if (each !== along) context.tie({ value, axis: each }, { value: output, axis: each });
};

/** Opset 20 takes the axis as an input, and its default became the last axis of the signal. */
const axisAsInput: UpgradeRule = ({ node, build }) => {
  node.setInput(1, node.inputs[1]);
  node.setInput(2, build.scalar(node.int('axis', 1), 'int64'));
  node.attributes.delete('axis');
};

function frameLength(context: InferContext, signal: readonly Dim[]): Dim {
  if (context.has(3)) return scalar(context, 3);
  return context.has(2) ? (context.shape(2)?.[0] ?? SymbolicDim.unknown()) : signal[1];
}

const inferStft: InferRule = (context) => {
  const shape = context.shape(0);
  if (!shape) return [{ type: tensorType(context.dtype(0), unknownDims(4)) }];
  const length = frameLength(context, shape);
  const frames = addDims(floorDivideDims(subtractDims(shape[1], length), scalar(context, 1)), 1);
  const bins = context.node.int('onesided', 1) === 1 ? halfOf(length) : length;
  return [{ type: tensorType(context.dtype(0), [shape[0], frames, bins, 2]) }];
};

/** Each frame is weighted by the window and transformed. */
const stftMacs: MacsRule = ({ node, input, output }) => {
  const [batch, frames, bins] = output(0);
  const given = input(2)[0] ?? node.inputs[3]?.constant?.numbers()[0];
  const length = given ?? (node.int('onesided', 1) === 1 ? 2 * (bins - 1) : bins);
  return batch * frames * (transformMacs(length) + (input(2).length > 0 ? length : 0));
};

const couplesStft: CouplingRule = (context) => {
  context.tie({ value: context.input(0), axis: 0 }, { value: context.output(), axis: 0 });
};

const noGradient = refuses('its inputs are settings');

/** A table made from settings: its axes are locked. */
function table(shape: (context: InferContext) => readonly Dim[]): OpRule {
  return {
    infer: (context) => [{ type: tensorType(dtypeOf(context.node.int('output_datatype', 1)), shape(context)) }],
    macs: noMacs,
    gradient: noGradient,
    coupling: () => {},
    quantization: { kind: 'float' },
    upgrades: {},
  };
}

const window = table((context) => [scalar(context, 0)]);

/** Fourier transforms and what goes with them. */
export const signal: Family = {
  BlackmanWindow: window,
  HammingWindow: window,
  HannWindow: window,
  MelWeightMatrix: table((context) => [halfOf(scalar(context, 1)), scalar(context, 0)]),
  DFT: {
    infer: inferDft,
    macs: dftMacs,
    gradient: dftGradient,
    coupling: couplesDft,
    quantization: { kind: 'float' },
    upgrades: { 20: axisAsInput },
  },
  STFT: { infer: inferStft, macs: stftMacs, gradient: stftGradient, coupling: couplesStft, quantization: { kind: 'float' }, upgrades: {} },
};
