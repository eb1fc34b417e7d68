import { parseEquation } from '../../../ops/index.js';
import {
  add,
  cast,
  type Expr,
  lanes,
  loops,
  mul,
  number,
  plus,
  register,
  registers,
  type Statement,
  scalarOf,
  set,
  times,
} from '../loops/index.js';
import { like } from './elementwise.js';
import type { KernelRule, NestContext } from './rule.js';
import { blocks, lanesFor } from './tile.js';

const NAMES = ['i', 'j', 'k', 'l', 'm', 'n'];

/** For each index of the output, the sum over all labels that it lacks of the products of the operands' elements. */
function einsum(context: NestContext): void {
  const { node } = context;
  const operands = node.inputs.map((_, index) => context.stored(index));
  const equation = parseEquation(
    node,
    operands.map(({ shape }) => shape.length),
  );
  if (!equation) throw context.refuse('an ellipsis stands for an unknown number of axes');
  const { terms, output } = equation;
  const sizes = new Map<string, number>();
  terms.forEach((term, each) => {
    for (const [axis, label] of term.entries()) sizes.set(label, Math.max(sizes.get(label) ?? 1, operands[each].shape[axis]));
  });
  const sizeOf = (label: string) => sizes.get(label) ?? 1;
  const summed = [...sizes.keys()].filter((label) => !output.includes(label));
  const sink = context.output(0);
  const type = scalarOf(operands[0].type);
  const inner = output.at(-1);
  /** How far each operand moves with the last label of the output. */
  const steps = operands.map(({ stored, shape }, each) =>
    terms[each].reduce((sum, label, axis) => (label === inner && shape[axis] > 1 ? sum + stored.strides[axis] : sum), 0),
  );
  const wide = inner && steps.every((step) => step === 0 || step === 1) ? lanesFor(sizeOf(inner), context.tiling('einsum').lanes) : 1;
  const outer = output.slice(0, -1);
  const body = loops(NAMES, outer.map(sizeOf), (counts) =>
    blocks(inner ? sizeOf(inner) : 1, wide, (block, size) => {
      const sums = registers('sums', type, size);
      const at = (lane: Expr) => plus(times(block, wide), lane);
      return [
        { kind: 'registers', registers: sums },
        ...lanes(0, size, (lane) => [set(sums, lane, like(number(0, type), 0))]),
        ...loops(NAMES, summed.map(sizeOf), (over) =>
          lanes(0, size, (lane) => {
            const indexOf = (label: string) =>
              label === inner ? at(lane) : output.includes(label) ? counts[outer.indexOf(label)] : over[summed.indexOf(label)];
            const factors = operands.map((operand, each) =>
              cast(type, operand.at(terms[each].map((label, axis) => (operand.shape[axis] === 1 ? number(0) : indexOf(label))))),
            );
            return [set(sums, lane, add(register(sums, lane), factors.reduce(mul)))];
          }),
        ),
        ...lanes(0, size, (lane): Statement[] => sink.store(inner ? [...counts, at(lane)] : [], register(sums, lane))),
      ];
    }),
  );
  context.emit(body, { macs: [...sizes.values()].reduce((all, size) => all * size, 1) });
}

export const einsums: Readonly<Record<string, KernelRule>> = {
  Einsum: { kind: 'nest', absorbs: true, emit: einsum },
};
