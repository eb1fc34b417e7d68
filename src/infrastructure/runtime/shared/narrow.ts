import { RuntimeError } from '../../../base/index.js';
import { Tensor } from '../../../onnx/index.js';
import type { Tensors } from '../contract.js';

/**
 * Feeds as a session takes them that has int32 where its model has int64.
 * @param names inputs of that kind.
 * @throws RuntimeError for a number that 32 bits do not hold.
 */
export function inInt32(feeds: Tensors, names: ReadonlySet<string> = new Set()): Tensors {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => {
      if (!names.has(name)) return [name, tensor];
      const given = tensor.data() as BigInt64Array;
      const numbers = Int32Array.from(given, Number);
      const place = numbers.findIndex((number, index) => BigInt(number) !== given[index]);
      if (place >= 0) {
        throw new RuntimeError({
          what: 'WebGPU computes with whole numbers of 32 bits here',
          where: `input "${name}"`,
          expected: 'numbers from -2147483648 to 2147483647',
          got: String(given[place]),
        });
      }
      return [name, Tensor.of('int32', tensor.shape, numbers)];
    }),
  );
}
