import type { Value } from '../../../onnx/index.js';
import type { WriteContext } from '../writing/context.js';

/** Placeholder of the module that follows. */
export function flattened(_w: WriteContext): Value | undefined {
  return undefined;
}
