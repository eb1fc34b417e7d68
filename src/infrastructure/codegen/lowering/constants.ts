import type { Tensor, Value } from '../../../onnx/index.js';
import { type Buffer, load, number } from '../loops/index.js';
import { type Operand, place, rowMajor, type Strided } from '../operands/index.js';
import type { ProgramBuilder } from './builder.js';
import { typeOf } from './facts.js';

/** A constant is written into the program when a kernel reads its elements; a single number is written into the code. */
export function constantOperand(builder: ProgramBuilder, value: Value, constant: Tensor): Operand {
  const type = typeOf(value);
  const { shape } = constant;
  if (constant.size === 1) {
    const [single] = type === 'i64' || type === 'u64' ? (constant.data() as BigInt64Array) : constant.numbers();
    const scalar = load({ name: '', type, size: 1, role: 'constant' }, 0).type;
    const at = () => number(single, scalar);
    return { shape, type, constant, at, flat: at };
  }
  let buffer: Buffer | undefined;
  const stored = (): Strided => {
    buffer ??= builder.constant(value.name, type, constant.data(), constant.size);
    return { buffer, strides: rowMajor(shape), offset: 0 };
  };
  return {
    shape,
    type,
    constant,
    at: (indices) => load(stored().buffer, place(stored(), indices)),
    flat: (at) => load(stored().buffer, at),
    get stored() {
      return stored();
    },
  };
}
