import { type BinaryOperator, binary, type Expr, load, loops, number, type Statement, store } from '../loops/index.js';
import { materialize, type Operand, place } from '../operands/index.js';
import { safeIndex } from './gathers.js';
import { orderOf } from './lines.js';
import type { KernelRule, NestContext } from './rule.js';

const NAMES = ['i', 'j', 'k', 'l', 'm'];

/** How an update meets what stands at its place. */
const reductions: Readonly<Record<string, BinaryOperator | undefined>> = { add: 'add', mul: 'mul', max: 'max', min: 'min' };

/** A copy of the input, in which updates are then set, one after the other. */
function scatter(context: NestContext, target: (x: Operand, indices: Operand, at: readonly Expr[]) => readonly Expr[]): void {
  const x = context.cheap(0);
  const [indices, updates] = [context.stored(1), context.cheap(2)];
  const sink = context.output(0, { order: orderOf(x) });
  const { stored } = sink.operand;
  const operator = reductions[context.node.string('reduction', 'none')];
  context.emit(materialize(x, stored), { kind: 'copy' });
  const body = loops(NAMES, updates.shape, (at): Statement[] => {
    const to = place(stored, target(x, indices, at));
    const update = updates.at(at);
    return [store(stored.buffer, to, operator ? binary(operator, load(stored.buffer, to), update) : update)];
  });
  context.emit(body);
}

/** Each update has the index of its place along one axis. */
function scatterElements(context: NestContext): void {
  const rank = context.shape().length;
  const axis = (context.node.int('axis', 0) + rank) % rank;
  scatter(context, (x, indices, at) => at.map((each, other) => (other === axis ? safeIndex(indices.at(at), x.shape[axis]) : each)));
}

/** Each row of indices names a place along the first axes, where a slice is set. */
function scatterND(context: NestContext): void {
  scatter(context, (x, indices, at) => {
    const lead = indices.shape.length - 1;
    const before = at.slice(0, lead);
    const depth = indices.shape[lead];
    const places = Array.from({ length: depth }, (_, each) => safeIndex(indices.at([...before, number(each)]), x.shape[each]));
    return [...places, ...at.slice(lead)];
  });
}

export const scatters: Readonly<Record<string, KernelRule>> = {
  Scatter: { kind: 'nest', emit: scatterElements },
  ScatterElements: { kind: 'nest', emit: scatterElements },
  ScatterND: { kind: 'nest', emit: scatterND },
};
