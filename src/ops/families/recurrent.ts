import { type Dim, tensorType } from '../../onnx/index.js';
import { gruGradient, lstmGradient, rnnGradient } from '../gradients/recurrent.js';
import type { CostContext, CouplingRule, Family, GradientRule, InferContext, InferRule, OpRule } from '../rule.js';
import { places } from '../shared/convolution.js';
import type { ProductRule } from '../shared/products.js';
import { withTraits } from '../with-traits.js';

/** [sequence, batch, …]: which axes of X hold them. Opset 14 can have the batch first. */
function axesOf(node: InferContext['node']): { time: number; batch: number } {
  return node.int('layout', 0) === 1 ? { time: 1, batch: 0 } : { time: 0, batch: 1 };
}

/** Y, the last hidden state, and for an LSTM the last cell state. W is [directions, gates * H, I], R [directions, gates * H, H]. */
const inferRecurrent: InferRule = (context) => {
  const { node } = context;
  const dtype = context.dtype(0);
  const x = context.shape(0);
  const hidden: Dim | undefined = context.shape(2)?.[2] ?? node.int('hidden_size', undefined);
  if (!x || hidden === undefined) return [0, 1, 2].map(() => ({ type: tensorType(dtype) }));
  if (x.length !== 3) context.fail('The data has a wrong rank', '3: [sequence, batch, inputs]', String(x.length));
  const directions = node.string('direction', 'forward') === 'bidirectional' ? 2 : 1;
  const { time, batch } = axesOf(node);
  const batchFirst = batch === 0;
  const sequence = batchFirst ? [x[batch], x[time], directions, hidden] : [x[time], directions, x[batch], hidden];
  const state = tensorType(dtype, batchFirst ? [x[batch], directions, hidden] : [directions, x[batch], hidden]);
  return [{ type: tensorType(dtype, sequence) }, { type: state }, { type: state }];
};

/** At each step and for each direction, the inputs meet W and the hidden state meets R. */
function recurrentMacs(context: CostContext): number {
  const { time, batch } = axesOf(context.node);
  const x = context.input(0);
  const [directions, gatesTimesHidden, inputs] = context.input(1);
  const hidden = context.input(2)[2];
  return x[time] * x[batch] * directions * gatesTimesHidden * (inputs + hidden);
}

/** One product a step and direction: inputs and state before it meet W and R. */
const recurrentProduct: ProductRule = ({ node, input }) => {
  const { time, batch } = axesOf(node);
  const x = input(0);
  const [directions, columns, inputs] = input(1);
  const depth = inputs + input(2)[2];
  return { count: x[time] * directions, rows: x[batch], depth, columns, inputs: x[batch] * depth, window: 1, reach: depth };
};

/** A hidden unit is one row of each gate of W and R, one column of R, and one element of the states. Inputs are columns of W. */
function couplesGates(gates: number): CouplingRule {
  return (context) => {
    const { node } = context;
    const recurrence = context.input(2);
    const hidden = context.shape(recurrence)[2];
    const unit = { value: recurrence, axis: 2 };
    const inGates = (count: number) => (k: number) => places(k, hidden, count);
    context.tie({ value: context.input(0), axis: 2 }, { value: context.input(1), axis: 2 });
    context.tie(unit, { value: context.input(1), axis: 1 }, inGates(gates));
    context.tie(unit, { value: recurrence, axis: 1 }, inGates(gates));
    if (context.has(3)) context.tie(unit, { value: context.input(3), axis: 1 }, inGates(2 * gates));
    for (const index of [5, 6]) if (context.has(index)) context.tie(unit, { value: context.input(index), axis: 2 });
    if (context.has(7)) context.tie(unit, { value: context.input(7), axis: 1 }, inGates(3));
    node.outputs.forEach((output, index) => {
      if (output) context.tie(unit, { value: output, axis: index === 0 ? 3 : 2 });
    });
    const { batch } = axesOf(node);
    if (node.outputs[0]) context.tie({ value: context.input(0), axis: batch }, { value: node.outputs[0], axis: batch === 0 ? 0 : 2 });
    context.afterwards((size) => node.attributes.set('hidden_size', { type: 'int', value: size(recurrence)[2] }));
  };
}

function recurrentRule(gates: number, gradient: GradientRule): OpRule {
  return {
    infer: inferRecurrent,
    macs: recurrentMacs,
    gradient,
    coupling: couplesGates(gates),
    quantization: { kind: 'float' },
    // Whether the whole sequence is wanted has been said by using its output since opset 7.
    upgrades: { 7: ({ node }) => void node.attributes.delete('output_sequence') },
  };
}

/** They multiply what comes in and the state before. */
const WEIGHTS = { inputs: [1, 2], axis: 1 };

const rules = {
  GRU: recurrentRule(3, gruGradient),
  LSTM: recurrentRule(4, lstmGradient),
  RNN: recurrentRule(1, rnnGradient),
} satisfies Family;

export const recurrent = withTraits(rules, {
  GRU: { stored: WEIGHTS, vectors: [3], product: recurrentProduct },
  LSTM: { stored: WEIGHTS, vectors: [3, 7], product: recurrentProduct },
  RNN: { stored: WEIGHTS, vectors: [3], product: recurrentProduct },
});
