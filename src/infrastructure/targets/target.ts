import type { DataType, Node, Pass } from '../../onnx/index.js';

/**
 * What a target does with a quantized layer that has a weight:
 * 'integers': computes in integers if its result is quantized too, else not at all;
 * 'either': computes in integers and hands on integers or floats;
 * 'none': has no integer kernel: a quantized weight is turned into floats first.
 */
export type IntegerKernel = 'integers' | 'either' | 'none';

/** What is to be known of the kernels of a target. */
export interface Kernels {
  /** Whether it may run a node: false where there is no kernel for sure. */
  has(node: Node): boolean;
  integer(node: Node): IntegerKernel;
  /** The type of 8-bit weights with which its integer kernel of a layer is quickest, where activations are quantized as they come. */
  quickWeights(node: Node): 'int8' | 'uint8';
}

/** How images lie in memory: [N, C, H, W], [N, H, W, C], or [N, C / block, H, W, block]. */
export type Layout = 'channels-first' | 'channels-last' | 'channels-blocked';

/** Something that models are made for, as far as its facts go: what is planned asks these, in a page, too. */
export interface TargetFacts {
  /** As options and cards name it: "ort-node". */
  readonly name: string;
  /** As a person is told: "onnxruntime-node". */
  readonly title: string;
  readonly kernels: Kernels;
  /** Element types that it computes with. */
  readonly types: ReadonlySet<DataType>;
  /** Layouts that its kernels work in, the best first. */
  readonly layouts: readonly Layout[];
  /** Passes that a model goes through before it runs there. */
  readonly passes: readonly Pass[];
  /** Largest difference from the reference, relative to the largest magnitude of an output, that still agrees. */
  readonly tolerance: number;
}
