import { lookup } from '../base/index.js';
import { Tensor } from './tensor.js';

/**
 * Tensors with memory of their own (texts apart, which nobody changes): a program may take the memory of what it is fed, and reuse that of what it gave.
 * @param names which of them; those that are not there are left out. Default: all.
 */
export function copiesOf(
  tensors: Readonly<Record<string, Tensor>>,
  names: readonly string[] = Object.keys(tensors),
): Record<string, Tensor> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const tensor = lookup(tensors, name);
      if (!tensor) return [];
      return [[name, tensor.dtype === 'string' ? tensor : new Tensor(tensor.dtype, tensor.shape, tensor.bytes().slice())]];
    }),
  );
}
