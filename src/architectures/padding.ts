import type { Value } from '../onnx/index.js';
import type { Network } from './layers.js';

/** 1 where an id stands for something, 0 where it is padding: [N, L] of float32. */
export function presence({ build }: Network, ids: Value): Value {
  const isPadding = build.op('Equal', [ids, build.ints([0])]);
  return build.op('Cast', [build.op('Not', [isPadding])], { to: 1 });
}

/** The sum over positions that are no padding, divided by their number to a power: [N, L, D] to [N, D]. @param power 1 for the mean. */
export function pooled({ build }: Network, x: Value, present: Value, power: number): Value {
  const kept = build.op('Mul', [x, build.op('Unsqueeze', [present, build.ints([2])])]);
  const sum = build.op('ReduceSum', [kept, build.ints([1])], { keepdims: 0 });
  const count = build.op('Max', [build.op('ReduceSum', [present, build.ints([1])], { keepdims: 1 }), build.scalar(1)]);
  return build.op('Div', [sum, power === 1 ? count : build.op('Pow', [count, build.scalar(power)])]);
}
