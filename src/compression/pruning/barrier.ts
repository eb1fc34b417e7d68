import type { Node } from '../../onnx/index.js';
import type { CouplingContext } from '../../ops/index.js';

/** A node next to which nothing is removed. */
export interface Barrier {
  readonly node: Node;
  /** A clause. */
  readonly reason: string;
}

/** Puts attributes and constant shapes right after a removal. */
export type Rewrite = Parameters<CouplingContext['afterwards']>[0];
