import type { Node } from '../../../onnx/index.js';

/** How integers are computed: with any grid for the result, on the grid of the input, or on one that a kernel prescribes. */
export type IntegerKind = 'free' | 'same' | { readonly scale: number; readonly zeroPoint: number };

/** How nodes of an operator can be computed. */
export interface RuleFacts {
  /** How it computes in integers. Default: in floats only, between DEQUANTIZE and QUANTIZE. */
  readonly integer?: IntegerKind | ((node: Node) => IntegerKind);
  /** Which nodes can compute in integers. Default: all. */
  readonly integerWhere?: (node: Node) => boolean;
  /** Inputs that are weights and biases, whose integers have scales of their own. */
  readonly weights?: readonly number[];
  /** Inputs that are never read, because shapes say the same. Default: none. */
  readonly known?: readonly number[];
  /** Whether it takes in the activation behind it. */
  readonly fuses?: boolean;
}
