import { floatAttribute, type Node, type Value } from '../../../onnx/index.js';
import type { ReadContext } from '../reading/context.js';
import type { Builtin } from '../wire/builtins.js';
import type { OptionsName } from '../wire/schema.js';
import type { WriteContext } from '../writing/context.js';
import { clipActivation } from '../writing/scalars.js';
import type { Options } from '../writing/tables.js';
import { combined, writeCombined } from './elementwise.js';
import type { Family, OperatorEntry, WriteRule } from './entry.js';

interface Unary {
  readonly onnx?: string;
  readonly options?: OptionsName;
  readonly integer?: WriteRule['integer'];
  /** The version that is written. Default: 1 in floats, 2 in integers. */
  readonly written?: number;
  readonly make?: (context: ReadContext, x: Value) => Value;
}

/** An operator on one input, number by number. */
function unary(version: number, name: Builtin, { onnx, options, integer, make, written }: Unary): OperatorEntry {
  const write = (w: WriteContext) => {
    const layout = w.layoutOf(0);
    w.emit(name, [w.input(0, layout)], { layout, options: options && ({ name: options, values: {} } as Options), version: written });
  };
  return {
    version,
    read: (context) => {
      const layout = context.layoutOf(0);
      const x = context.real(0, layout);
      context.output(make ? make(context, x) : context.op(onnx as string, [x]), layout);
    },
    ...(onnx && { write: { [onnx]: { integer, write } } }),
  };
}

const between = (low: number, high: number) => (context: ReadContext, x: Value) =>
  context.op('Clip', [x, context.build.scalar(low), context.build.scalar(high)]);

/** RELU, RELU6 or RELU_N1_TO_1 where the bounds are theirs, else MAXIMUM and MINIMUM. */
function writeClip(w: WriteContext): void {
  const layout = w.layoutOf(0);
  const name = clipActivation(w.node);
  if (name) {
    w.emit(name, [w.input(0, layout)], { layout });
    return;
  }
  const facts = w.facts(layout);
  const bounded = (index: number, operator: Builtin, from: number) =>
    w.has(index) ? w.writer.operator(operator, [from, w.inputReal(index)], facts, { name: 'MaximumMinimumOptions', values: {} }, 1) : from;
  w.hold(bounded(2, 'MINIMUM', bounded(1, 'MAXIMUM', w.input(0, layout))), layout);
}

/** Softmax runs over the last axis. */
function readSoftmax(context: ReadContext, op: string, beta: number): void {
  const layout = context.layoutOf(0);
  const x = context.real(0, layout);
  const scaled = beta === 1 ? x : context.build.op('Mul', [x, context.build.scalar(beta)]);
  const rank = context.rank(0);
  context.output(context.op(op, [scaled], { axis: context.axisIn(layout, -1, rank) }), layout);
}

function writeSoftmax(name: Builtin, options: Options) {
  return (w: WriteContext, node: Node): void => {
    const rank = w.rank(0);
    const layout = rank >= 3 && w.axisIn('other', node.int('axis', -1), rank) === rank - 1 ? 'other' : 'own';
    if (w.axisIn(layout, node.int('axis', -1), rank) !== rank - 1)
      w.refuse(`it runs over axis ${node.int('axis', -1)}, and the last one can be written`);
    w.emit(name, [w.input(0, layout)], { layout, options });
  };
}

function readPrelu(context: ReadContext): void {
  const { inputs, layout } = combined(context, 2);
  context.output(context.op('PRelu', inputs), layout);
}

/** A slope for each channel stands along the axis of channels. */
function writePrelu(w: WriteContext): void {
  const { inputs, layout } = writeCombined(w, 2);
  w.emit('PRELU', inputs, { layout, version: 1 });
}

function leaky(context: ReadContext, x: Value): Value {
  return context.op('LeakyRelu', [x], { alpha: floatAttribute(context.options('LeakyReluOptions').alpha) });
}

function writeLeaky(w: WriteContext, node: Node): void {
  const layout = w.layoutOf(0);
  w.emit('LEAKY_RELU', [w.input(0, layout)], {
    layout,
    options: { name: 'LeakyReluOptions', values: { alpha: node.float('alpha', 0.01) } },
  });
}

function writeElu(w: WriteContext, node: Node): void {
  if (node.float('alpha', 1) !== 1) w.refuse('its alpha is not 1');
  const layout = w.layoutOf(0);
  w.emit('ELU', [w.input(0, layout)], { layout, version: 1 });
}

function gelu(context: ReadContext, x: Value): Value {
  return context.op('Gelu', [x], { approximate: context.options('GeluOptions').approximate ? 'tanh' : 'none' });
}

function writeGelu(w: WriteContext, node: Node): void {
  const layout = w.layoutOf(0);
  const approximate = node.string('approximate', 'none') === 'tanh';
  w.emit('GELU', [w.input(0, layout)], { layout, options: { name: 'GeluOptions', values: { approximate } }, version: 1 });
}

function readNot(context: ReadContext): void {
  const layout = context.layoutOf(0);
  context.outputStored(context.op('Not', [context.stored(0, layout)]), layout);
}

const reciprocalRoot = (context: ReadContext, x: Value) => context.op('Reciprocal', [context.build.op('Sqrt', [x])]);

/** Kernels give shares of 1 in steps of 1/256, and numbers between -1 and 1 in steps of 1/128. */
const shares = { scale: 1 / 256, zeroPoint: -128 };
const signedShares = { scale: 1 / 128, zeroPoint: 0 };

/** Activations and functions of one input. */
export const unaries: Family = {
  RELU: unary(3, 'RELU', { onnx: 'Relu', integer: 'free' }),
  RELU_N1_TO_1: { version: 1, read: (context) => readBounded(context, -1, 1) },
  RELU_0_TO_1: { version: 1, read: (context) => readBounded(context, 0, 1) },
  RELU6: {
    version: 3,
    read: (context) => readBounded(context, 0, 6),
    write: { Clip: { integer: 'free', integerWhere: (node) => clipActivation(node) !== undefined, write: writeClip } },
  },
  TANH: unary(3, 'TANH', { onnx: 'Tanh', integer: signedShares }),
  LOGISTIC: unary(3, 'LOGISTIC', { onnx: 'Sigmoid', integer: shares }),
  SOFTMAX: {
    version: 3,
    read: (context) => readSoftmax(context, 'Softmax', context.options('SoftmaxOptions').beta || 1),
    write: { Softmax: { integer: shares, write: writeSoftmax('SOFTMAX', { name: 'SoftmaxOptions', values: { beta: 1 } }) } },
  },
  LOG_SOFTMAX: {
    version: 2,
    read: (context) => readSoftmax(context, 'LogSoftmax', 1),
    write: { LogSoftmax: { write: writeSoftmax('LOG_SOFTMAX', { name: 'LogSoftmaxOptions', values: {} }) } },
  },
  HARD_SWISH: unary(1, 'HARD_SWISH', { onnx: 'HardSwish', options: 'HardSwishOptions', integer: 'free', written: 1 }),
  LEAKY_RELU: { ...unary(2, 'LEAKY_RELU', { make: leaky }), write: { LeakyRelu: { integer: 'free', write: writeLeaky } } },
  PRELU: { version: 1, read: readPrelu, write: { PRelu: { write: writePrelu } } },
  ELU: { ...unary(1, 'ELU', { make: (context, x) => context.op('Elu', [x]) }), write: { Elu: { write: writeElu } } },
  GELU: { ...unary(2, 'GELU', { make: gelu }), write: { Gelu: { write: writeGelu } } },
  ABS: unary(5, 'ABS', { onnx: 'Abs' }),
  NEG: unary(1, 'NEG', { onnx: 'Neg', options: 'NegOptions' }),
  EXP: unary(2, 'EXP', { onnx: 'Exp', options: 'ExpOptions' }),
  LOG: unary(2, 'LOG', { onnx: 'Log' }),
  SQRT: unary(1, 'SQRT', { onnx: 'Sqrt' }),
  RSQRT: unary(3, 'RSQRT', { make: reciprocalRoot }),
  SQUARE: unary(1, 'SQUARE', { make: (context, x) => context.op('Mul', [x, x]) }),
  SIN: unary(1, 'SIN', { onnx: 'Sin' }),
  COS: unary(1, 'COS', { onnx: 'Cos' }),
  SIGN: unary(2, 'SIGN', { onnx: 'Sign' }),
  FLOOR: unary(1, 'FLOOR', { onnx: 'Floor' }),
  CEIL: unary(1, 'CEIL', { onnx: 'Ceil' }),
  ROUND: unary(1, 'ROUND', { onnx: 'Round' }),
  LOGICAL_NOT: {
    version: 1,
    read: readNot,
    write: {
      Not: {
        write: (w) => {
          const layout = w.layoutOf(0);
          w.emit('LOGICAL_NOT', [w.input(0, layout)], { layout, options: { name: 'LogicalNotOptions', values: {} }, version: 1 });
        },
      },
    },
  },
};

function readBounded(context: ReadContext, low: number, high: number): void {
  const layout = context.layoutOf(0);
  context.output(between(low, high)(context, context.real(0, layout)), layout);
}
