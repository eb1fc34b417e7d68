import type { Value } from '../onnx/index.js';
import { traitsOf } from '../ops/index.js';

/** Operators that are looked through at most. */
const DEPTH = 50;

/**
 * The axis along which an output's numbers mean different things: found by the operators that made it, else the second axis of four or more, the
 * shorter one of a sequence or of a list of boxes [batch, boxes, numbers], and the last of anything else. Undefined where a sample is one number.
 * @param shape of the output, the batch first.
 */
export function channelAxis(shape: readonly number[], output?: Value): number | undefined {
  if (shape.length < 2) return undefined;
  const found = output && shape.length > 2 ? madeBy(output, DEPTH) : undefined;
  if (found !== undefined && found > 0 && found < shape.length) return found;
  if (shape.length === 3) return shape[1] < shape[2] ? 1 : 2;
  return 1;
}

function madeBy(value: Value, depth: number): number | undefined {
  const { producer: node } = value;
  const rank = value.shape?.length;
  if (!node || depth === 0 || rank === undefined) return undefined;
  const behind = (index = 0) => {
    const input = node.inputs[index];
    return input && madeBy(input, depth - 1);
  };
  const { channels, keepsPlaces, combines, joins, permutes } = traitsOf(node);
  if (typeof channels === 'function') return channels(node, rank);
  if (channels) return channels === 'second' ? 1 : rank - 1;
  if (keepsPlaces) return behind();
  // Where the larger operand has them.
  if (combines) return behind(node.inputs[0]?.shape?.length === rank ? 0 : 1);
  if (joins) return node.inputs.map((_, index) => behind(index)).find((axis) => axis !== undefined);
  const axis = permutes && behind();
  const place = axis === undefined ? -1 : (permutes?.(node, rank).indexOf(axis) ?? -1);
  return place < 0 ? undefined : place;
}
