import { type Node, Tensor } from '../../../onnx/index.js';
import { range } from '../layout.js';
import type { WriteContext } from '../writing/context.js';
import { numbersOf } from '../writing/values.js';
import type { TensorFacts } from '../writing/writer.js';
import type { WriteRule } from './entry.js';

/** A scale and a shift for each channel. Where a convolution comes before, folding it into that (`simplify`) leaves nothing to write. */
function writeNormalization(w: WriteContext, node: Node): void {
  const all = [1, 2, 3, 4].map((index) => numbersOf(w.value(index)));
  if (all.some((numbers) => numbers === undefined) || node.outputs[1]) w.refuse('its statistics are not constant');
  const [scale, shift, mean, variance] = all as Float32Array[];
  const epsilon = node.float('epsilon', 1e-5);
  const factor = scale.map((each, i) => each / Math.sqrt(variance[i] + epsilon));
  const rank = w.rank(0);
  const layout = rank >= 3 ? 'other' : 'own';
  const facts = w.facts(layout);
  const constant = (name: string, numbers: Float32Array) =>
    w.writer.constant(`${node.name}_${name}`, Tensor.of('float32', [numbers.length], numbers));
  const scaled = w.writer.operator('MUL', [w.inputReal(0, layout), constant('scale', factor)], part(facts, 'scaled'), {
    name: 'MulOptions',
    values: {},
  });
  const moved = constant(
    'shift',
    shift.map((each, i) => each - mean[i] * factor[i]),
  );
  w.hold(w.writer.operator('ADD', [scaled, moved], facts, { name: 'AddOptions', values: { activation: w.activation } }), layout);
}

/** Each row less its mean, by its deviation, times a scale and plus a shift. */
function writeLayerNormalization(w: WriteContext, node: Node): void {
  const rank = w.rank(0);
  const axis = w.axisIn('own', node.int('axis', -1), rank);
  const facts = w.facts('own');
  const { writer } = w;
  const narrow = <T>(sizes: readonly T[], one: T) => sizes.map((size, at) => (at < axis ? size : one));
  const { signature = facts.shape } = facts;
  const small = (name: string) => w.between(`${facts.name}_${name}`, narrow(facts.shape, 1), narrow(signature, 1));
  const axes = w.list(range(rank).slice(axis), 'axes');
  const mean = (tensor: number, name: string) =>
    writer.operator('MEAN', [tensor, axes], small(name), { name: 'ReducerOptions', values: { keepDims: true } });
  const x = w.inputReal(0);
  const centred = writer.operator('SUB', [x, mean(x, 'mean')], part(facts, 'centred'), { name: 'SubOptions', values: {} });
  const squares = writer.operator('MUL', [centred, centred], part(facts, 'squares'), { name: 'MulOptions', values: {} });
  const epsilon = writer.constant(`${facts.name}_epsilon`, Tensor.scalar('float32', node.float('epsilon', 1e-5)));
  const shifted = writer.operator('ADD', [mean(squares, 'variance'), epsilon], small('shifted'), { name: 'AddOptions', values: {} });
  const inverse = writer.operator('RSQRT', [shifted], small('inverse'));
  const last = w.has(2) ? 'normal' : undefined;
  const normal = writer.operator('MUL', [centred, inverse], part(facts, 'unit'), { name: 'MulOptions', values: {} });
  const scaled = writer.operator('MUL', [normal, w.inputReal(1)], last ? part(facts, last) : facts, { name: 'MulOptions', values: {} });
  w.hold(last ? writer.operator('ADD', [scaled, w.inputReal(2)], facts, { name: 'AddOptions', values: {} }) : scaled, 'own');
}

function writeReciprocal(w: WriteContext): void {
  const layout = w.layoutOf(0);
  const one = w.writer.constant('one', Tensor.scalar('float32', 1));
  w.emit('DIV', [one, w.inputReal(0, layout)], { layout, options: { name: 'DivOptions', values: {} } });
}

/** max(0, min(1, alpha · x + beta)). */
function writeHardSigmoid(w: WriteContext, node: Node): void {
  const layout = w.layoutOf(0);
  const facts = w.facts(layout);
  const scalar = (name: string, number: number) => w.writer.constant(`${facts.name}_${name}`, Tensor.scalar('float32', number));
  const scaled = w.writer.operator('MUL', [w.inputReal(0, layout), scalar('alpha', node.float('alpha', 0.2))], part(facts, 'scaled'), {
    name: 'MulOptions',
    values: {},
  });
  const shifted = w.writer.operator('ADD', [scaled, scalar('beta', node.float('beta', 0.5))], part(facts, 'shifted'), {
    name: 'AddOptions',
    values: { activation: 1 },
  });
  w.hold(w.writer.operator('MINIMUM', [shifted, scalar('one', 1)], facts, { name: 'MaximumMinimumOptions', values: {} }), layout);
}

/** Facts of a tensor like the result, on the way to it. */
function part(facts: TensorFacts, name: string): TensorFacts {
  return { ...facts, name: `${facts.name}_${name}` };
}

/** Nothing, when it does not train. */
function writeDropout(w: WriteContext): void {
  if (w.has(2) && (w.constant(2)?.numbers()[0] ?? 1) !== 0) w.refuse('it drops numbers at random');
  const layout = w.layoutOf(0);
  w.hold(w.input(0, layout), layout);
}

/** log(1 + exp(x)), as max(x, 0) + log(1 + exp(-|x|)), which does not overflow. */
function writeSoftplus(w: WriteContext): void {
  const layout = w.layoutOf(0);
  const facts = w.facts(layout);
  const { writer } = w;
  const x = w.inputReal(0, layout);
  const away = writer.operator('NEG', [writer.operator('ABS', [x], part(facts, 'size'))], part(facts, 'negative'), {
    name: 'NegOptions',
    values: {},
  });
  const one = writer.constant(`${facts.name}_one`, Tensor.scalar('float32', 1));
  const more = writer.operator(
    'ADD',
    [writer.operator('EXP', [away], part(facts, 'power'), { name: 'ExpOptions', values: {} }), one],
    part(facts, 'sum'),
    { name: 'AddOptions', values: {} },
  );
  const terms = [writer.operator('RELU', [x], part(facts, 'positive')), writer.operator('LOG', [more], part(facts, 'log'))];
  w.hold(writer.operator('ADD', terms, facts, { name: 'AddOptions', values: {} }), layout);
}

/** Operators of ONNX that are written as several of TensorFlow Lite. */
export const composed: Readonly<Record<string, WriteRule>> = {
  BatchNormalization: { fuses: true, write: writeNormalization },
  LayerNormalization: { write: writeLayerNormalization },
  Reciprocal: { write: writeReciprocal },
  HardSigmoid: { write: writeHardSigmoid },
  Softplus: { write: writeSoftplus },
  Dropout: { integer: 'same', write: writeDropout },
};
