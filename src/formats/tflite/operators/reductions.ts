import type { Node } from '../../../onnx/index.js';
import { type Layout, range } from '../layout.js';
import type { ReadContext } from '../reading/context.js';
import type { Builtin } from '../wire/builtins.js';
import type { WriteContext } from '../writing/context.js';
import type { Family, OperatorEntry, WriteRule } from './entry.js';

function readReduction(context: ReadContext, op: string): void {
  const { keepDims } = context.options('ReducerOptions');
  const rank = context.rank(0);
  const given = context.integers(1, 'The axes').map((axis) => context.axisIn('own', axis, rank));
  const axes = [...new Set(given)].sort((a, b) => a - b);
  if (axes.length === 0) context.refuse('it has no axes');
  const layout = context.layoutOf(0);
  const isImage = rank === 4 && axes.length === 2 && axes[0] === 1 && axes[1] === 2;
  if (op === 'ReduceMean' && isImage) {
    const pooled = context.op('GlobalAveragePool', [context.real(0, 'other')]);
    if (keepDims) {
      context.output(pooled, 'other');
      return;
    }
    context.output(context.build.op('Flatten', [pooled]));
    return;
  }
  const at = axes.map((axis) => context.axisIn(layout, axis, rank)).sort((a, b) => a - b);
  const made = context.op(op, [context.real(0, layout), context.build.ints(at)], { keepdims: keepDims ? 1 : 0 });
  if (keepDims || layout === 'own') {
    context.output(made, layout);
    return;
  }
  // What is left keeps its order, which is that of the layout: channels may come before what they stand behind in the file.
  const left = context.byAxis(layout, range(rank)).filter((axis) => !axes.includes(axis));
  const order = [...left].sort((a, b) => a - b).map((axis) => left.indexOf(axis));
  context.output(order.every((axis, i) => axis === i) ? made : context.build.op('Transpose', [made], { perm: order }));
}

/** A reduction by axes, which were an attribute before opset 13 or 18. */
function writeReduction(name: Builtin) {
  return (w: WriteContext, node: Node): void => {
    const rank = w.rank(0);
    if (w.has(1) && w.integers(1, 'Its axes').length === 0 && node.int('noop_with_empty_axes', 0) !== 0) w.refuse('it reduces nothing');
    const given = w.has(1) ? w.integers(1, 'Its axes') : node.ints('axes', range(rank));
    const axes = (given.length > 0 ? given : range(rank)).map((axis) => (axis < 0 ? axis + rank : axis));
    const keepDims = node.int('keepdims', 1) !== 0;
    const left = range(rank).filter((axis) => !axes.includes(axis));
    const preferred = w.layoutOf(0);
    const inOrder = w.byAxis(preferred, range(rank)).filter((axis) => left.includes(axis));
    const layout: Layout = keepDims || inOrder.every((axis, i) => axis === left[i]) ? preferred : 'own';
    const at = w.list(
      axes.map((axis) => w.axisIn(layout, axis, rank)),
      'axes',
    );
    w.emit(name, [w.input(0, layout), at], {
      layout: keepDims ? layout : 'own',
      options: { name: 'ReducerOptions', values: { keepDims } },
    });
  };
}

function reduction(version: number, name: Builtin, op: string, integer?: WriteRule['integer']): OperatorEntry {
  return { version, read: (context) => readReduction(context, op), write: { [op]: { integer, write: writeReduction(name) } } };
}

/** Operators that make one number of many. */
export const reductions: Family = {
  MEAN: reduction(3, 'MEAN', 'ReduceMean', 'free'),
  SUM: reduction(2, 'SUM', 'ReduceSum'),
  REDUCE_PROD: reduction(2, 'REDUCE_PROD', 'ReduceProd'),
  REDUCE_MAX: reduction(3, 'REDUCE_MAX', 'ReduceMax', 'same'),
  REDUCE_MIN: reduction(3, 'REDUCE_MIN', 'ReduceMin', 'same'),
};
