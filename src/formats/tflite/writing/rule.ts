import type { Node } from '../../../onnx/index.js';

/** How nodes of an operator can be computed. */
export interface RuleFacts {
  /**
   * How it computes in integers: with any grid for its result, on the grid of its input, or on one that its kernel prescribes. Default: in floats only, between
   * DEQUANTIZE and QUANTIZE.
   */
  readonly integer?: 'free' | 'same' | { readonly scale: number; readonly zeroPoint: number };
  /** Which nodes can compute in integers. Default: all. */
  readonly integerWhere?: (node: Node) => boolean;
  /** Inputs that are weights and biases, whose integers have scales of their own. */
  readonly weights?: readonly number[];
  /** Inputs that are never read, because shapes say the same. Default: none. */
  readonly known?: readonly number[];
  /** Whether it takes in the activation behind it. */
  readonly fuses?: boolean;
}
