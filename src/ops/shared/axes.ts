import { GraphError } from '../../base/index.js';
import type { Dim, Node } from '../../onnx/index.js';

/** Integers of an input where they are known: `InferContext.integers`, or the default, which knows constants only. */
export type IntegerReader = (index: number) => readonly Dim[] | undefined;

/** Integers of a node's constant input; undefined where it is absent or not constant. */
export function constantInts(node: Node, index: number): number[] | undefined {
  const constant = node.inputs[index]?.constant;
  return constant && Array.from(constant.numbers());
}

/** `axis` counted from the front, for a tensor of rank `rank`. @throws GraphError naming the node where it is out of range. */
export function normalizeAxis(node: Node, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw new GraphError({ what: 'Axis out of range', where: node.label, expected: `from ${-rank} to ${rank - 1}`, got: String(axis) });
}

/** Axes counted from the front, in ascending order. @throws GraphError where one is out of range or given twice. */
export function normalizeAxes(node: Node, axes: readonly number[], rank: number): number[] {
  const normal = axes.map((axis) => normalizeAxis(node, axis, rank)).sort((a, b) => a - b);
  const twice = normal.find((axis, index) => axis === normal[index + 1]);
  if (twice === undefined) return normal;
  throw new GraphError({ what: 'An axis is given twice', where: node.label, got: String(twice) });
}

/**
 * Axes (or other integers) that older opsets give as attribute `name` and newer ones as input `index`, as written: not normalised.
 * @returns undefined where neither is given, 'unknown' where the input is only known at run time.
 */
export function attributeOrInput(
  node: Node,
  name: string,
  index: number,
  read: IntegerReader = (each) => constantInts(node, each),
): number[] | undefined | 'unknown' {
  const attribute = node.ints(name, undefined);
  if (attribute) return attribute;
  if (!node.inputs[index]) return undefined;
  const known = read(index);
  if (!known?.every((dim) => typeof dim === 'number')) return 'unknown';
  return known as number[];
}

/** Attribute `axes`, or input `index` of newer opsets. See `attributeOrInput`. */
export function axesOf(node: Node, index: number, read?: IntegerReader): number[] | undefined | 'unknown' {
  return attributeOrInput(node, 'axes', index, read);
}

/** All axes of a tensor of rank `rank`. */
export function allAxes(rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) => axis);
}
