import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphError, OptionError } from 'espalier/base';
import { estimateOn, footprint, horowitz45nm, parseHardware, rooflineDevices, rooflineModel } from 'espalier/infrastructure/hardware';
import { encodeModel, Graph, GraphBuilder, Model, SymbolicDim, Tensor, tensorType } from 'espalier/onnx';
import { convolutionModel, quantizedConvolution } from './models.js';

test('parameters, bytes and multiply-accumulates agree with a count by hand', () => {
  const model = convolutionModel();
  const cost = footprint(model);
  // Conv 4×3×3×3 + 4, Gemm 2×4 + 2; the Reshape's int64 target is no parameter.
  assert.equal(cost.parameters, 108 + 4 + 8 + 2);
  assert.deepEqual(cost.constants, { float32: { count: 122, bytes: 488 }, int64: { count: 2, bytes: 16 } });
  assert.equal(cost.weightBytes, 504);
  assert.equal(cost.macs, 4 * 8 * 8 * 3 * 3 * 3 + 2 * 4);
  assert.equal(cost.bytes, encodeModel(model).byteLength);
  assert.deepEqual(cost.bindings, { N: 1 });
  assert.deepEqual(cost.gaps, []);
  const [conv] = cost.layers;
  assert.deepEqual(
    [conv.op, conv.inputs, conv.outputs, conv.parameters, conv.weightBytes, conv.macs, conv.activationBytes, conv.traffic, conv.dtype],
    ['Conv', [[1, 3, 8, 8], [4, 3, 3, 3], [4]], [[1, 4, 8, 8]], 112, 448, 6912, 1024, 1024 + 768, 'float32'],
  );
  const traffic = 768 + 1024 + (1024 + 1024) + (1024 + 16) + (16 + 16) + (16 + 8);
  assert.ok(Math.abs(cost.intensity - (2 * cost.macs) / (504 + traffic)) < 1e-12);
});

test('costs of activations grow with the batch, weights do not', () => {
  const [one, eight] = [1, 8].map((batch) => footprint(convolutionModel(), { batch }));
  assert.equal(eight.macs, 8 * one.macs);
  assert.equal(eight.memory.total, 8 * one.memory.total);
  assert.equal(eight.weightBytes, one.weightBytes);
  assert.equal(footprint(convolutionModel(), { bindings: { N: 3 } }).macs, 3 * one.macs);
  assert.equal(footprint(convolutionModel(), { inputShapes: { x: [2, 3, 8, 8] } }).macs, 2 * one.macs);
  assert.throws(() => footprint(convolutionModel(), { batch: 0 }), OptionError);
});

test('counting leaves the model as it was', () => {
  const model = convolutionModel();
  const before = encodeModel(model, { valueInfo: 'all' });
  footprint(model, { batch: 4 });
  assert.deepEqual(encodeModel(model, { valueInfo: 'all' }), before);
});

test('peak memory follows liveness: a chain keeps two, a residual branch keeps three', () => {
  const chain = vector((build, x) => build.op('Neg', [build.op('Exp', [build.op('Relu', [x])])]));
  // x and relu, relu and exp (both inner), exp and output.
  assert.deepEqual(footprint(chain).memory, { inputs: 400, outputs: 400, activations: 800, total: 800, at: 'Relu "relu"' });
  const residual = vector((build, x) => {
    const a = build.op('Relu', [x]);
    return build.op('Neg', [build.op('Add', [a, build.op('Exp', [a])])]);
  });
  assert.deepEqual(footprint(residual).memory, { inputs: 400, outputs: 400, activations: 1200, total: 1200, at: 'Add "add"' });
  const long = vector((build, x) => build.op('Add', [build.op('Exp', [build.op('Relu', [x])]), x]));
  // The input lives until the Add reads it.
  assert.deepEqual(footprint(long).memory, { inputs: 400, outputs: 400, activations: 800, total: 1200, at: 'Exp "exp"' });
});

test('of two branches the costlier counts, in memory and in multiplications; the other is listed', () => {
  const graph = new Graph('choice');
  const build = new GraphBuilder(graph);
  const condition = build.input('condition', 'bool', []);
  const x = build.input('x', 'float32', [10, 10]);
  const branch = (name: string, write: (inner: GraphBuilder) => ReturnType<GraphBuilder['op']>) => {
    const inner = new GraphBuilder(new Graph(name));
    inner.output(write(inner), `${name}_out`).type = tensorType('float32', [10, 10]);
    return inner.graph;
  };
  const cheap = branch('cheap', (inner) => inner.op('Relu', [x]));
  const dear = branch('dear', (inner) => inner.op('MatMul', [inner.op('Relu', [inner.op('Exp', [x])]), x]));
  build.output(build.op('If', [condition], { then_branch: cheap, else_branch: dear }), 'y').type = tensorType('float32', [10, 10]);
  const cost = footprint(new Model(graph, 21));
  assert.equal(cost.macs, 1000);
  assert.deepEqual(
    cost.layers.map(({ op, alternative }) => [op, alternative ?? false]),
    [
      ['If', false],
      ['Exp', false],
      ['Relu', false],
      ['MatMul', false],
      ['Relu', true],
    ],
  );
  // condition, x and y; within the branch exp and relu, or relu and its output.
  assert.deepEqual([cost.memory.total, cost.memory.activations], [1 + 400 + 400 + 800, 800]);
});

test('weights behind DequantizeLinear count as they are stored, for the layer that uses them', () => {
  const cost = footprint(quantizedConvolution());
  const conv = cost.layers.find(({ op }) => op === 'Conv');
  assert.deepEqual([conv?.parameters, conv?.weightBytes, conv?.dtype, conv?.arithmetic], [108 + 2, 108 + 4 + 1, 'int8', 'int8']);
  assert.ok(cost.layers.every(({ node }) => node !== 'weight_dequantized'));
  assert.equal(cost.energy.arithmetic, (6912 * horowitz45nm.perMac.int8) / 1e6);
});

test('what is not known is listed, not guessed', () => {
  const graph = new Graph('gaps');
  const build = new GraphBuilder(graph);
  const x = build.input(
    'x',
    'float32',
    ['N', 'length', 4].map((dim) => (typeof dim === 'number' ? dim : SymbolicDim.named(dim))),
  );
  const strange = build.node('Mystery', [x], {}, { domain: 'my.own', name: 'odd' })[0];
  strange.type = tensorType('float32', [1, 4]);
  build.output(
    build.node('MatMul', [x, build.parameter('w', Tensor.from('float32', [4, 4], new Float32Array(16)))], {}, { name: 'mm' })[0],
    'y',
  );
  build.output(strange, 'z');
  const model = new Model(graph, 21);
  const cost = footprint(model);
  assert.deepEqual(cost.bindings, { N: 1 });
  assert.ok(cost.gaps.some(({ node, reason }) => node === 'my.own.Mystery "odd"' && /no rule/.test(reason)));
  assert.ok(cost.gaps.some(({ node, reason }) => node === 'MatMul "mm"' && /not known before it runs/.test(reason)));
  assert.equal(cost.layers.find(({ op }) => op === 'Mystery')?.macs, undefined);
  const bound = footprint(model, { bindings: { length: 5 } });
  assert.equal(bound.macs, 5 * 4 * 4);
  assert.ok(bound.gaps.every(({ node }) => node === 'my.own.Mystery "odd"'));
  const wrong = vector((inner, value) =>
    inner.op('MatMul', [value, inner.parameter('w', Tensor.from('float32', [7, 7], new Float32Array(49)))]),
  );
  assert.throws(() => footprint(wrong), GraphError);
});

test('energy is the table times the counts', () => {
  const cost = footprint(convolutionModel());
  const { energy } = cost;
  assert.equal(energy.estimate, true);
  assert.ok(Math.abs(energy.arithmetic - (cost.macs * 4.6) / 1e6) < 1e-12);
  assert.ok(Math.abs(energy.weights - (504 * 162.5) / 1e6) < 1e-12);
  assert.ok(Math.abs(energy.total - energy.arithmetic - energy.weights - energy.activations) < 1e-12);
  const spilled = footprint(convolutionModel(), { sramBytes: 1 }).energy;
  assert.ok(Math.abs(spilled.activations / energy.activations - 162.5 / 12.5) < 1e-9);
});

test('a roofline estimate takes the slower of arithmetic and memory for each layer', () => {
  const cost = footprint(convolutionModel());
  const device = { ...rooflineDevices[0], macsPerSecond: { float32: 1e6 }, memoryBytesPerSecond: 1e6, startSeconds: 0.001, watts: 2 };
  const { layer } = rooflineModel(device);
  const [conv, relu] = cost.layers.map((each) => layer(each));
  // Conv: 6912 multiplications against 1792 + 448 bytes, at a million a second, plus a millisecond.
  assert.equal(conv.bound, 'compute');
  assert.ok(Math.abs(conv.seconds - (6.912 + 1) / 1000) < 1e-12 && conv.joules === 2 * conv.seconds);
  assert.equal(relu.bound, 'memory');
  assert.ok(Math.abs(relu.seconds - (2.048 + 1) / 1000) < 1e-12);
  assert.equal(rooflineModel({ ...device, startSeconds: 1 }).layer(cost.layers[0]).bound, 'start-up');
  const slowWeights = rooflineModel({ ...device, weightBytesPerSecond: 1e3 }).layer(cost.layers[0]);
  assert.equal(slowWeights.bound, 'memory');
  assert.ok(slowWeights.seconds > 0.4);
});

test('a device says what does not fit', () => {
  const cost = footprint(convolutionModel(), { batch: 400 });
  const device = { ...rooflineDevices[0], memoryBytes: 512 * 1024, storageBytes: 2 ** 21, weightsInStorage: true };
  const estimate = estimateOn(cost, rooflineModel(device));
  assert.deepEqual(estimate.memory, { fits: false, needed: 400 * 2048, available: 512 * 1024 });
  assert.equal(estimate.storage?.fits, true);
  assert.equal(estimateOn(cost, rooflineModel({ ...device, weightsInStorage: false })).memory?.needed, 400 * 2048 + 504);
});

test('devices are plain JSON and are checked', () => {
  for (const profile of rooflineDevices) assert.equal(parseHardware(JSON.parse(JSON.stringify(profile)), 'file').name, profile.name);
  assert.throws(
    () => parseHardware({ ...rooflineDevices[0], memoryBytes: -1 }, 'file'),
    (e) => e instanceof OptionError && /memoryBytes/.test(e.message),
  );
  assert.throws(() => parseHardware({ ...rooflineDevices[0], speed: 3 }, 'file'), OptionError);
  assert.throws(() => parseHardware('phone', 'file'), OptionError);
});

function vector(write: (build: GraphBuilder, x: ReturnType<GraphBuilder['input']>) => ReturnType<GraphBuilder['op']>): Model {
  const graph = new Graph('vector');
  const build = new GraphBuilder(graph);
  build.output(write(build, build.input('x', 'float32', [100])), 'y').type = tensorType('float32');
  return new Model(graph, 21);
}
