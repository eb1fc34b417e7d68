import { type Dim, maxDims, minDims, type Node, SymbolicDim, tensorType, type Value } from '../../onnx/index.js';
import type { CouplingContext, CouplingRule, InferContext, InferRule, UpgradeRule } from '../rule.js';
import { allAxes, axesOf, normalizeAxes } from './axes.js';
import { addContents, contentsOf, multiplyContents } from './contents.js';

/**
 * Axes that a reduction sums over, in ascending order; [] where it leaves its input as it is (`noop_with_empty_axes`).
 * @returns undefined where they are only known at run time.
 */
export function reducedAxes(node: Node, rank: number, read?: (index: number) => readonly Dim[] | undefined): number[] | undefined {
  const axes = axesOf(node, 1, read);
  if (axes === 'unknown') return undefined;
  // Runtimes leave a scalar as it is, whatever the axes.
  if (rank === 0) return [];
  if (axes && axes.length > 0) return normalizeAxes(node, axes, rank);
  return node.int('noop_with_empty_axes', 0) === 1 ? [] : allAxes(rank);
}

/** Whether reduced axes stay, with size 1. */
export function keepsDims(node: Node): boolean {
  return node.int('keepdims', 1) === 1;
}

/** The shape after `axes` are reduced. */
export function shapeWithout(shape: readonly Dim[], axes: readonly number[], keep: boolean): Dim[] {
  if (keep) return shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** Follows the reduction of a small vector: `fold` combines two of its elements. */
export function inferReduction(fold?: (a: Dim, b: Dim) => Dim | undefined): InferRule {
  return (context) => {
    const shape = context.shape(0);
    if (!shape) return [{ type: tensorType(context.dtype(0)) }];
    const axes = reducedAxes(context.node, shape.length, (index) => context.integers(index));
    if (!axes) return [{ type: tensorType(context.dtype(0), unknownAxes(context, shape)) }];
    const type = tensorType(context.dtype(0), shapeWithout(shape, axes, keepsDims(context.node)));
    return [{ type, contents: fold && axes.length === shape.length ? foldContents(context, fold) : undefined }];
  };
}

/** Where axes are only known at run time, their number may still tell the rank. */
function unknownAxes(context: InferContext, shape: readonly Dim[]): readonly Dim[] | undefined {
  const count = keepsDims(context.node) ? 0 : context.shape(1)?.[0];
  if (typeof count !== 'number' || (count === 0 && !keepsDims(context.node))) return undefined;
  return Array.from({ length: Math.max(0, shape.length - count) }, () => SymbolicDim.unknown());
}

function foldContents(context: InferContext, fold: (a: Dim, b: Dim) => Dim | undefined): readonly Dim[] | undefined {
  const elements = contentsOf(context, 0);
  if (!elements || elements.length === 0) return undefined;
  const folded = elements.slice(1).reduce<Dim | undefined>((a, b) => (a === undefined ? undefined : fold(a, b)), elements[0]);
  return folded === undefined ? undefined : [folded];
}

/** Combinations of two elements, for `inferReduction`. */
export const folds = { sum: addContents, product: multiplyContents, maximum: maxDims, minimum: minDims };

/** The axes that stay are tied; those that are reduced are locked. */
export const couplesReduction: CouplingRule = (context) => {
  const [value, output] = [context.input(0), context.output()];
  const rank = context.shape(value).length;
  const axes = reducedAxes(context.node, rank);
  if (!axes) return context.refuse('its axes are only known at run time');
  tieKept(context, value, output, axes, keepsDims(context.node));
};

/** Ties every axis of `value` that is not in `reduced` with its axis in `output`. */
export function tieKept(context: CouplingContext, value: Value, output: Value, reduced: readonly number[], keep: boolean): void {
  let target = 0;
  context.shape(value).forEach((_, axis) => {
    const kept = !reduced.includes(axis);
    if (kept) context.tie({ value, axis }, { value: output, axis: target });
    if (kept || keep) target++;
  });
}

/** Later opsets take the axes as an input. */
export const axesAsInput: UpgradeRule = ({ node, build }) => {
  const axes = node.ints('axes', undefined);
  node.attributes.delete('axes');
  if (axes) node.setInput(1, build.ints(axes));
};
