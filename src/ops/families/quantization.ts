import { dtypeOf, type Node, tensorType } from '../../onnx/index.js';
import { dequantizeGradient, quantizeGradient } from '../gradients/quantize.js';
import { type CouplingRule, type Family, type InferContext, type InferRule, noMacs, type OpRule, refuses } from '../rule.js';
import { normalizeAxis } from '../shared/axes.js';
import { convolutionMacs, convolutionShape } from '../shared/convolution.js';
import { convolutionProduct, matMulProduct } from '../shared/products.js';
import { noIntegerCoupling, noIntegerGradient, productMacs, productShape } from '../shared/quantized.js';
import { withTraits } from '../with-traits.js';

/** The element type that attribute output_dtype asks for; undefined where it leaves it open. */
function askedType(node: Node) {
  return dtypeOf(node.int('output_dtype', 0));
}

/** Fails where a scale per channel has another number of elements than the axis. */
function checkScale(context: InferContext): void {
  const [x, scale] = [context.shape(0), context.shape(1)];
  if (!x || scale?.length !== 1 || scale[0] === 1 || x.length < 2) return;
  const size = x[normalizeAxis(context.node, context.node.int('axis', 1), x.length)];
  if (typeof size !== 'number' || typeof scale[0] !== 'number' || size === scale[0]) return;
  context.fail('The scale does not fit its axis', `${size} elements or one`, String(scale[0]));
}

const inferQuantize: InferRule = (context) => {
  checkScale(context);
  const dtype = context.has(2) ? context.dtype(2) : (askedType(context.node) ?? 'uint8');
  return [{ type: tensorType(dtype, context.shape(0)) }];
};

const inferDequantize: InferRule = (context) => {
  checkScale(context);
  return [{ type: tensorType(askedType(context.node) ?? context.dtype(1), context.shape(0)) }];
};

const inferDynamic: InferRule = (context) => [
  { type: tensorType('uint8', context.shape(0)) },
  { type: tensorType('float32', []) },
  { type: tensorType('uint8', []) },
];

/** All axes go through; a scale per channel goes with its axis. Blocks lock the axis that they divide. */
const couplesScale: CouplingRule = (context) => {
  const [data, scale] = [context.input(0), context.input(1)];
  const size = context.shape(data);
  const own = context.shape(scale);
  const axis = size.length === 0 ? 0 : normalizeAxis(context.node, Math.min(context.node.int('axis', 1), size.length - 1), size.length);
  const blocked = context.node.int('block_size', 0) > 0;
  const scales = context.has(2) ? [scale, context.input(2)] : [scale];
  size.forEach((_, each) => {
    if (blocked && each === axis) return;
    context.tie({ value: data, axis: each }, { value: context.output(), axis: each });
    if (blocked) for (const value of scales) context.tie({ value, axis: each }, { value: data, axis: each });
  });
  if (blocked || own.length !== 1) return;
  for (const value of scales) {
    if (own[0] > 1) context.tie({ value, axis: 0 }, { value: data, axis });
    else context.free({ value, axis: 0 });
  }
};

function scaled(infer: InferRule, gradient: OpRule['gradient']): OpRule {
  return { infer, macs: noMacs, gradient, coupling: couplesScale, quantization: { kind: 'float' }, upgrades: {} };
}

/** An operator on integers. */
export function integerRule(infer: InferRule, macs: OpRule['macs'] = noMacs): OpRule {
  return { infer, macs, gradient: noIntegerGradient, coupling: noIntegerCoupling, quantization: { kind: 'float' }, upgrades: {} };
}

const rules = {
  QuantizeLinear: scaled(inferQuantize, quantizeGradient),
  DequantizeLinear: scaled(inferDequantize, dequantizeGradient),
  DynamicQuantizeLinear: {
    ...integerRule(inferDynamic),
    gradient: refuses('its scale follows the data; train the model before it is quantized'),
  },
  ConvInteger: integerRule(
    (context) => [{ type: tensorType('int32', convolutionShape(context, 0, 1)) }],
    (context) => convolutionMacs(context, 1),
  ),
  MatMulInteger: integerRule(
    (context) => [{ type: tensorType('int32', productShape(context, 0, 1)) }],
    (context) => productMacs(context, 0),
  ),
  QLinearConv: integerRule(
    (context) => [{ type: tensorType(context.dtype(7), convolutionShape(context, 0, 3)) }],
    (context) => convolutionMacs(context, 3),
  ),
  QLinearMatMul: integerRule(
    (context) => [{ type: tensorType(context.dtype(7), productShape(context, 0, 3)) }],
    (context) => productMacs(context, 0),
  ),
} satisfies Family;

export const quantization = withTraits(rules, {
  QuantizeLinear: { keepsPlaces: true, scales: [1] },
  DequantizeLinear: { keepsPlaces: true, scales: [1] },
  ConvInteger: { product: convolutionProduct(1) },
  MatMulInteger: { product: matMulProduct(1) },
  QLinearConv: { scales: [1, 4, 6], product: convolutionProduct(3) },
  QLinearMatMul: { scales: [1, 4, 6], product: matMulProduct(3) },
});
