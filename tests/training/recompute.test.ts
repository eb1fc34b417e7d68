import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { architecture } from 'espalier/architectures';
import { recompute } from 'espalier/autodiff';
import { OptionError } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { bytesOf, Graph, type GraphBuilder, Model, peakBytes, Tensor, type Value } from 'espalier/onnx';
import { TRAINING_OPSET, typedBuilder } from 'espalier/ops';
import { buildTrainingStep, crossEntropy, SEED_INPUT, TARGETS, type TrainingStep, train } from 'espalier/training';
import { clusters, modelOf, normal, plainTask, smallMlp, weight } from './support.js';

const runtime = createNodeRuntime({ threads: 2 });
after(() => runtime.dispose());

const BATCH = 16;
const CLASSES = 3;
const STEPS = 4;

/** Two layers of attention and GELU on sequences of 12 vectors. */
function encoder(): Model {
  const [length, width, heads] = [12, 32, 4];
  const ones = (build: GraphBuilder, name: string) => build.parameter(name, Tensor.of('float32', [width], new Float32Array(width).fill(1)));
  return modelOf([length, width], (build, input) => {
    const norm = (x: Value, name: string) => build.op('LayerNormalization', [x, ones(build, name)], { axis: -1 });
    const dense = (x: Value, name: string, from: number, to: number) => build.op('MatMul', [x, weight(build, name, [from, to], 0.2)]);
    const split = (x: Value, perm: number[]) =>
      build.op('Transpose', [build.op('Reshape', [x, build.ints([0, length, heads, width / heads])])], { perm });
    let x = input;
    for (const layer of [0, 1]) {
      const normal = norm(x, `norm${layer}`);
      const [q, k, v] = ['q', 'k', 'v'].map((part) => dense(normal, `${part}${layer}`, width, width));
      const scores = build.op('MatMul', [split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])]);
      const read = build.op('MatMul', [build.op('Softmax', [scores], { axis: -1 }), split(v, [0, 2, 1, 3])]);
      const joined = build.op('Reshape', [build.op('Transpose', [read], { perm: [0, 2, 1, 3] }), build.ints([0, length, width])]);
      x = build.op('Add', [x, dense(joined, `out${layer}`, width, width)]);
      const inner = dense(norm(x, `norm${layer}b`), `up${layer}`, width, 4 * width);
      const half = build.op('Mul', [inner, build.scalar(0.5)]);
      const gelu = build.op('Mul', [
        half,
        build.op('Add', [build.op('Erf', [build.op('Mul', [inner, build.scalar(Math.SQRT1_2)])]), build.scalar(1)]),
      ]);
      x = build.op('Add', [x, dense(gelu, `down${layer}`, 4 * width, width)]);
    }
    return dense(build.op('ReduceMean', [x], { axes: [1], keepdims: 0 }), 'head', width, CLASSES);
  });
}

const image = { classes: CLASSES, input: [3, 16, 16] as [number, number, number], seed: 1 };
const NETS: Record<string, () => Model> = {
  'a residual net with batch normalization': () => architecture('resnet-8').build(image),
  'the survey CNN with dropout': () => architecture('survey-cnn').build({ ...image, width: 0.25 }),
  'a transformer encoder': encoder,
};

function stepOf(model: Model, maxMemory?: number): TrainingStep {
  const [input] = model.graph.inputs;
  return buildTrainingStep(model, {
    batchSize: BATCH,
    inputShapes: { [input.name]: [BATCH, ...(input.shape ?? []).slice(1).map(Number)] },
    loss: crossEntropy(model.graph.outputs[0].name),
    optimizer: { kind: 'adam' },
    maxMemory,
  });
}

/** Losses, and everything that a step hands on, after some steps. */
async function trajectory(step: TrainingStep, blocked: boolean) {
  const { resident, state, memory } = step;
  const program = await runtime.compile(step.model, { resident, state, blocked, frugal: memory !== undefined });
  const losses: number[] = [];
  const targets = new Float32Array(BATCH * CLASSES);
  for (let row = 0; row < BATCH; row++) targets[row * CLASSES + (row % CLASSES)] = 1;
  for (let index = 0; index < STEPS; index++) {
    const feeds: Record<string, Tensor> = {
      [TARGETS]: Tensor.of('float32', [BATCH, CLASSES], targets.slice()),
      [SEED_INPUT]: Tensor.scalar('uint32', index),
      'espalier.rate': Tensor.scalar('float32', 0.01),
      'espalier.stepSize': Tensor.scalar('float32', 0.01),
      'espalier.inverseRootCorrection': Tensor.scalar('float32', 1),
    };
    for (const { name, shape } of step.model.graph.feeds)
      if (!(name in feeds) && !(name in resident)) feeds[name] = normal((shape ?? []).map(Number), `batch ${index}`);
    const fed = Object.fromEntries(Object.entries(feeds).filter(([name]) => program.inputs.includes(name)));
    losses.push((await program.run(fed))[step.lossOutput].numbers()[0]);
  }
  const end = await program.state();
  await program.dispose();
  return {
    losses,
    end: Object.fromEntries(Object.entries(end).map(([name, tensor]) => [name, Buffer.from(tensor.bytes()).toString('hex')])),
  };
}

for (const [name, make] of Object.entries(NETS)) {
  test(`${name} is trained to the same bits in less memory`, async () => {
    const model = make();
    const { peakBytesBefore } = stepOf(model, 1e12).memory ?? assert.fail();
    const least = leastOf(model);
    assert.ok(least < peakBytesBefore, `${least} of ${peakBytesBefore}`);
    const budgets = [least, (least + peakBytesBefore) / 2];
    for (const blocked of [false, true]) {
      const whole = await trajectory(stepOf(model), blocked);
      for (const budget of budgets) {
        const step = stepOf(model, budget);
        assert.ok((step.memory?.recomputed ?? 0) > 0);
        assert.deepEqual(await trajectory(step, blocked), whole, `${budget} bytes, ${blocked ? 'blocked' : 'plain'}`);
      }
    }
  });

  test(`${name}: the prediction is the peak of the graph that was written`, () => {
    const model = make();
    const { peakBytesBefore } = stepOf(model, 1e12).memory ?? assert.fail();
    const budget = (leastOf(model) + peakBytesBefore) / 2;
    const { model: written, memory } = stepOf(model, budget);
    const { graph } = written;
    const size = (value: Value) => bytesOf(value) ?? 0;
    const inputs = graph.feeds.reduce((sum, input) => sum + size(input), 0);
    graph.sort();
    assert.equal(inputs + peakBytes(graph, graph.nodes, size), memory?.peakBytes);
    assert.ok((memory?.peakBytes ?? Number.POSITIVE_INFINITY) <= budget);
    const macs = memory as NonNullable<typeof memory>;
    assert.ok(
      macs.addedMacs > 0 && macs.addedMacs < 0.34 * macs.macs,
      `${macs.addedMacs} of ${macs.macs}: at most the forward pass, a third`,
    );
  });
}

/** The smallest budget that the refusal of an impossible one names. */
function leastOf(model: Model): number {
  try {
    stepOf(model, 1);
  } catch (error) {
    assert.ok(error instanceof OptionError);
    return 1e6 * Number(/at least ([\d.]+) MB/.exec(error.message)?.[1]);
  }
  return assert.fail('a byte was enough');
}

test('a budget that all fits into changes nothing', () => {
  const model = smallMlp();
  const [free, kept] = [stepOf(model), stepOf(model, 1e9)];
  assert.deepEqual(
    kept.model.graph.nodes.map((node) => node.label),
    free.model.graph.nodes.map((node) => node.label),
  );
  assert.equal(kept.memory?.recomputed, 0);
  assert.equal(kept.memory?.peakBytes, kept.memory?.peakBytesBefore);
  assert.equal(free.memory, undefined);
});

test('train tells what it came to, and refuses what is no budget', async () => {
  const task = plainTask({ train: clusters({ size: 64 }) });
  const request = { model: smallMlp({ hidden: 64 }), task, runtime };
  const options = { epochs: 1, batchSize: 32 };
  const { memory } = await train({ ...request, options: { ...options, maxMemory: 1e9 } });
  assert.ok(memory && memory.peakBytes > 0 && memory.macs > 0);
  await assert.rejects(train({ ...request, options: { ...options, maxMemory: 0 } }), /"maxMemory".*positive/);
  await assert.rejects(train({ ...request, options: { ...options, maxMemory: 100 } }), OptionError);
});

/** A graph whose first value, of 4 kB, is read again after a passage that needs 32 kB. */
function detour(write: (build: GraphBuilder, x: Value) => Value): Graph {
  const graph = new Graph('detour');
  const model = new Model(graph, TRAINING_OPSET);
  const build = typedBuilder(graph, model.opsets);
  const early = write(build, build.input('x', 'float32', [1000]));
  const joined = build.op('Concat', [early, early, early, early], { axis: 0 });
  const far = build.op('ReduceSum', [build.op('Tanh', [joined])], { keepdims: 0 });
  build.output(build.op('Mul', [early, far]), 'y');
  return graph;
}

test('a cheap value is made again right before it is read, a random one never', () => {
  const opsets = new Map([['', TRAINING_OPSET]]);
  const cheap = detour((build, x) => build.op('Exp', [x]));
  // The input, what is joined and its hyperbolic tangent.
  const found = recompute(cheap, opsets, 36_000);
  assert.deepEqual([found.peakBytesBefore, found.peakBytes, found.recomputed], [40_000, 36_000, 1]);
  assert.deepEqual(
    cheap.nodes.map(({ op }) => op),
    ['Exp', 'Concat', 'Tanh', 'ReduceSum', 'Exp', 'Mul'],
  );
  const random = detour((build, x) => build.op('RandomNormalLike', [x]));
  const refused = recompute(random, opsets, 36_000);
  assert.deepEqual([refused.peakBytes, refused.recomputed, random.nodes.length], [40_000, 0, 5]);
});
