import type { Value } from '../../onnx/index.js';
import type { GradientContext, GradientRule } from '../rule.js';
import { type Formula, formula } from '../shared/formula.js';
import { sliceAxis, zerosOf } from '../shared/gradients.js';
import { gruCell, gruCellResetLast } from './gru.js';
import { lstmCell } from './lstm.js';
import { type Activation, activationsOf } from './recurrent-activations.js';
import { type Cell, rnnCell, shifted } from './recurrent-cells.js';
import { Timeline } from './timeline.js';

export const rnnGradient: GradientRule = (context) => recurrentGradient(context, rnnCell, ['Tanh']);

export const lstmGradient: GradientRule = (context) => {
  if (context.node.int('input_forget', 0) !== 0) context.refuse('its input gate is tied to its forget gate');
  return recurrentGradient(context, lstmCell, ['Sigmoid', 'Tanh', 'Tanh']);
};

export const gruGradient: GradientRule = (context) => {
  const resetsLast = context.node.int('linear_before_reset', 0) !== 0;
  return recurrentGradient(context, resetsLast ? gruCellResetLast : gruCell, ['Sigmoid', 'Tanh']);
};

/**
 * Back-propagation through time. The hidden state after each step is an output of the operator, so that the gates of all steps are computed
 * again at once; only the gradient of the hidden state (and for an LSTM the cell state and its gradient) goes from step to step.
 */
function recurrentGradient(context: GradientContext, cell: Cell, defaults: readonly string[]): (Value | undefined)[] {
  const { node, input, needs, shape } = context;
  if (node.int('layout', 0) !== 0) context.refuse('ONNX Runtime has no kernel for its layout 1');
  if (node.attributes.has('clip')) context.refuse('its gates are clipped');
  const activations = activationsOf(context, defaults);
  const [directions] = shape(input(2));
  const timeline = new Timeline(context);
  const passes = Array.from({ length: directions }, (_, direction) => {
    const first = direction * defaults.length;
    return gradientsOfDirection(context, timeline, direction, activations.slice(first, first + defaults.length), cell);
  });
  const f = formula(context);
  const all = (index: number, of: (pass: DirectionGradients) => Value | undefined) =>
    needs(index) ? stacked(f, passes.map(of) as Value[], shape(input(index))) : undefined;
  return [
    needs(0) ? f.add(...passes.map((pass) => pass.x())) : undefined,
    all(1, (pass) => pass.w()),
    all(2, (pass) => pass.r()),
    all(3, (pass) => pass.bias()),
    undefined,
    all(5, (pass) => pass.hidden),
    all(6, (pass) => pass.cell),
    all(7, (pass) => pass.peepholes?.()),
  ];
}

interface DirectionGradients {
  x(): Value;
  w(): Value;
  r(): Value;
  bias(): Value;
  peepholes?(): Value;
  hidden: Value;
  cell?: Value;
}

function gradientsOfDirection(
  context: GradientContext,
  timeline: Timeline,
  direction: number,
  activations: readonly Activation[],
  cell: Cell,
): DirectionGradients {
  const { build, node, has, input, output, grad, hasGrad, shape } = context;
  const f = formula(context);
  const { steps, batch } = timeline;
  const [, , inputs] = shape(input(1));
  const [, sums, hidden] = shape(input(2));
  const backwards = direction === 1 || node.string('direction', 'forward') === 'reverse';
  const own = (value: Value) => partOf(f, value, 0, direction, shape(value));
  const sequence = (value: Value) => timeline.rows(partOf(f, value, 1, direction, shape(value)), hidden, backwards);
  const state = (index: number) => (has(index) ? own(input(index)) : zerosOf(build, input(0), [batch, hidden]));
  const last = (index: number) => (hasGrad(index) ? own(grad(index)) : undefined);

  const x = timeline.rows(input(0), inputs, backwards);
  const w = own(input(1));
  const before = shifted(f, state(5), sequence(output(0)));
  const bias = has(3) ? f.split(own(input(3)), 0, [sums, sums]) : undefined;
  const pass = cell({
    f,
    steps,
    hidden,
    activations,
    x,
    before,
    w,
    r: own(input(2)),
    bias: bias && { w: bias[0], r: bias[1] },
    peepholes: has(7) ? own(input(7)) : undefined,
    cell: state(6),
    arriving: timeline.arriving(hasGrad(0) ? sequence(grad(0)) : undefined, last(1), hidden),
    arrivingAtCell: timeline.arriving(undefined, last(2), hidden),
  });
  return {
    ...pass,
    x: () => timeline.unrolled(f.matmul(pass.ofInput, w), inputs, backwards),
    w: () => f.gemm(pass.ofInput, x, { transA: true }),
    r: pass.r ?? (() => f.gemm(pass.ofHidden, before, { transA: true })),
    bias: () => f.concat(0, f.sum(pass.ofInput, [0], false), f.sum(pass.ofHidden, [0], false)),
  };
}

/** A direction's part of a value, without the axis of directions. */
function partOf(f: Formula, value: Value, axis: number, direction: number, shape: readonly number[]): Value {
  const part = shape[axis] === 1 ? value : sliceAxis(f.build, value, axis, direction, direction + 1);
  return f.reshape(part, shape.toSpliced(axis, 1));
}

/** The directions' gradients of one input along its first axis. */
function stacked(f: Formula, parts: readonly Value[], shape: readonly number[]): Value {
  const whole = parts.map((part) => f.reshape(part, [1, ...shape.slice(1)]));
  return whole.length === 1 ? whole[0] : f.concat(0, ...whole);
}
