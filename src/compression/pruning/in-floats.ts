import { dequantize, otherPrecision } from '../../ops/index.js';
import type { TechniqueContext } from '../../technique/index.js';

/** The context with its model in float32, where it was quantized or in half precision, and what is to be said of that. */
export function inFloats<Context extends TechniqueContext>(context: Context): { context: Context; remarks: string[] } {
  const precision = otherPrecision(context.model);
  if (!precision) return { context, remarks: [] };
  const remarks = [`The model was in ${precision}: it is pruned, and written, in float32. Quantize it again afterwards.`];
  return { context: { ...context, model: dequantize(context.model) }, remarks };
}
