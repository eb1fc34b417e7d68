import { add, binary, cast, type Expr, max, min, minus, mul, number, plus, type StorageType, select, sub } from '../loops/index.js';
import { computedOperand, type Operand, rowMajor, sliced, storedOperand } from '../operands/index.js';
import { like } from './elementwise.js';
import type { KernelRule, RuleContext } from './rule.js';

const view = (of: (context: RuleContext) => Operand): KernelRule => ({ kind: 'view', view: (context) => [of(context)] });

/** An index from the data: a negative one counts from the end, one beyond either end is the end, so that no memory outside is read. */
export function safeIndex(index: Expr, size: number): Expr {
  const at = cast('i32', index);
  const wrapped = select(binary('lt', at, number(0)), plus(at, size), at);
  return max(number(0), min(number(size - 1), wrapped));
}

/** The indices that an input holds, as places along an axis of `size`: a table of few bytes where they are constant. */
export function indexOperand(context: RuleContext, index: number, size: number): Operand {
  const given = context.input(index);
  const { constant } = given;
  if (!constant) return computedOperand(given.shape, 'i32', (indices) => safeIndex(given.at(indices), size));
  const places = Int32Array.from(constant.numbers(), (each) => (each < 0 ? each + size : each));
  const outside = places.find((each) => each < 0 || each >= size);
  if (outside !== undefined) context.refuse(`index ${outside} is outside of an axis of ${size}`);
  if (places.length === 1) return computedOperand(given.shape, 'i32', () => number(places[0]));
  const [type, contents] = narrow(places, size);
  const buffer = context.constantBuffer(`${context.node.inputs[index]?.name}_places`, type, contents);
  return storedOperand(given.shape, { buffer, strides: rowMajor(given.shape), offset: 0 });
}

function narrow(places: Int32Array, size: number): [StorageType, ArrayLike<number>] {
  if (size <= 256) return ['u8', Uint8Array.from(places)];
  return size <= 65536 ? ['u16', Uint16Array.from(places)] : ['i32', places];
}

function gather(context: RuleContext): Operand {
  const x = context.input(0);
  const axis = (context.node.int('axis', 0) + x.shape.length) % x.shape.length;
  const even = evenSteps(context, x, axis);
  if (even) return even;
  const places = indexOperand(context, 1, x.shape[axis]);
  const rank = places.shape.length;
  return computedOperand(context.shape(), x.type, (indices) =>
    x.at([...indices.slice(0, axis), places.at(indices.slice(axis, axis + rank)), ...indices.slice(axis + rank)]),
  );
}

/** Indices that are constant and evenly apart are a slice. */
function evenSteps(context: RuleContext, x: Operand, axis: number): Operand | undefined {
  const constant = context.constant(1);
  if (constant?.shape.length !== 1 || constant.size === 0) return undefined;
  const size = x.shape[axis];
  const places = Array.from(constant.numbers(), (each) => (each < 0 ? each + size : each));
  const step = places.length > 1 ? places[1] - places[0] : 1;
  if (step === 0 || places.some((each, at) => each !== places[0] + at * step || each < 0 || each >= size)) return undefined;
  const starts = x.shape.map((_, each) => (each === axis ? places[0] : 0));
  const steps = x.shape.map((_, each) => (each === axis ? step : 1));
  return sliced(x, starts, steps, context.shape());
}

function gatherElements(context: RuleContext): Operand {
  const x = context.input(0);
  const axis = (context.node.int('axis', 0) + x.shape.length) % x.shape.length;
  const places = indexOperand(context, 1, x.shape[axis]);
  return computedOperand(context.shape(), x.type, (indices) => x.at(indices.map((each, at) => (at === axis ? places.at(indices) : each))));
}

function gatherND(context: RuleContext): Operand {
  const x = context.input(0);
  const given = context.input(1);
  const batch = context.node.int('batch_dims', 0);
  const depth = given.shape[given.shape.length - 1];
  const lead = given.shape.length - 1;
  return computedOperand(context.shape(), x.type, (indices) => {
    const before = indices.slice(0, lead);
    const places = Array.from({ length: depth }, (_, each) => safeIndex(given.at([...before, number(each)]), x.shape[batch + each]));
    return x.at([...indices.slice(0, batch), ...places, ...indices.slice(lead)]);
  });
}

function oneHot(context: RuleContext): Operand {
  const [places, values] = [context.input(0), context.input(2)];
  const shape = context.shape();
  const axis = (context.node.int('axis', -1) + shape.length) % shape.length;
  const depth = shape[axis];
  return computedOperand(shape, values.type, (indices) => {
    const given = cast('i32', places.at(indices.filter((_, each) => each !== axis)));
    const place = select(binary('lt', given, number(0)), plus(given, depth), given);
    return select(binary('eq', place, indices[axis]), values.at([number(1)]), values.at([number(0)]));
  });
}

/** A triangle of each matrix; 0 elsewhere. */
function trilu(context: RuleContext): Operand {
  const x = context.input(0);
  const [diagonal] = context.integers(1) ?? [0];
  const upper = context.node.int('upper', 1) === 1;
  return computedOperand(x.shape, x.type, (indices) => {
    const [row, column] = indices.slice(-2);
    const element = x.at(indices);
    return select(binary(upper ? 'ge' : 'le', minus(column, row), number(diagonal)), element, like(element, 0));
  });
}

function eyeLike(context: RuleContext): Operand {
  const diagonal = context.node.int('k', 0);
  const zero = numberLike(context, 0);
  return computedOperand(context.shape(), context.type(), ([row, column]) =>
    select(binary('eq', minus(column, row), number(diagonal)), numberLike(context, 1), zero),
  );
}

/** A number of the output's type. */
function numberLike(context: RuleContext, value: number): Expr {
  const sample = storedOperand([1], { buffer: { name: '', type: context.type(), size: 1, role: 'constant' }, strides: [1], offset: 0 });
  return like(sample.at([number(0)]), value);
}

function constantOfShape(context: RuleContext): Operand {
  const value = context.node.attributes.get('value');
  const filling = value?.type === 'tensor' ? value.value.numbers()[0] : 0;
  return computedOperand(context.shape(), context.type(), () => numberLike(context, filling));
}

/** start + i · delta, as many as inference knows that there are. */
function series(context: RuleContext): Operand {
  const [start, , delta] = [0, 1, 2].map((index) => context.input(index).flat(number(0)));
  return computedOperand(context.shape(), context.type(), ([at]) => add(start, mul(cast(start.type, at), delta)));
}

/** The first elements of each sequence in reverse, the others as they are. */
function reverseSequence(context: RuleContext): Operand {
  const x = context.input(0);
  const lengths = context.input(1);
  const [batch, time] = [context.node.int('batch_axis', 1), context.node.int('time_axis', 0)];
  return computedOperand(x.shape, x.type, (indices) => {
    const last = sub(cast('i32', lengths.at([indices[batch]])), number(1));
    const at = select(binary('le', indices[time], last), sub(last, indices[time]), indices[time]);
    return x.at(indices.map((each, axis) => (axis === time ? max(number(0), min(number(x.shape[time] - 1), at)) : each)));
  });
}

export const gathers: Readonly<Record<string, KernelRule>> = {
  ConstantOfShape: view(constantOfShape),
  EyeLike: view(eyeLike),
  Gather: view(gather),
  GatherElements: view(gatherElements),
  GatherND: view(gatherND),
  OneHot: view(oneHot),
  Range: view(series),
  ReverseSequence: view(reverseSequence),
  Trilu: view(trilu),
};
