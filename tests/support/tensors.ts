import type { Random } from 'espalier/base';
import { Tensor } from 'espalier/onnx';

/** Makes float32 tensors of a shape whose elements are drawn from the standard normal distribution, in row-major order. */
export function normalTensors(random: Random): (...shape: number[]) => Tensor {
  return (...shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return Tensor.of(
      'float32',
      shape,
      Float32Array.from({ length: size }, () => random.normal()),
    );
  };
}

/** Makes float32 tensors of a shape whose elements are 0.5 or more: what a normalization may divide by. */
export function positiveTensors(random: Random): (...shape: number[]) => Tensor {
  const normal = normalTensors(random);
  return (...shape) =>
    Tensor.from(
      'float32',
      shape,
      normal(...shape)
        .numbers()
        .map((x) => 0.5 + Math.abs(x)),
    );
}
