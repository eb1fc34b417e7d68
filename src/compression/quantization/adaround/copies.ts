import type { Tensors } from '../../../infrastructure/runtime/index.js';
import { Tensor } from '../../../onnx/index.js';

/** Copies of the tensors that have one of the names: what is fed to a program may be given away. */
export function copiesOf(tensors: Tensors, names: readonly string[] = Object.keys(tensors)): Record<string, Tensor> {
  return Object.fromEntries(names.flatMap((name) => (tensors[name] ? [[name, copyOf(tensors[name])]] : [])));
}

function copyOf(tensor: Tensor): Tensor {
  return Tensor.of(tensor.dtype, tensor.shape, tensor.data().slice());
}
