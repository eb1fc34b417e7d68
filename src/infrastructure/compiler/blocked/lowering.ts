import type { Node, Value } from '../../../onnx/index.js';
import type { Layouts } from './layout.js';

/** How an operator runs on blocked images. */
export interface Lowering {
  /** Whether this node can. */
  accepts(node: Node, block: number): boolean;
  /** Whether reordering its inputs pays by itself; others only follow a value that is blocked already. Default false. */
  leads?(node: Node): boolean;
  /** Whether its result is plain. Default false. */
  givesPlain?: boolean;
  /** Writes the blocked form: defines the node's output in `layouts`, or, where it gives a plain result, replaces it. */
  lower(node: Node, layouts: Layouts): void;
}

/** A node's input that must be there. */
export function inputOf(node: Node, index: number): Value {
  return node.inputs[index] as Value;
}

/** A node's first output. */
export function outputOf(node: Node): Value {
  return node.outputs[0] as Value;
}

/** Whether nothing but `reader` will ever read the value. */
export function isReadOnlyBy(value: Value, reader: Node): boolean {
  return value.readers.size === 1 && value.readers.get(reader) === 1 && !reader.graph?.outputs.includes(value);
}

/** Contents of a small constant input; undefined where it is absent or computed. */
export function constantNumbers(node: Node, index: number): number[] | undefined {
  const constant = node.inputs[index]?.constant;
  return constant && Array.from(constant.numbers(), Number);
}
