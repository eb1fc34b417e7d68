import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { findDefects, requireSound } from 'espalier/infrastructure/compiler';
import { Graph, type GraphBuilder, Model, Tensor, type Value } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { typedBuilder } from 'espalier/ops';
import { shared, skipWithout } from '../support/paths.js';

function modelOf(write: (build: GraphBuilder, x: Value) => Value): Model {
  const graph = new Graph('defects');
  const build = typedBuilder(graph, new Map([['', 17]]));
  build.output(write(build, build.input('x', 'float32', [1, 4])), 'y');
  const model = new Model(graph, 17);
  model.source = 'model.onnx';
  return model;
}

const dense = (...odd: number[]) =>
  modelOf((build, x) => build.op('Gemm', [x, build.parameter('w', Tensor.from('float32', [4, 1], [...odd, 1, 2, 3, 4].slice(0, 4)))]));

const kinds = (model: Model) => findDefects(model).map(({ kind, severity }) => `${severity}: ${kind}`);

test('weights that are no numbers are found, named and refused', () => {
  const [defect] = findDefects(dense(Number.NaN, Number.NaN));
  assert.deepEqual([defect.severity, defect.kind, defect.what], ['error', 'contents', '2 of 4 elements are not a number (NaN)']);
  assert.match(defect.where, /"w", read by Gemm "gemm"/);
  assert.throws(() => requireSound(dense(Number.NaN)), {
    name: 'GraphError',
    message: /^model\.onnx, "w", read by Gemm "gemm": 1 of 4 elements are not a number.*go back to an earlier checkpoint/,
  });
  assert.deepEqual(kinds(dense(Number.POSITIVE_INFINITY)), ['error: contents']);
  assert.deepEqual(kinds(dense(0, -1)), []);
  requireSound(dense());
});

test('infinity is a legal constant where it is no weight: a mask', () => {
  const masked = modelOf((build, x) =>
    build.op('Add', [x, build.parameter('mask', Tensor.from('float32', [4], [0, 0, Number.NEGATIVE_INFINITY, 0]))]),
  );
  assert.deepEqual(kinds(masked), []);
});

test('half-precision weights, and weights in branches, are looked at too', () => {
  const half = modelOf((build, x) =>
    build.op(
      'Cast',
      [
        build.op('MatMul', [
          build.op('Cast', [x], { to: 10 }),
          build.parameter('w', Tensor.from('float16', [4, 1], [1, Number.NaN, 1, 1])),
        ]),
      ],
      { to: 1 },
    ),
  );
  assert.deepEqual(kinds(half), ['error: contents']);
  const branched = modelOf((build, x) => {
    const branches = [1, Number.NaN].map((value) => {
      const graph = new Graph('branch');
      graph.outer = build.graph;
      const inner = typedBuilder(graph, new Map([['', 17]]));
      inner.output(
        inner.op('Mul', [x, inner.node('Constant', [], { value: Tensor.from('float32', [4], Array(4).fill(value)) })[0]]),
        build.graph.freshName('out'),
      );
      return graph;
    });
    return build.op('If', [build.constant(Tensor.from('bool', [], [1]))], { then_branch: branches[0], else_branch: branches[1] });
  });
  assert.deepEqual(kinds(branched), ['error: contents']);
});

test('scales and variances that cannot be', () => {
  const quantized = (scale: number) =>
    modelOf((build, x) => build.op('DequantizeLinear', [build.op('QuantizeLinear', [x, build.scalar(scale)]), build.scalar(1)]));
  for (const scale of [0, -1, Number.POSITIVE_INFINITY]) assert.deepEqual(kinds(quantized(scale)), ['error: scale'], String(scale));
  assert.deepEqual(kinds(quantized(0.1)), []);
  const normalized = modelOf((build, x) => {
    const statistics = [
      [1, 1, 1, 1],
      [0, 0, 0, 0],
      [-1, 0, 0, 0],
      [1, 0, -0.5, 1],
    ];
    return build.op('BatchNormalization', [x, ...statistics.map((each) => build.parameter('s', Tensor.from('float32', [4], each)))]);
  });
  assert.deepEqual(
    findDefects(normalized).map(({ kind, what }) => [kind, what]),
    [['variance', '1 of 4 elements are negative']],
  );
});

test('unknown operators are a warning, once each; a domain without a version is an error', () => {
  const custom = modelOf((build, x) => build.op('Fancy', [build.op('Fancy', [x], {}, 'org.example')], {}, 'org.example'));
  custom.opsets.set('org.example', 1);
  const [defect, ...others] = findDefects(custom);
  assert.equal(others.length, 0);
  assert.deepEqual([defect.severity, defect.what], ['warning', 'Espalier does not know operator org.example.Fancy']);
  custom.opsets.delete('org.example');
  assert.deepEqual(kinds(custom), ['warning: operator', 'error: opset']);
});

test('an output that is listed twice', () => {
  const model = dense();
  model.graph.outputs.push(model.graph.outputs[0]);
  assert.deepEqual(kinds(model), ['error: output']);
});

test('weights are left alone where that is asked for', () => {
  let read = 0;
  const bytes = new Uint8Array(16);
  const weight = new Tensor('float32', [4, 1], {
    byteLength: 16,
    read: () => {
      read++;
      return bytes;
    },
  });
  const model = modelOf((build, x) => build.op('MatMul', [x, build.parameter('w', weight)]));
  findDefects(model, { weights: false });
  assert.equal(read, 0);
  findDefects(model);
  assert.equal(read, 1);
});

const folder = shared('models');
describe('real models have no defects', { skip: skipWithout(folder, 'A collection of real models') }, () => {
  for (const file of folder ? readdirSync(folder).filter((name) => name.endsWith('.onnx')) : [])
    test(file, () => assert.deepEqual(findDefects(loadModel(join(folder as string, file))), []));
});
