import type { Node } from '../onnx/index.js';
import { ruleOf } from './table.js';
import type { LayerTrait, Traits } from './traits.js';

/** What holds of a node's operator beside its rules; nothing of one that Espalier does not know. */
export function traitsOf(node: Pick<Node, 'op' | 'domain'>): Traits {
  return ruleOf(node)?.traits ?? {};
}

/** How one node reads its weight. */
export interface LayerForm {
  readonly kind: LayerTrait['kind'];
  readonly weight: number;
  readonly bias?: number;
  readonly outputs: number;
  readonly inputs: number;
  readonly groups: number;
  /** Whether the data is transposed first. */
  readonly transposes: boolean;
  /** What the product, and the bias, are multiplied by. */
  readonly factors: readonly [product: number, bias: number];
  /** Axis of the data, and of the result, that holds channels. */
  channels(rank: number): number;
}

/** A node as a layer; undefined where it is none. */
export function layerOf(node: Node): LayerForm | undefined {
  const { layer } = traitsOf(node);
  if (!layer) return undefined;
  const { kind, weight, bias } = layer;
  return {
    kind,
    weight,
    ...(bias !== undefined && { bias }),
    outputs: layer.outputs(node),
    inputs: layer.inputs(node),
    groups: layer.groups?.(node) ?? 1,
    transposes: layer.transposes?.(node) ?? false,
    factors: layer.factors?.(node) ?? [1, 1],
    channels: (rank) => (kind === 'matrix' ? rank - 1 : 1),
  };
}
