import type { Tensor, TensorConstructor } from 'onnxruntime-node';
import type { DataType, TypedArray } from '../../../onnx/index.js';
import type { SentTensor, SentTensors } from './protocol.js';

/** Tensors of ONNX Runtime over what was received, not copied. Its Node and web packages each bring a class of their own. */
export function received(tensors: SentTensors, Class: TensorConstructor): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { dtype, shape, contents }]) => [
      name,
      new Class(dtype as 'float32', contents as Float32Array, shape),
    ]),
  );
}

/** A tensor of ONNX Runtime made ready to be posted. Without `copy` its memory goes along. */
export function sendable(tensor: Tensor, copy: boolean): SentTensor {
  const dtype = tensor.type as DataType;
  const shape = [...tensor.dims];
  if (dtype === 'string') return { dtype, shape, contents: tensor.data as unknown as string[] };
  const data = tensor.data as TypedArray;
  return { dtype, shape, contents: copy ? data.slice() : data };
}
