import { addDims, type Dim, multiplyDims, subtractDims, tensorType } from '../../onnx/index.js';
import { averagePoolGradient, globalAveragePoolGradient } from '../gradients/average-pool.js';
import { globalLpPoolGradient, lpPoolGradient } from '../gradients/lp-pool.js';
import { globalMaxPoolGradient, maxPoolGradient, maxUnpoolGradient } from '../gradients/max-pool.js';
import {
  type CouplingRule,
  type Family,
  type GradientRule,
  type InferContext,
  type InferRule,
  noMacs,
  type OpRule,
  type Quantization,
  refuses,
  type UpgradeRule,
} from '../rule.js';
import { printShape } from '../shared/broadcast.js';
import { checkSize, fittingSize } from '../shared/convolution.js';
import { unknownDims } from '../shared/inferred.js';
import { pooledSize, poolWindows } from '../shared/windows.js';
import { withTraits } from '../with-traits.js';

/** Output shape of a pool of input 0. @throws GraphError where the window does not fit. */
export function poolShape(context: InferContext): Dim[] | undefined {
  const x = context.shape(0);
  if (!x) return undefined;
  if (x.length < 3) context.fail('The data has too few axes', '[N, C, …spatial]', printShape(x));
  const windows = poolWindows(context.node);
  checkSize(context, 'kernel_shape does not fit the data', x.length - 2, windows.length);
  return [x[0], x[1], ...windows.map((window, axis) => fittingSize(context, pooledSize(window, x[axis + 2]), x[axis + 2], 0))];
}

/** Output shape of a pool over everything but batch and channels. */
export function globalPoolShape(x: readonly Dim[] | undefined): Dim[] | undefined {
  return x?.map((dim, axis) => (axis < 2 ? dim : 1));
}

const inferPool: InferRule = (context) => {
  const shape = poolShape(context);
  return [{ type: tensorType(context.dtype(0), shape) }, { type: tensorType('int64', shape) }];
};

const inferGlobal: InferRule = (context) => [{ type: tensorType(context.dtype(0), globalPoolShape(context.shape(0))) }];

/** Without a shape asked for: that of a pool's input without padding to spare. */
const inferUnpool: InferRule = (context) => {
  const x = context.shape(0);
  const dtype = context.dtype(0);
  if (context.has(2)) return [{ type: tensorType(dtype, context.integers(2) ?? unknownDims(x?.length)) }];
  const spatial = poolWindows(context.node).map(({ kernel, stride, head, tail }, axis) =>
    x ? addDims(multiplyDims(subtractDims(x[axis + 2], 1), stride), kernel - head - tail) : 0,
  );
  return [{ type: tensorType(dtype, x && [...x.slice(0, 2), ...spatial]) }];
};

/** Pools work within one channel. Spatial axes stay as they are. */
const couplesChannels: CouplingRule = (context) => {
  // Indices count elements of the whole tensor, channels included: where they are read, nothing may go.
  if (context.node.outputs[1]) return;
  for (const axis of [0, 1]) context.tie({ value: context.input(0), axis }, { value: context.output(), axis });
};

/** Opset 1 had p as a float. */
const wholeP: UpgradeRule = ({ node, refuse }) => {
  const p = node.float('p', 2);
  if (!Number.isInteger(p)) refuse(`its norm is of order ${p}, and newer forms take whole orders only`);
  node.attributes.set('p', { type: 'int', value: p });
};

function pool(gradient: GradientRule, quantization: Quantization, infer: InferRule = inferPool): OpRule {
  return { infer, macs: noMacs, gradient, coupling: couplesChannels, quantization, upgrades: {} };
}

const rules = {
  MaxPool: pool(maxPoolGradient, { kind: 'transparent' }),
  AveragePool: pool(averagePoolGradient, { kind: 'arithmetic', activations: [0] }),
  LpPool: { ...pool(lpPoolGradient, { kind: 'float' }), upgrades: { 2: wholeP } },
  GlobalMaxPool: pool(globalMaxPoolGradient, { kind: 'transparent' }, inferGlobal),
  GlobalAveragePool: pool(globalAveragePoolGradient, { kind: 'arithmetic', activations: [0] }, inferGlobal),
  GlobalLpPool: { ...pool(globalLpPoolGradient, { kind: 'float' }, inferGlobal), upgrades: { 2: wholeP } },
  MaxUnpool: {
    infer: inferUnpool,
    macs: noMacs,
    gradient: maxUnpoolGradient,
    coupling: refuses('its indices count elements of the whole tensor, channels included'),
    quantization: { kind: 'float' },
    upgrades: {},
  },
} satisfies Family;

export const pooling = withTraits(rules, {
  MaxPool: { channels: 'second', homogeneous: true, slides: poolWindows },
  AveragePool: { channels: 'second', homogeneous: true, slides: poolWindows },
  LpPool: { slides: poolWindows },
  GlobalMaxPool: { homogeneous: true },
  GlobalAveragePool: { channels: 'second', homogeneous: true },
});
