import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { architecture } from 'espalier/architectures';
import { OptionError } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { decodeModel, encodeModel, type Tensor } from 'espalier/onnx';
import { buildTrainingStep, crossEntropy, type StepOptions, type TrainOptions, train } from 'espalier/training';
import { fixture } from '../support/paths.js';
import { clusters, differences, modelOf, plainTask, smallMlp, weight } from './support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const conv = decodeModel(readFileSync(fixture('training', 'conv.onnx')));

function step(options: Partial<StepOptions>, model = conv, sample = [2, 6, 6]) {
  const inputShapes = { [model.graph.feeds[0].name]: [4, ...sample] };
  const loss = crossEntropy(model.graph.outputs[0].name);
  return buildTrainingStep(model, { batchSize: 4, inputShapes, loss, optimizer: { kind: 'adamw' }, weightDecay: 0.1, ...options });
}

function run(options: TrainOptions, model = smallMlp({ norm: true })) {
  const task = plainTask({ train: clusters({ size: 96 }) });
  return train({ model, task, runtime, options: { epochs: 1, batchSize: 32, learningRate: 0.01, ...options } });
}

test('options that ask for nothing change not a byte of the step', () => {
  const usual = encodeModel(step({}).model);
  const neutral: Partial<StepOptions> = {
    accumulate: 1,
    freezeDepth: 0,
    rateFactors: [{ match: '*', factor: 1 }],
    freeze: [],
    samRadius: undefined,
  };
  assert.deepEqual(encodeModel(step(neutral).model), usual);
});

test('the first share of the layers is frozen as if it was named, statistics included', () => {
  const layers = [['first.*', 'norm1.*'], ['second.*', 'norm2.*'], ['dense.*']];
  for (const [share, count] of [
    [0.3, 0],
    [0.34, 1],
    [0.6, 1],
    [2 / 3, 2],
    [1, 2],
  ]) {
    const named = layers.slice(0, count).flat();
    const { parameters } = step({ freezeDepth: share });
    assert.deepEqual(parameters, step({ freeze: named }).parameters, `${share}`);
  }
  // With every normalization in the frozen part, the nodes are the same. A dropout by nothing, which is there, is taken out elsewhere.
  const operators = (options: Partial<StepOptions>) => step(options).model.graph.nodes.flatMap(({ op }) => (op === 'Dropout' ? [] : [op]));
  const byName = operators({ freeze: layers.slice(0, 2).flat(), freezeStatistics: true });
  assert.deepEqual(operators({ freezeDepth: 1 }).sort(), byName.sort());
});

test('the frozen part has no backward pass', () => {
  const model = architecture('resnet-8').build({ input: [3, 16, 16], classes: 10, seed: 1 });
  const sizes = [0, 0.25, 0.5, 0.75, 1].map((freezeDepth) => {
    const { model: written, parameters } = step({ freezeDepth }, model, [3, 16, 16]);
    return { nodes: written.graph.nodes.length, parameters: parameters.length };
  });
  for (const [index, { nodes, parameters }] of sizes.entries()) {
    if (index === 0) continue;
    assert.ok(nodes < sizes[index - 1].nodes && parameters < sizes[index - 1].parameters, JSON.stringify(sizes));
  }
  // Nothing but the model's own convolutions is left, and the head's own gradient.
  const { model: last, parameters } = step({ freezeDepth: 1 }, model, [3, 16, 16]);
  const convolutions = (nodes: typeof last.graph.nodes) => nodes.filter(({ op }) => op.startsWith('Conv')).length;
  assert.equal(convolutions(last.graph.nodes), convolutions(model.graph.nodes));
  assert.equal(parameters.length, 2);
});

test('layers count where they meet the data, wherever their weights are prepared', () => {
  const model = modelOf([6], (build, x) => {
    // The last layer's weight is transposed before anything else happens.
    const late = build.op('Transpose', [weight(build, 'late', [3, 8])], { perm: [1, 0] });
    const h = build.op('Tanh', [build.op('MatMul', [x, weight(build, 'early', [6, 8])])]);
    return build.op('MatMul', [build.op('Add', [h, weight(build, 'bias', [8])]), late]);
  });
  assert.deepEqual(step({ freezeDepth: 0.5 }, model, [6]).parameters, ['late']);
});

test('what is frozen stays to the bit: weights, statistics, and what dropout passes on', async () => {
  const model = smallMlp({ norm: true });
  const { model: trained } = await run({ freezeDepth: 0.5 }, model);
  assert.deepEqual(differences(trained, model).sort(), ['second.bias', 'second.weight']);
  assert.ok(!step({ freezeDepth: 1 }, smallMlp({ dropout: 0.5 }), [6]).model.graph.nodes.some(({ op }) => op === 'Range'));
  assert.ok(step({}, smallMlp({ dropout: 0.5 }), [6]).model.graph.nodes.some(({ op }) => op === 'Range'));
  // Frozen by name alone, statistics go on.
  const named = await run({ freeze: ['first.*', 'norm.s*'] }, model);
  assert.ok(differences(named.model, model).includes('norm.mean'));
});

test('factors of the learning rate are one constant per vector that has some; their effect is in the trajectories', () => {
  const vectors = (rateFactors: StepOptions['rateFactors']) => {
    const { model } = step({ rateFactors }, smallMlp(), [6]);
    const isFactor = (tensor: Tensor | undefined) => tensor?.dtype === 'float32' && tensor.numbers().includes(0.25);
    return [...model.graph.initializers]
      .filter(({ initializer }) => isFactor(initializer))
      .map(({ initializer }) => [...initializer!.shape]);
  };
  assert.deepEqual(vectors([]), []);
  assert.deepEqual(vectors([{ match: 'first.weight', factor: 0.25 }]), [[72 + 36]]);
  assert.deepEqual(vectors([{ match: 'first.*', factor: 0.25 }]).sort(), [[72 + 36], [12 + 3]].sort());
  // The first that fits counts.
  const some = [
    { match: '*.bias', factor: 1 },
    { match: '*', factor: 0.25 },
  ];
  assert.deepEqual(vectors(some), [[72 + 36]]);
});

test('values that cannot be used are refused by name', async () => {
  const wrong: [TrainOptions, RegExp][] = [
    [{ freezeDepth: -0.1 }, /"freezeDepth".*in \[0, 1\].*got -0\.1/s],
    [{ freezeDepth: 1.1 }, /"freezeDepth"/],
    [{ rateFactors: [{ match: 'first.*', factor: 0 }] }, /"rateFactors".*positive/s],
    [{ rateFactors: [{ match: 'frist.*', factor: 2 }] }, /"rateFactors".*frist.*first\.weight/s],
  ];
  for (const [options, message] of wrong)
    await assert.rejects(run(options), (error) => error instanceof OptionError && message.test(error.message), JSON.stringify(options));
});
