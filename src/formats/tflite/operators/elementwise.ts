import { type DataType, type Node, Tensor, type Value } from '../../../onnx/index.js';
import { channelsLast, channelsSecond, type Layout, permuted, range } from '../layout.js';
import type { ReadContext } from '../reading/context.js';
import type { Builtin } from '../wire/builtins.js';
import type { OptionsName } from '../wire/schema.js';
import type { WriteContext } from '../writing/context.js';
import type { Options } from '../writing/tables.js';
import { isConstant, isFloatValue, numbersOf } from '../writing/values.js';
import type { Family, OperatorEntry, WriteRule } from './entry.js';
import { writeAwayFromZero } from './rounding.js';

/**
 * Inputs that are combined number by number, in one layout: channels second where one of them is so already and all others can be. Constants of lower rank are
 * brought to the rank of the result first, for axes are counted from the end.
 */
export function combined(context: ReadContext, count: number): { inputs: Value[]; layout: Layout } {
  const indices = range(count);
  const rank = Math.max(...indices.map((index) => context.rank(index)));
  const isConstantIn = (index: number) => context.constant(index) !== undefined;
  const wanted = indices.some((index) => context.rank(index) === rank && context.layoutOf(index) === 'other');
  const possible = indices.every((index) => context.rank(index) === rank || isConstantIn(index));
  const layout: Layout = rank >= 3 && wanted && possible ? 'other' : 'own';
  return { inputs: indices.map((index) => operand(context, index, rank, layout)), layout };
}

function operand(context: ReadContext, index: number, rank: number, layout: Layout): Value {
  const own = context.rank(index);
  const info = context.info(index);
  const constant = context.constant(index);
  if (layout === 'own' || own === rank || !constant || constant.size === 1) return context.real(index, own === rank ? layout : 'own');
  const full = permuted(constant.reshape([...Array(rank - own).fill(1), ...constant.shape]), channelsSecond(rank));
  const value = context.build.constant(full);
  if (!info.grid) return info.dtype === 'float16' ? context.build.op('Cast', [value], { to: 1 }) : value;
  return context.values.dequantized(value, info.grid, info.dtype, channelsSecond(rank).indexOf(info.grid.axis + rank - own));
}

/** Of inputs that are combined number by number: the layout to write them in, and their tensors. */
export function writeCombined(w: WriteContext, count: number): { inputs: number[]; layout: Layout } {
  const indices = range(count);
  const rank = Math.max(...indices.map((index) => w.rank(index)));
  const isSingle = (index: number) => w.writer.sizes(w.value(index)).shape.every((size) => size === 1);
  const wanted = indices.some((index) => w.rank(index) === rank && w.layoutOf(index) === 'other');
  const possible = indices.every((index) => w.rank(index) === rank || isSingle(index) || isConstant(w.value(index)));
  const layout: Layout = rank >= 3 && wanted && possible ? 'other' : 'own';
  return { inputs: indices.map((index) => writeOperand(w, index, rank, layout)), layout };
}

function writeOperand(w: WriteContext, index: number, rank: number, layout: Layout): number {
  const value = w.value(index);
  const own = w.rank(index);
  if (layout === 'own' || own === rank || w.writer.sizes(value).shape.every((size) => size === 1))
    return w.input(index, own === rank ? layout : 'own');
  const numbers = numbersOf(value);
  if (!numbers) w.refuse(`input ${index} has fewer axes than the others`);
  const whole = value.constant ?? Tensor.of('float32', value.shape as number[], numbers);
  const full = whole.reshape([...Array(rank - own).fill(1), ...whole.shape]);
  return w.writer.constant(value.name, permuted(full, channelsLast(rank)));
}

interface Binary {
  readonly options?: OptionsName;
  readonly onnx?: string;
  /** Whether it has an activation built in. */
  readonly fuses?: boolean;
  readonly integer?: WriteRule['integer'];
  /** Types that its kernel computes in. Default: float32, int32, int64. */
  readonly types?: readonly DataType[];
  /** Makes what it gives, where that is no single operator of ONNX. */
  readonly make?: (context: ReadContext, a: Value, b: Value) => Value;
}

/** Types that most kernels compute in. */
const NUMBERS: readonly DataType[] = ['float32', 'int32', 'int64'];

/** An operator on two inputs, number by number. */
function binary(version: number, name: Builtin, { options, onnx, fuses = false, integer, make, types = NUMBERS }: Binary): OperatorEntry {
  return {
    version,
    read: (context) => {
      const { inputs, layout } = combined(context, 2);
      const activation = fuses && options ? (context.options(options) as { activation: number }).activation : 0;
      const made = make ? make(context, inputs[0], inputs[1]) : context.op(onnx as string, inputs);
      context.output(made, layout, { activation });
    },
    ...(onnx && {
      write: {
        [onnx]: {
          integer,
          fuses,
          write: (w: WriteContext) => {
            if (onnx === 'Mul' && writeAwayFromZero(w)) return;
            for (const index of [0, 1]) w.requireTypes(index, types);
            const { inputs, layout } = writeCombined(w, 2);
            const values = fuses ? { activation: w.activation } : {};
            w.emit(name, inputs, { layout, options: options && ({ name: options, values } as Options) });
          },
        },
      },
    }),
  };
}

/** An operator on two inputs that gives true or false. */
function comparison(version: number, name: Builtin, options: OptionsName, onnx: string, negated = false): OperatorEntry {
  return {
    version,
    read: (context) => {
      const { inputs, layout } = combined(context, 2);
      const made = context.op(onnx, inputs);
      context.outputStored(negated ? context.build.op('Not', [made]) : made, layout);
    },
    ...(!negated && {
      write: {
        [onnx]: {
          write: (w: WriteContext) => {
            for (const index of [0, 1]) w.requireTypes(index, [...NUMBERS, 'bool']);
            const { inputs, layout } = writeCombined(w, 2);
            w.emit(name, inputs, { layout, options: { name: options, values: {} } as Options, version: 1 });
          },
        },
      },
    }),
  };
}

/** Extremes of any number of inputs, two by two. */
function extreme(name: Builtin, onnx: string): OperatorEntry {
  const write = (w: WriteContext, node: Node) => {
    if (node.inputs.length === 2) for (const index of [0, 1]) w.requireTypes(index, NUMBERS);
    else w.refuse(`it has ${node.inputs.length} inputs, and 2 can be written`);
    const { inputs, layout } = writeCombined(w, 2);
    w.emit(name, inputs, { layout, options: { name: 'MaximumMinimumOptions', values: {} } });
  };
  return { version: 4, read: (context) => readExtreme(context, onnx), write: { [onnx]: { integer: 'same', write } } };
}

function readExtreme(context: ReadContext, onnx: string): void {
  const { inputs, layout } = combined(context, 2);
  context.output(context.op(onnx, inputs), layout);
}

const isFloatInput = (context: ReadContext) => context.info(0).dtype.startsWith('float') || context.info(0).grid !== undefined;

/** The quotient rounded down; integers of ONNX are cut off towards 0. */
function floorDivided(context: ReadContext, a: Value, b: Value): Value {
  if (!isFloatInput(context)) context.refuse('it divides integers');
  return context.build.op('Floor', [context.op('Div', [a, b])]);
}

function floorModulo(context: ReadContext, a: Value, b: Value): Value {
  if (!isFloatInput(context)) return context.op('Mod', [a, b]);
  return context.op('Sub', [a, context.build.op('Mul', [context.build.op('Floor', [context.build.op('Div', [a, b])]), b])]);
}

function squaredDifference(context: ReadContext, a: Value, b: Value): Value {
  const difference = context.build.op('Sub', [a, b]);
  return context.op('Mul', [difference, difference]);
}

function readSelect(context: ReadContext): void {
  const [condition, whole] = [context.rank(0), context.rank(1)];
  // A vector of conditions chooses whole samples, where it is not broadcast from the end.
  if (condition === 1 && whole > 1 && context.inputs[0]?.shape?.[0] === context.inputs[1]?.shape?.[0]) {
    const wide = context.build.op('Unsqueeze', [context.stored(0), context.build.ints(range(whole).slice(1))]);
    context.output(context.op('Where', [wide, context.real(1), context.real(2)]));
    return;
  }
  const { inputs, layout } = combined(context, 3);
  context.output(context.op('Where', inputs), layout);
}

function writeSelect(w: WriteContext): void {
  const { inputs, layout } = writeCombined(w, 3);
  w.emit('SELECT_V2', inputs, { layout, options: { name: 'SelectV2Options', values: {} }, version: 1 });
}

/** Mod follows the sign of its divisor, as FLOOR_MOD, unless fmod says otherwise. */
function writeMod(w: WriteContext, node: Node): void {
  if (node.int('fmod', 0) !== 0 || isFloatValue(w.value(0))) w.refuse('its sign is that of the dividend');
  w.requireTypes(0, ['int32', 'int64']);
  const { inputs, layout } = writeCombined(w, 2);
  w.emit('FLOOR_MOD', inputs, { layout, version: 1 });
}

/** Operators on several inputs, number by number. */
export const elementwise: Family = {
  ADD: binary(5, 'ADD', { options: 'AddOptions', onnx: 'Add', fuses: true, integer: 'free' }),
  SUB: binary(5, 'SUB', { options: 'SubOptions', onnx: 'Sub', fuses: true, integer: 'free' }),
  MUL: binary(7, 'MUL', { options: 'MulOptions', onnx: 'Mul', fuses: true, integer: 'free' }),
  DIV: binary(2, 'DIV', { options: 'DivOptions', onnx: 'Div', fuses: true, types: ['float32', 'int32'] }),
  POW: binary(1, 'POW', { options: 'PowOptions', onnx: 'Pow', types: ['float32'] }),
  MAXIMUM: extreme('MAXIMUM', 'Max'),
  MINIMUM: extreme('MINIMUM', 'Min'),
  FLOOR_DIV: binary(3, 'FLOOR_DIV', { make: floorDivided }),
  FLOOR_MOD: { ...binary(2, 'FLOOR_MOD', { make: floorModulo }), write: { Mod: { write: writeMod } } },
  SQUARED_DIFFERENCE: binary(2, 'SQUARED_DIFFERENCE', { make: squaredDifference }),
  LESS: comparison(3, 'LESS', 'LessOptions', 'Less'),
  LESS_EQUAL: comparison(2, 'LESS_EQUAL', 'LessEqualOptions', 'LessOrEqual'),
  GREATER: comparison(2, 'GREATER', 'GreaterOptions', 'Greater'),
  GREATER_EQUAL: comparison(3, 'GREATER_EQUAL', 'GreaterEqualOptions', 'GreaterOrEqual'),
  EQUAL: comparison(4, 'EQUAL', 'EqualOptions', 'Equal'),
  NOT_EQUAL: comparison(3, 'NOT_EQUAL', 'NotEqualOptions', 'Equal', true),
  LOGICAL_AND: comparison(1, 'LOGICAL_AND', 'LogicalAndOptions', 'And'),
  LOGICAL_OR: comparison(1, 'LOGICAL_OR', 'LogicalOrOptions', 'Or'),
  SELECT: { version: 4, read: readSelect },
  SELECT_V2: { version: 2, read: readSelect, write: { Where: { write: writeSelect } } },
};
