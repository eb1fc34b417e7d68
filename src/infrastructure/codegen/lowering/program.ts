import type { DataType } from '../../../onnx/index.js';
import type { Buffer, Kernel } from '../loops/index.js';

/** An input or output of a program: row-major. */
export interface Port {
  /** As the model calls it. */
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly buffer: Buffer;
}

/** A model as kernels that run one after the other. */
export interface Lowered {
  readonly kernels: readonly Kernel[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}
