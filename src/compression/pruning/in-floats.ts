import { UnsupportedError } from '../../base/index.js';
import type { Model } from '../../onnx/index.js';
import { dequantize, otherPrecision } from '../../ops/index.js';
import type { TechniqueContext } from '../../technique/index.js';
import { storeHalf } from '../quantization/index.js';

export interface InFloats<Context extends TechniqueContext> {
  /** With its model in float32. */
  context: Context;
  /** What is to be said of that. */
  remarks: string[];
  /** A model that was made of it, its weights stored as those of the given one were where that loses nothing more. */
  restored: (made: Model) => Model;
}

/** The context with its model in float32, where it was quantized or in half precision. */
export function inFloats<Context extends TechniqueContext>(context: Context): InFloats<Context> {
  const precision = otherPrecision(context.model);
  if (!precision) return { context, remarks: [], restored: (made) => made };
  const isHalf = precision === 'half precision';
  const remark = isHalf
    ? 'The model was in half precision: it computes in float32 now, its weights are stored in half precision still.'
    : `The model was in ${precision}: it is pruned, and written, in float32. Quantize it again afterwards.`;
  const restored = (made: Model) => (isHalf ? halved(made) : made);
  return { context: { ...context, model: dequantize(context.model) }, remarks: [remark], restored };
}

function halved(model: Model): Model {
  try {
    return storeHalf(model).model;
  } catch (error) {
    // Few and small weights are not worth it.
    if (error instanceof UnsupportedError) return model;
    throw error;
  }
}
