import type { AttributeLike, Node, Tensor, Value } from '../../../onnx/index.js';

/** Says an operator in others. */
export type Composition = (composer: Composer) => void;

/** What a composition writes with. Every value that it makes is typed. */
export interface Composer {
  readonly node: Node;
  op(type: string, inputs: readonly (Value | undefined)[], attributes?: Readonly<Record<string, AttributeLike>>): Value;
  /** An operator with several outputs. */
  ops(type: string, inputs: readonly (Value | undefined)[], outputs: number, attributes?: Readonly<Record<string, AttributeLike>>): Value[];
  constant(tensor: Tensor): Value;
  /** A constant of shapes and axes. */
  ints(values: readonly number[]): Value;
  /** A number of the first input's type. */
  scalar(value: number): Value;
  /** @throws UnsupportedError where it is not static. */
  shape(value: Value): readonly number[];
  /** Puts a value in the place of an output; nothing where that is absent. */
  replace(index: number, value: Value): void;
  /** @throws UnsupportedError: this use cannot be said, because `reason`. */
  refuse(reason: string): never;
}
