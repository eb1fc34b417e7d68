import type { Tensor } from '../../../onnx/index.js';
import type { ChannelConstant } from './constants.js';

/** Output channels of a layer's weight whose axis `axis` sums over input channels, and to which of them an element belongs. */
export function rowsOf(
  { shape }: Tensor,
  { axis }: Pick<ChannelConstant, 'axis'>,
): { count: number; rowOf: (index: number, outer: number) => number } {
  const columns = shape[1];
  return axis === 0 ? { count: columns, rowOf: (index) => index % columns } : { count: shape[0], rowOf: (_, outer) => outer };
}
