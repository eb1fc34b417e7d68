import type { DataType, Node, Value } from '../../../onnx/index.js';
import type { TiledKind, Tiling } from '../kernels/index.js';
import type { Buffer, Kernel } from '../loops/index.js';
import { shapeOf } from './facts.js';

/** An input or output of a program: row-major. */
export interface Port {
  /** As the model calls it. */
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly buffer: Buffer;
}

/** An input or output of a program, and where it lies. */
export function portOf({ value, buffer }: { readonly value: Value; readonly buffer: Buffer }): Port {
  return { name: value.name, dtype: value.dtype as DataType, shape: shapeOf(value), buffer };
}

/** A model as kernels that run one after the other. */
export interface Lowered {
  readonly kernels: readonly Kernel[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** A graph as kernels, and those of them that could be computed in other ways. */
export interface LoweredGraph extends Lowered {
  readonly tiled: readonly TiledNode[];
}

/** An operator whose kernels have a tiling. */
export interface TiledNode {
  /** Of the graph that was lowered. */
  readonly node: Node;
  readonly kind: TiledKind;
  readonly tiling: Tiling;
  /** What it computes, for people: "Conv+Relu [1,3,32,32] [16,3,3,3] → f32 [1,16,32,32]". */
  readonly title: string;
  readonly kernels: readonly Kernel[];
}

/** Tilings of some operators, in place of those of the schedule. */
export type Tilings = ReadonlyMap<Node, Tiling>;
