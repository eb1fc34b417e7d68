import { dequantize, isQuantized } from '../../ops/index.js';
import type { TechniqueContext } from '../../technique/index.js';

/** The context with its model in floats, where it was quantized, and what is to be said of that. */
export function inFloats<Context extends TechniqueContext>(context: Context): { context: Context; remarks: string[] } {
  if (!isQuantized(context.model)) return { context, remarks: [] };
  const remarks = ['The model was quantized: it is pruned, and written, in floating point. Quantize it again afterwards.'];
  return { context: { ...context, model: dequantize(context.model) }, remarks };
}
