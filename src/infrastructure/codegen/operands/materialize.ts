import { sizeOf } from '../../../base/index.js';
import { type Expr, loops, number, read, replaceWithin, type Statement, store, type Variable, variable, within } from '../loops/index.js';
import { type Operand, place, type Strided } from './operand.js';
import { sharing } from './sharing.js';

/** Statements that compute every element of an operand into memory, along the axes as they lie there; axes that may be walked as one are. */
export function materialize(operand: Operand, target: Strided): Statement[] {
  const { shape } = operand;
  const order = storageOrder(shape, target.strides);
  const counts = shape.map((size, axis) => variable(`a${axis}`, 'i32', [0, Math.max(0, size - 1)]));
  const indices = counts.map((count, axis) => (shape[axis] === 1 ? number(0) : read(count)));
  const [value, to] = [operand.at(indices), place(target, indices)];
  const { axes, sizes } = merged(value, counts, operand, target, order);
  return loops(
    axes.map((axis) => AXES[axis] ?? `i${axis}`),
    sizes,
    (walked) => {
      // Ranges have decided what holds of each index; a merged one goes beyond its own.
      const put = (expr: Expr) =>
        replaceWithin(expr, (part) => {
          const axis = part.kind === 'variable' ? counts.indexOf(part.variable) : -1;
          return axis < 0 ? undefined : (walked[axes.indexOf(axis)] ?? number(0));
        });
      return sharing([put(value)], ([shared]) => [store(target.buffer, put(to), shared)]);
    },
  );
}

const AXES = ['i', 'j', 'k', 'l', 'm', 'n'];

/** Axes by their strides, the one that lies together last. Of equal ones, which have one element, the first stays first. */
export function storageOrder(shape: readonly number[], strides: readonly number[]): number[] {
  const axes = shape.map((_, axis) => axis);
  return axes.sort((a, b) => strides[b] - strides[a] || a - b);
}

/**
 * Axes in their order, without those of one element, neighbours merged into one wherever all that is read and written moves on from the end of the
 * inner one as it moves along it. A merged axis counts at the place of the inner one, beyond its size.
 */
function merged(
  value: Expr,
  counts: readonly Variable[],
  operand: Operand,
  target: Strided,
  order: readonly number[],
): { axes: number[]; sizes: number[] } {
  const kept = order.filter((axis) => operand.shape[axis] !== 1);
  const steps = stepsOf([value], counts);
  if (!steps) return { axes: kept, sizes: kept.map((axis) => operand.shape[axis]) };
  steps.push(target.strides);
  const axes: number[] = [];
  const sizes: number[] = [];
  for (const axis of kept) {
    const before = axes.at(-1);
    const size = operand.shape[axis];
    if (before !== undefined && steps.every((step) => step[before] === step[axis] * size)) {
      axes[axes.length - 1] = axis;
      sizes[sizes.length - 1] *= size;
    } else {
      axes.push(axis);
      sizes.push(size);
    }
  }
  return { axes, sizes };
}

/** How far each load moves with each count; undefined where one does not move evenly, or a count is used otherwise. */
function stepsOf(values: readonly Expr[], counts: readonly Variable[]): (readonly number[])[] | undefined {
  const steps: number[][] = [];
  for (const value of values) {
    for (const expr of within(value, 'values')) {
      if (expr.kind === 'variable' || expr.kind === 'sum') return undefined;
      if (expr.kind !== 'load') continue;
      const terms = expr.index.kind === 'sum' ? expr.index.terms : [{ of: expr.index, factor: 1 }];
      const step = counts.map(() => 0);
      for (const { of, factor } of terms) {
        if (of.kind === 'number') continue;
        const axis = of.kind === 'variable' ? counts.indexOf(of.variable) : -1;
        if (axis < 0) return undefined;
        step[axis] = factor;
      }
      steps.push(step);
    }
  }
  return steps;
}

/** Strides for a new buffer of an operand's shape: as the largest tensor of that size lies from which it is computed. */
export function likeSources(operand: Operand): readonly number[] | undefined {
  const counts = operand.shape.map((size, axis) => variable(`a${axis}`, 'i32', [0, Math.max(0, size - 1)]));
  const whole = sizeOf(operand.shape);
  for (const expr of within(operand.at(counts.map(read)), 'values')) {
    if (expr.kind !== 'load' || expr.buffer.role === 'constant' || expr.buffer.size !== whole) continue;
    const step = stepsOf([expr], counts)?.[0];
    if (step) return step;
  }
  return undefined;
}
