import type { Model } from '../../onnx/index.js';
import { dequantize, isQuantized } from './dequantize.js';
import { unfuse } from './unfuse.js';
import { isHalf, widen } from './widen.js';

/**
 * A model in the form that techniques work on: float32 throughout, whether it was quantized or in half precision, and in operators of the standard, whatever a
 * runtime fused. Inputs and outputs keep their types. The model itself where it has that form.
 * @throws UnsupportedError naming a node that cannot be said so.
 */
export function inPlainFloats(model: Model): Model {
  return unfuse(dequantize(widen(model)));
}

/** What has to be said of a model that is changed in that form and stays in it: in what it was. Undefined where it is in float32 as it is. */
export function otherPrecision(model: Model): 'integers' | 'half precision' | undefined {
  if (isQuantized(model)) return 'integers';
  return isHalf(model) ? 'half precision' : undefined;
}
