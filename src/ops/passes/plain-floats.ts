import type { Model } from '../../onnx/index.js';
import { integersAreReal, isQuantized } from '../plain/dequantize.js';
import { operatorsAreStandard } from '../plain/unfuse.js';
import { floatsAreWide, isHalf } from '../plain/widen.js';
import { forms } from './forms.js';

/** A copy of a model that computes in float32 what it computed in float16 or bfloat16. The model itself where it has no such values. */
export function widen(model: Model): Model {
  return forms.reach(model, [floatsAreWide], undefined);
}

/**
 * A copy of a model in float32, which was quantized or in half precision. The model itself where it was neither.
 * @throws UnsupportedError naming a node that is not known in floats.
 */
export function dequantize(model: Model): Model {
  return forms.reach(model, [floatsAreWide, integersAreReal], undefined);
}

/**
 * A copy of a model in operators of the standard, whatever a runtime fused. The model itself where nothing is fused.
 * @throws UnsupportedError where the use of a fused operator cannot be said.
 */
export function unfuse(model: Model): Model {
  return forms.reach(model, [operatorsAreStandard], undefined);
}

/**
 * A model in the form that techniques work on: float32 throughout, whether it was quantized or in half precision, and in operators of the standard, whatever a
 * runtime fused. Inputs and outputs keep their types. The model itself where it has that form.
 * @throws UnsupportedError naming a node that cannot be said so.
 */
export function inPlainFloats(model: Model): Model {
  return forms.reach(model, [floatsAreWide, integersAreReal, operatorsAreStandard], undefined);
}

/** What has to be said of a model that is changed in that form and stays in it: in what it was. Undefined where it is in float32 as it is. */
export function otherPrecision(model: Model): 'integers' | 'half precision' | undefined {
  if (isQuantized(model)) return 'integers';
  return isHalf(model) ? 'half precision' : undefined;
}
