import type { Extras } from './extras.js';
import type { Tensor } from './tensor.js';
import type { ValueType } from './types.js';

/**
 * An attribute of a node. Integers are numbers, or bigints where a double cannot hold them. Strings that are not UTF-8 stay bytes.
 * `ref` stands for an attribute of the function that the node is in. A graph is what has nodes with attributes: it is named from outside.
 */
export type AttributeOf<Graph> = { readonly extras?: Extras } & (
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number | bigint }
  | { readonly type: 'string'; readonly value: string | Uint8Array }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'type'; readonly value: ValueType }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly (number | bigint)[] }
  | { readonly type: 'strings'; readonly value: readonly (string | Uint8Array)[] }
  | { readonly type: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly type: 'graphs'; readonly value: readonly Graph[] }
  | { readonly type: 'types'; readonly value: readonly ValueType[] }
  | { readonly type: 'ref'; readonly value: string; readonly of: number }
  /** Sparse tensors and anything newer than this code: kept as read. Owned by wire/. */
  | { readonly type: 'kept'; readonly value: unknown }
);

/** What a builder accepts for an attribute: a plain value whose ONNX type follows from it, or an Attribute where it does not. */
export type AttributeLikeOf<Graph> =
  | AttributeOf<Graph>
  | number
  | string
  | Tensor
  | Graph
  | readonly number[]
  | readonly string[]
  | undefined;
