import { type DataType, Tensor } from '../../../onnx/index.js';
import type { Tensors } from '../../runtime/index.js';
import type { Serving } from '../serving.js';
import type { ServingOptions } from './serving.js';

/** A tensor as it goes from process to process: its bytes, or its texts. */
interface Packed {
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly contents: Uint8Array | readonly Uint8Array[];
}

/** What a process is to serve. */
export interface Order {
  readonly path: string;
  readonly feeds: Readonly<Record<string, Packed>>;
  readonly options: Pick<ServingOptions, 'concurrent' | 'batch' | 'warmup' | 'runs' | 'minSeconds'>;
}

/** What it says. */
export type Answer = { readonly serving: Serving[] } | { readonly message: string };

export function packed(feeds: Tensors): Order['feeds'] {
  const each = Object.entries(feeds).map(([name, tensor]): [string, Packed] => {
    const { dtype, shape } = tensor;
    return [name, { dtype, shape, contents: dtype === 'string' ? tensor.stringBytes() : tensor.bytes() }];
  });
  return Object.fromEntries(each);
}

export function unpacked(feeds: Order['feeds']): Tensors {
  return Object.fromEntries(Object.entries(feeds).map(([name, { dtype, shape, contents }]) => [name, new Tensor(dtype, shape, contents)]));
}
