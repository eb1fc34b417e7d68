import type { Value } from '../../onnx/index.js';
import type { GradientContext, GradientRule } from '../rule.js';
import { type Formula, formula } from '../shared/formula.js';
import { sliceAxis } from '../shared/gradients.js';

/** The mode in which the operator's output 3 is what it weights the values by: the scores after the softmax. */
const WEIGHTS_MODE = 3;

/**
 * Y = P V with P = softmax(cap(scale * Q Kᵀ) + mask). The forward operator hands out P, which is zero wherever and however it masks. Query heads
 * that share a key head are one after the other: here they are more queries of that head, so that products sum what all of them give to it.
 */
export const attentionGradient: GradientRule = (context) => {
  const { node, input, needs, output, grad, shape } = context;
  const f = formula(context);
  if (node.outputs[3]) context.refuse('its scores are an output');
  node.attributes.set('qk_matmul_output_mode', { type: 'int', value: WEIGHTS_MODE });
  const weights = output(3);
  const [batch, heads, length, total] = shape(weights);
  const keyHeads = node.int('kv_num_heads', shape(input(1))[1]);
  const rows = (value: Value, width: number) => f.reshape(value, [batch, keyHeads, (heads / keyHeads) * length, width]);
  const ofQueries = (value: Value, width: number) => rows(withHeads(f, value, shape(value), heads), width);
  const keys = wholeOf(context, f, 1, 4, keyHeads);
  const values = wholeOf(context, f, 2, 5, keyHeads);
  const [size, valueSize] = [shape(keys)[3], shape(values)[3]];
  const p = rows(weights, total);
  const q = ofQueries(input(0), size);
  const dy = ofQueries(grad(), valueSize);

  // The softmax's gradient is P * (dP - sum(P * dP)), and that sum is the one of Y * dY.
  const toSum = f.sub(f.matmul(dy, f.transposed(values)), f.sum(f.mul(ofQueries(output(), valueSize), dy), [3]));
  const ofMasked = f.mul(p, toSum);
  const scale = node.float('scale', 1 / Math.sqrt(size));
  const cap = node.float('softcap', 0);
  const slope = () => f.sub(1, f.square(f.of('Tanh', f.mul(f.matmul(q, f.transposed(keys)), scale / cap))));
  const ofProducts = f.mul(cap === 0 ? ofMasked : f.mul(ofMasked, slope()), scale);

  const ofQuery = () => withoutHeads(f, f.reshape(f.matmul(ofProducts, keys), [batch, heads, length, size]), shape(input(0)));
  const ofMask = () => f.reshape(ofMasked, [batch, heads, length, total]);
  const [ofPastKey, ofKey] = wholeGradient(context, f, 1, 4, () => f.matmul(f.transposed(ofProducts), q));
  const [ofPastValue, ofValue] = wholeGradient(context, f, 2, 5, () => f.matmul(f.transposed(p), dy));
  return [needs(0) ? ofQuery() : undefined, ofKey, ofValue, needs(3) ? ofMask() : undefined, ofPastKey, ofPastValue];
};

/** [batch, heads, length, size] of an input that has its heads in an axis of their own or, with rank 3, side by side in its last. */
function withHeads(f: Formula, value: Value, shape: readonly number[], heads: number): Value {
  if (shape.length === 4) return value;
  const [batch, length, width] = shape;
  return f.transpose(f.reshape(value, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** The opposite, into the given shape. */
function withoutHeads(f: Formula, value: Value, shape: readonly number[]): Value {
  return shape.length === 4 ? value : f.reshape(f.transpose(value, [0, 2, 1, 3]), shape);
}

/** All keys, or values: those of input `past`, where there are any, and those of input `own`. */
function wholeOf({ input, has, shape }: GradientContext, f: Formula, own: number, past: number, heads: number): Value {
  const value = withHeads(f, input(own), shape(input(own)), heads);
  return has(past) ? f.concat(2, input(past), value) : value;
}

/** Gradients of the inputs `past` and `own` from that of all keys, or values, which are output `own` as well. */
function wholeGradient(context: GradientContext, f: Formula, own: number, past: number, gradient: () => Value): (Value | undefined)[] {
  const { build, input, has, needs, grad, hasGrad, shape } = context;
  if (!needs(own) && !needs(past)) return [];
  const all = hasGrad(own) ? f.add(gradient(), grad(own)) : gradient();
  const total = shape(all)[2];
  const before = has(past) ? shape(input(past))[2] : 0;
  const ofOwn = withoutHeads(f, before > 0 ? sliceAxis(build, all, 2, before, total) : all, shape(input(own)));
  return [has(past) ? sliceAxis(build, all, 2, 0, before) : undefined, ofOwn];
}

/** A rotation's gradient is the rotation back: by the negative angle, whose sine is the negative. */
export const rotaryEmbeddingGradient: GradientRule = (context) => {
  const { node, input, grad, has } = context;
  const f = formula(context);
  const back = f.of('Neg', input(2));
  const attributes = Object.fromEntries(node.attributes);
  return [f.build.op(node.op, [grad(), input(1), back, has(3) ? input(3) : undefined], attributes, node.domain)];
};
