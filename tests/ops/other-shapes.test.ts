import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeOf } from 'espalier/base';
import {
  type AttributeLike,
  encodeModel,
  floatAttribute,
  Graph,
  type GraphBuilder,
  Model,
  type Node,
  Tensor,
  type Value,
} from 'espalier/onnx';
import { requireRule, typedBuilder } from 'espalier/ops';
import { runModel } from './onnxruntime.js';

/** Operators that ONNX's own cases leave out: what is inferred must be what ONNX Runtime gives. */

const OPSETS = new Map([
  ['', 18],
  ['ai.onnx.ml', 3],
]);

const floats = (...value: number[]) => ({ type: 'floats', value }) as const;
const strings = (...value: string[]) => ({ type: 'strings', value }) as const;

async function agrees(write: (build: GraphBuilder) => readonly Value[]): Promise<void> {
  const build = typedBuilder(new Graph(), OPSETS);
  write(build).forEach((value, index) => {
    build.output(value, `y${index}`);
  });
  const inferred = build.graph.outputs.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  const model = new Model(build.graph);
  model.irVersion = 8;
  for (const [domain, version] of OPSETS) model.opsets.set(domain, version);
  const feeds = build.graph.inputs.map(({ name, shape, dtype }) => {
    const count = sizeOf(shape as number[]);
    const step = dtype === 'int64' ? 1 : 2;
    return [
      name,
      Tensor.from(
        dtype ?? 'float32',
        shape as number[],
        Array.from({ length: count }, (_, i) => (i % 3) / step),
      ),
    ];
  });
  const outputs = await runModel(encodeModel(model), Object.fromEntries(feeds));
  for (const { name, dtype, shape } of inferred) {
    const actual = outputs[name];
    assert.equal(dtype, actual.dtype, name);
    assert.equal(shape?.length, actual.shape.length, `${name} is [${shape}], not [${actual.shape}]`);
    shape?.forEach((dim, axis) => {
      if (typeof dim === 'number') assert.equal(dim, actual.shape[axis], `${name} is [${shape}], not [${actual.shape}]`);
    });
  }
}

const trees = {
  nodes_treeids: [0, 0, 0],
  nodes_nodeids: [0, 1, 2],
  nodes_featureids: [1, 0, 0],
  nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'],
  nodes_values: floats(0.5, 0, 0),
  nodes_truenodeids: [1, 0, 0],
  nodes_falsenodeids: [2, 0, 0],
};

const support = {
  kernel_type: 'RBF',
  kernel_params: floats(0.5, 0, 3),
  support_vectors: floats(1, 2, 3, 4, 5, 6, 7, 8, 9),
};

const classical: Record<string, [op: string, attributes: Record<string, AttributeLike>, outputs?: number]> = {
  Binarizer: ['Binarizer', { threshold: floatAttribute(0.5) }],
  Imputer: ['Imputer', { imputed_value_floats: floats(1), replaced_value_float: floatAttribute(2) }],
  'LinearClassifier of three classes': [
    'LinearClassifier',
    { coefficients: floats(1, 2, 3, 4, 5, 6, 7, 8, 9), intercepts: floats(0, 1, 2), classlabels_ints: [3, 4, 5] },
    2,
  ],
  LinearRegressor: ['LinearRegressor', { coefficients: floats(1, 2, 3, 4, 5, 6), intercepts: floats(0, 1), targets: 2 }],
  Normalizer: ['Normalizer', { norm: 'L2' }],
  Scaler: ['Scaler', { offset: floats(1, 2, 3), scale: floats(1, 2, 3) }],
  'SVMClassifier of three classes, by pairs': [
    'SVMClassifier',
    { ...support, coefficients: floats(1, 2, 3, 4, 5, 6), rho: floats(1, 2, 3), vectors_per_class: [1, 1, 1], classlabels_ints: [0, 1, 2] },
    2,
  ],
  SVMRegressor: ['SVMRegressor', { ...support, coefficients: floats(1, 2, 3), rho: floats(1), n_supports: 3 }],
  TreeEnsembleClassifier: [
    'TreeEnsembleClassifier',
    {
      ...trees,
      class_treeids: [0, 0],
      class_nodeids: [1, 2],
      class_ids: [0, 2],
      class_weights: floats(1, 1),
      classlabels_int64s: [7, 8, 9],
    },
    2,
  ],
  TreeEnsembleRegressor: [
    'TreeEnsembleRegressor',
    { ...trees, target_treeids: [0, 0], target_nodeids: [1, 2], target_ids: [0, 1], target_weights: floats(1, 2), n_targets: 2 },
  ],
};

for (const [name, [op, attributes, outputs = 1]] of Object.entries(classical)) {
  test(name, () => agrees((build) => build.node(op, [build.input('x', 'float32', [4, 3])], attributes, { outputs, domain: 'ai.onnx.ml' })));
}

test('ArrayFeatureExtractor', () =>
  agrees((build) => [build.op('ArrayFeatureExtractor', [build.input('x', 'float32', [4, 3]), build.ints([2, 0])], {}, 'ai.onnx.ml')]));

test('OneHotEncoder', () =>
  agrees((build) => [build.op('OneHotEncoder', [build.input('x', 'int64', [4])], { cats_int64s: [0, 1, 2] }, 'ai.onnx.ml')]));

test('FeatureVectorizer', () =>
  agrees((build) => [
    build.op(
      'FeatureVectorizer',
      [build.input('x', 'float32', [4, 3]), build.input('z', 'float32', [4, 2])],
      { inputdimensions: [3, 2] },
      'ai.onnx.ml',
    ),
  ]));

test('ZipMap gives one map of scores per sample', () => {
  const build = typedBuilder(new Graph(), OPSETS);
  const maps = build.op('ZipMap', [build.input('x', 'float32', [4, 2])], { classlabels_strings: strings('a', 'b') }, 'ai.onnx.ml');
  const scores = { kind: 'tensor', dtype: 'float32', shape: [] };
  assert.deepEqual(maps.type, { kind: 'sequence', element: { kind: 'map', key: 'string', value: scores } });
});

test('sequences that are made, cut, and joined again', () =>
  agrees((build) => {
    const [x, z] = [build.input('x', 'float32', [2, 3]), build.input('z', 'float32', [2, 3])];
    const pair = build.op('SequenceConstruct', [x, z]);
    const longer = build.op('SequenceInsert', [build.op('SequenceErase', [pair, build.constant(Tensor.scalar('int64', 0))]), z]);
    const parts = build.op('SplitToSequence', [x, build.constant(Tensor.scalar('int64', 1))], { axis: 1 });
    const rows = build.op('SplitToSequence', [x], { keepdims: 0 });
    return [
      build.op('ConcatFromSequence', [longer], { axis: 1 }),
      build.op('ConcatFromSequence', [longer], { axis: -1, new_axis: 1 }),
      build.op('SequenceAt', [pair, build.constant(Tensor.scalar('int64', -1))]),
      build.op('SequenceAt', [parts, build.constant(Tensor.scalar('int64', 0))]),
      build.op('SequenceAt', [rows, build.constant(Tensor.scalar('int64', 1))]),
      build.op('SequenceLength', [pair]),
    ];
  }));

test('MaxRoiPool', () =>
  agrees((build) => {
    const rois = build.constant(Tensor.from('float32', [3, 5], [0, 0, 0, 3, 3, 0, 1, 1, 4, 4, 0, 0, 0, 5, 5]));
    return [build.op('MaxRoiPool', [build.input('x', 'float32', [1, 2, 6, 6]), rois], { pooled_shape: [2, 3] })];
  }));

test('pads that an exporter lays out in a matrix are followed', () =>
  agrees((build) => {
    const zeros = build.op('ConstantOfShape', [build.ints([2])], { value: Tensor.from('int64', [1], [0]) });
    const pairs = build.op('Reshape', [build.op('Concat', [build.ints([1, 2]), zeros], { axis: 0 }), build.ints([-1, 2])]);
    const backwards = build.op('Slice', [pairs, build.ints([-1]), build.ints([-(2 ** 31)]), build.ints([0]), build.ints([-1])]);
    const pads = build.op('Reshape', [build.op('Transpose', [backwards], { perm: [1, 0] }), build.ints([-1])]);
    const padded = build.op('Pad', [build.input('x', 'float32', [3, 4]), build.op('Cast', [pads], { to: 7 })]);
    assert.deepEqual(padded.shape, [3, 7]);
    return [padded];
  }));

test('linear models multiply each sample with each coefficient once', () => {
  const build = typedBuilder(new Graph(), OPSETS);
  const [, attributes] = classical.LinearRegressor;
  const node = build.op('LinearRegressor', [build.input('x', 'float32', [4, 3])], attributes, 'ai.onnx.ml').producer as Node;
  assert.equal(requireRule(node).macs({ node, opset: 3, input: () => [4, 3], output: () => [4, 2] }), 24);
});
