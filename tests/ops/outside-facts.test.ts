import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldNormalization } from 'espalier/infrastructure/compiler';
import { Graph, GraphBuilder, Model, Tensor, type Value } from 'espalier/onnx';
import { addOperator, inferShapes, type OpRule, ruleOf } from 'espalier/ops';
import { headOf } from 'espalier/training';
import { findBlocks } from '#dist/compression/pruning/blocks.js';
import { headAxes } from '#dist/compression/pruning/dependencies.js';
import { withBiases } from '#dist/compression/quantization/bias-correction.js';
import { leftInFloat } from '#dist/compression/quantization/left.js';
import { layerSites, normalizationSites } from '#dist/compression/quantization/scales/sites.js';
import { foldedAffine } from '#dist/infrastructure/compiler/fold-affine.js';
import { convolvedNormalization } from '#dist/infrastructure/compiler/normalization-to-convolution.js';
import { channelAxis } from '#dist/training/channels.js';
import { runningStatistics } from '#dist/training/forms.js';

const DOMAIN = 'outside';

/** Writes a graph in which one operator comes from a domain. */
type Write = (build: GraphBuilder, domain: string) => Value;
/** What is found out about it, in words that hold no name of a node. */
type Ask = (model: Model, output: Value) => unknown;

const ones = (...shape: number[]) => Tensor.of('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1));
const image = (build: GraphBuilder) => build.input('x', 'float32', [1, 4, 6, 6]);
const conv = (build: GraphBuilder, x: Value, name: string, domain = '') =>
  build.op('Conv', [x, build.parameter(name, ones(4, 4, 1, 1))], { kernel_shape: [1, 1] }, domain);

const blocks: Ask = ({ graph }) => findBlocks(graph).length;
const axis: Ask = (_, output) => channelAxis([2, 7, 9], output);
const head: Ask = (_, output) => headOf(output).kind;
const sites: Ask = ({ graph }) => layerSites(graph).map(({ channels, readers, shifts }) => [channels, readers.length, shifts.length]);
const normalizations: Ask = ({ graph }) => normalizationSites(graph, false).map(({ channels, readers }) => [channels, readers.length]);
const normalized = (build: GraphBuilder, x: Value, domain: string) =>
  build.op('BatchNormalization', [x, ...['scale', 'shift', 'mean', 'variance'].map((name) => build.parameter(name, ones(4)))], {}, domain);
/** Two convolutions with something between them. */
const between =
  (write: (build: GraphBuilder, x: Value, domain: string) => Value): Write =>
  (build, domain) =>
    conv(build, write(build, conv(build, image(build), 'w1'), domain), 'w2');

const cases: Record<string, { op: string; write: Write; ask: Ask }> = {
  'a sum is what a residual block ends in': {
    op: 'Add',
    write: (build, domain) => {
      const x = conv(build, image(build), 'w1');
      return build.op('Add', [x, conv(build, x, 'w2')], {}, domain);
    },
    ask: blocks,
  },
  'constants that are added are divided on the way': {
    op: 'Add',
    write: between((build, x, domain) => build.op('Add', [x, build.parameter('c', ones(1, 4, 1, 1))], {}, domain)),
    ask: sites,
  },
  'products with constants let factors pass': {
    op: 'Mul',
    write: between((build, x, domain) => build.op('Mul', [x, build.parameter('c', ones(1, 4, 1, 1))], {}, domain)),
    ask: sites,
  },
  'a product with one number a channel is as a normalization': {
    op: 'Mul',
    write: (build, domain) => conv(build, build.op('Mul', [image(build), build.parameter('c', ones(1, 4, 1, 1))], {}, domain), 'w'),
    ask: normalizations,
  },
  'axes that are reordered take factors along': {
    op: 'Transpose',
    write: (build, domain) => {
      const x = build.op('MatMul', [build.input('x', 'float32', [2, 3, 4]), build.parameter('a', ones(4, 5))]);
      const turned = build.op('Transpose', [x], { perm: [0, 2, 1] }, domain);
      return build.op('MatMul', [build.op('Transpose', [turned], { perm: [0, 2, 1] }), build.parameter('b', ones(5, 6))]);
    },
    ask: sites,
  },
  'axes that are reordered take channels along': {
    op: 'Transpose',
    write: (build, domain) => {
      const x = build.op('MatMul', [build.input('x', 'float32', [2, 7, 4]), build.parameter('w', ones(4, 9))]);
      return build.op('Transpose', [build.op('Transpose', [x], { perm: [0, 2, 1] }, domain)], { perm: [0, 2, 1] });
    },
    ask: axis,
  },
  'what is joined has its channels where they were': {
    op: 'Concat',
    write: (build, domain) => {
      const x = build.op('MatMul', [build.input('x', 'float32', [2, 7, 4]), build.parameter('w', ones(4, 5))]);
      return build.op('Concat', [x, x], { axis: 2 }, domain);
    },
    ask: axis,
  },
  'a softmax says where its classes are': {
    op: 'Softmax',
    write: (build, domain) => build.op('Softmax', [build.input('x', 'float32', [2, 7, 9])], { axis: 2 }, domain),
    ask: axis,
  },
  'scores that are reshaped are looked through': {
    op: 'Squeeze',
    write: (build, domain) => {
      const x = build.op('Sigmoid', [build.input('x', 'float32', [2, 5, 1])]);
      return build.op('Squeeze', [x, build.ints([2])], {}, domain);
    },
    ask: head,
  },
  'scores that are handed on are looked through': {
    op: 'Identity',
    write: (build, domain) => build.op('Identity', [build.op('Sigmoid', [build.input('x', 'float32', [2, 5])])], {}, domain),
    ask: head,
  },
  'statistics of a normalization are no weights': {
    op: 'BatchNormalization',
    write: (build, domain) => normalized(build, image(build), domain),
    ask: ({ graph }) => runningStatistics(graph).map(({ name }) => name),
  },
  'a normalization by stored statistics folds into the layer before it': {
    op: 'BatchNormalization',
    write: (build, domain) => normalized(build, conv(build, image(build), 'w'), domain),
    ask: ({ graph }) => [foldNormalization(graph), graph.nodes.map(({ op }) => op)],
  },
  'a normalization by stored statistics becomes a convolution': {
    op: 'BatchNormalization',
    write: (build, domain) => normalized(build, image(build), domain),
    ask: (model) => [convolvedNormalization.run(model, {}), model.graph.nodes.map(({ op, domain }) => [op, domain])],
  },
  'products with constants fold into the layer before them': {
    op: 'Mul',
    write: (build, domain) => build.op('Mul', [conv(build, image(build), 'w'), build.parameter('c', ones(1, 4, 1, 1))], {}, domain),
    ask: (model) => [foldedAffine.run(model, {}), model.graph.nodes.map(({ op }) => op)],
  },
  'divisions by constants fold as products': {
    op: 'Div',
    write: (build, domain) => build.op('Div', [conv(build, image(build), 'w'), build.parameter('c', ones(1, 4, 1, 1))], {}, domain),
    ask: (model) => [foldedAffine.run(model, {}), model.graph.nodes.map(({ op }) => op)],
  },
  'a kernel without a bias gets one that can be corrected': {
    op: 'Conv',
    write: (build, domain) => conv(build, image(build), 'w', domain),
    ask: (model) => withBiases(model).graph.nodes.map(({ inputs }) => inputs.length),
  },
  'a product of two activations has heads': {
    op: 'MatMul',
    write: (build, domain) => {
      const [a, b] = ['a', 'b'].map((name) => build.input(name, 'float32', [2, 3, 4, 4]));
      return build.op('MatMul', [a, b], {}, domain);
    },
    ask: ({ graph }) => headAxes(graph).map((found: { axis: number }) => found.axis),
  },
  'scales of quantization are no weights left in floating point': {
    op: 'DequantizeLinear',
    write: (build, domain) => {
      const scales = build.parameter('scales', ones(64, 64));
      return build.op('DequantizeLinear', [build.input('x', 'int8', [64, 64]), scales], {}, domain);
    },
    ask: ({ graph }) => leftInFloat(graph).length,
  },
};

function answer({ write, ask }: (typeof cases)[string], domain: string): unknown {
  const graph = new Graph('facts');
  const build = new GraphBuilder(graph);
  const output = write(build, domain);
  build.output(output, 'y');
  const model = new Model(graph, 17);
  model.opsets.set(DOMAIN, 17);
  inferShapes(model);
  return ask(model, output);
}

test('an operator from outside with the facts of one of the standard is treated as that, and as unknown before', () => {
  const before = Object.fromEntries(Object.entries(cases).map(([name, each]) => [name, answer(each, DOMAIN)]));
  for (const op of new Set(Object.values(cases).map((each) => each.op))) addOperator(DOMAIN, op, ruleOf({ op, domain: '' }) as OpRule);
  for (const [name, each] of Object.entries(cases)) {
    const expected = answer(each, '');
    assert.notDeepEqual(before[name], expected, `${name}: nothing is assumed of an operator that is not known`);
    assert.deepEqual(answer(each, DOMAIN), expected, name);
  }
});
