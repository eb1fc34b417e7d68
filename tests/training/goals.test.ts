import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Random } from 'espalier/base';
import { prune } from 'espalier/compression/pruning';
import { quantize, quantizeAwareTrain } from 'espalier/compression/quantization';
import { arrayDataset, classTargets, type DataSource } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { distill } from 'espalier/learning/distillation';
import { createTask } from 'espalier/modalities';
import { copyModel, Graph, type GraphBuilder, Model, SymbolicDim, Tensor, type Value } from 'espalier/onnx';
import { inferShapes, typedBuilder } from 'espalier/ops';
import { checkOptions } from 'espalier/technique';
import { buildLossGradients, evaluate, exposed, feedsOf, inputShapes, type LossBuilder, type Task, train } from 'espalier/training';

const runtime = createNodeRuntime();
after(() => runtime.dispose());

const WIDTH = 8;

/** Layers of the given widths, Relu between them, from WIDTH inputs. */
function network(widths: readonly number[], end: (build: GraphBuilder, value: Value) => Value, seed = 'weights'): Model {
  const graph = new Graph('network');
  const model = new Model(graph, 17);
  const build = typedBuilder(graph, model.opsets);
  let value = build.input('x', 'float32', [SymbolicDim.named('N'), WIDTH]);
  let from = WIDTH;
  widths.forEach((width, layer) => {
    const random = new Random(`${seed} ${layer}`);
    const weights = Float32Array.from({ length: from * width }, () => random.normal() * Math.sqrt(1.5 / from));
    const bias = Float32Array.from({ length: width }, () => random.normal() / 8);
    value = build.op('Gemm', [
      value,
      build.parameter(`weight${layer}`, Tensor.of('float32', [from, width], weights)),
      build.parameter(`bias${layer}`, Tensor.of('float32', [width], bias)),
    ]);
    if (layer < widths.length - 1) value = build.op('Relu', [value]);
    from = width;
  });
  build.output(end(build, value), 'output');
  inferShapes(model);
  return model;
}

const asIs = (_: GraphBuilder, value: Value) => value;
const unit = (build: GraphBuilder, value: Value) => build.op('Div', [value, build.op('ReduceL2', [value], { axes: [1], keepdims: 1 })]);

/** Points around centres; each class has one. */
function clusters(classes: number, count = 400): DataSource {
  const random = new Random('clusters');
  const centres = Array.from({ length: classes }, () => Array.from({ length: WIDTH }, () => 2 * random.normal()));
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const data = Float32Array.from(
    { length: count * WIDTH },
    (_, i) => centres[labels[Math.floor(i / WIDTH)]][i % WIDTH] + random.normal() * 0.7,
  );
  return source('clusters', data, labels);
}

/** Normal samples lie in a plane of two dimensions, one in five lies off it. */
function planes(count = 600): DataSource {
  const random = new Random('planes');
  const basis = Array.from({ length: 2 }, () => Array.from({ length: WIDTH }, () => random.normal()));
  const labels = Int32Array.from({ length: count }, (_, i) => Number(i % 5 === 0));
  const data = new Float32Array(count * WIDTH);
  for (let row = 0; row < count; row++) {
    const [a, b] = [random.normal(), random.normal()];
    for (let i = 0; i < WIDTH; i++) data[row * WIDTH + i] = a * basis[0][i] + b * basis[1][i] + labels[row] * 0.6 * random.normal();
  }
  return source('planes', data, labels, ['good', 'broken']);
}

function source(name: string, data: Float32Array, labels: Int32Array, classes?: readonly string[]): DataSource {
  const inputs = { x: { type: 'float32' as const, shape: [labels.length, WIDTH], data } };
  return {
    name,
    format: 'test',
    train: arrayDataset({ name, inputs, targets: classTargets(labels, classes) }),
    close: async () => undefined,
  };
}

async function taskOf(model: Model, data: DataSource, options = {}): Promise<Task> {
  return (await createTask(model, data, runtime, { preprocess: { layout: 'as-is' }, ...options })).task;
}

/** Compares a loss's gradients with central differences, weight by weight. */
async function checkGradients(model: Model, task: Task, loss: LossBuilder): Promise<void> {
  const batch = await task.splits.train.read(Int32Array.from({ length: 10 }, (_, i) => i));
  const feeds = () => ({ ...feedsOf(task.feeds, batch), ...task.targets(batch) });
  const shapes = await inputShapes(task, batch.size);
  const run = async (candidate: Model, wanted?: string) => {
    const step = buildLossGradients(exposed(candidate, task, 'losses'), { batchSize: batch.size, inputShapes: shapes, loss });
    const program = await runtime.compile(step.model, { threads: 1 });
    const name = wanted === undefined ? step.lossOutput : (step.gradients.get(wanted) as string);
    const given = Object.fromEntries(Object.entries(feeds()).filter(([input]) => program.inputs.includes(input)));
    const found = await program.run(given, [name]);
    await program.dispose();
    return found[name].numbers();
  };
  const gradient = await run(model, 'weight0');
  for (const index of [0, 5, 11]) {
    const moved = async (step: number) => {
      const copy = copyModel(model);
      for (const value of copy.graph.initializers)
        if (value.name === 'weight0' && value.initializer)
          value.initializer = Tensor.of(
            'float32',
            value.initializer.shape,
            value.initializer.toFloat32().map((weight, i) => weight + (i === index ? step : 0)),
          );
      return (await run(copy))[0];
    };
    const numeric = ((await moved(0.005)) - (await moved(-0.005))) / 0.01;
    assert.ok(Math.abs(numeric - gradient[index]) < 0.01 + 0.02 * Math.abs(numeric), `${index}: ${numeric}, not ${gradient[index]}`);
  }
}

describe('embeddings', () => {
  const teacher = network([16, 6], unit);
  const student = network([16, 6], unit, 'student');

  it('are recognized by their length of 1, others asked for by name', async () => {
    assert.equal((await taskOf(teacher, clusters(4))).kind, 'embedding');
    const plain = network([16, 6], asIs);
    await assert.rejects(taskOf(plain, clusters(4)), /--task embedding/);
    assert.equal((await taskOf(plain, clusters(4), { task: 'embedding' })).kind, 'embedding');
  });

  it('are judged by retrieval and by the cosine to the original', async () => {
    const task = await taskOf(teacher, clusters(4));
    const [own, other] = [await evaluate(teacher, task, runtime), await evaluate(student, task, runtime)];
    assert.equal(own.metric, 'recallAt');
    assert.ok(own.value > 0.9, `${own.value}`);
    assert.ok(Math.abs(own.details.cosine - 1) < 1e-6 && other.details.cosine < 0.5, `${own.details.cosine} ${other.details.cosine}`);
  });

  for (const loss of ['cosine', 'mse'] as const)
    it(`gradients of the loss "${loss}" are those of finite differences`, async () => {
      const task = await taskOf(teacher, clusters(4));
      await checkGradients(student, task, task.loss({ loss }));
    });

  it('a student learns the teacher', async () => {
    const task = await taskOf(teacher, clusters(4), { metric: 'cosine' });
    const result = await distill.apply(
      { model: student, original: teacher, task, runtime, seed: 1 },
      checkOptions(distill, { epochs: 40, batchSize: 16, learningRate: 0.01 }),
    );
    const quality = await evaluate(result.model, task, runtime);
    assert.ok(quality.value > 0.98, `${quality.value}`);
  });

  it('quantize and prune keep them', async () => {
    const task = await taskOf(teacher, clusters(4), { metric: 'cosine' });
    const common = { model: teacher, original: teacher, task, runtime, seed: 1 };
    const quantized = await quantize.apply(common, checkOptions(quantize, {} as never));
    assert.ok((await evaluate(quantized.model, task, runtime)).value > 0.98);
    const pruned = await prune.apply(common, checkOptions(prune, { keep: 0.7, target: 'macs', epochs: 30 } as never));
    assert.ok((await evaluate(pruned.model, task, runtime)).value > 0.9);
  });
});

describe('anomalies', () => {
  const fresh = network([2, WIDTH], asIs);

  it('are recognized where the model gives back what it is given', async () => {
    const task = await taskOf(fresh, planes());
    assert.equal(task.kind, 'anomaly');
    assert.match(task.title, /"good" being normal/);
  });

  for (const loss of ['mse', 'mae'] as const)
    it(`gradients of the loss "${loss}" are those of finite differences`, async () => {
      const task = await taskOf(fresh, planes());
      await checkGradients(fresh, task, task.loss({ loss }));
    });

  it('a reconstruction that learns normal samples alone finds the others, and goes on to do so when it is smaller', async () => {
    const task = await taskOf(network([12, 4, 12, WIDTH], asIs), planes());
    const start = network([12, 4, 12, WIDTH], asIs);
    const before = await evaluate(start, task, runtime, { split: 'test' });
    const { model } = await train({ model: start, task, runtime, options: { epochs: 150, batchSize: 32, learningRate: 0.01, seed: 1 } });
    const quality = await evaluate(model, task, runtime, { split: 'test' });
    assert.equal(quality.metric, 'auc');
    assert.ok(quality.value > 0.95 && quality.value > before.value, `${before.value} -> ${quality.value}`);
    assert.deepEqual(Object.keys(quality.details).sort(), ['auc', 'averagePrecision', 'bestF1']);
    const hits = (quality.confusion as number[][]).reduce((sum, row, i) => sum + row[i], 0);
    assert.ok(hits / quality.samples > 0.9, 'the confusion is at the best threshold');
    const common = { model, original: model, task, runtime, seed: 1 };
    const quantized = await quantize.apply(common, checkOptions(quantize, { sensitivity: true } as never));
    assert.ok((await evaluate(quantized.model, task, runtime, { split: 'test' })).value > 0.93);
    const aware = await quantizeAwareTrain.apply(common, checkOptions(quantizeAwareTrain, { epochs: 2, batchSize: 32 } as never));
    assert.ok((await evaluate(aware.model, task, runtime, { split: 'test' })).value > 0.93);
    const pruned = await prune.apply(common, checkOptions(prune, { keep: 0.8, target: 'macs', epochs: 20 } as never));
    assert.ok((await evaluate(pruned.model, task, runtime, { split: 'test' })).value > 0.85);
  });

  it('two classes with one score are a classification, by AUC where that is asked for', async () => {
    const model = network([8, 1], asIs);
    const task = await taskOf(model, planes(), { metric: 'auc' });
    assert.deepEqual([task.kind, task.metric.name], ['classification', 'auc']);
    const asked = await taskOf(model, planes(), { task: 'anomaly' });
    const [one, other] = [await evaluate(model, task, runtime), await evaluate(model, asked, runtime)];
    assert.ok(Math.abs(one.value - other.value) < 1e-9, `${one.value} ${other.value}`);
  });
});

describe('sequences of tokens', () => {
  const [LENGTH, CLASSES] = [WIDTH, 4];

  /** Each position's own number says its class; the last positions of some sequences are padding. */
  function sequences(count = 400): DataSource {
    const random = new Random('sequences');
    const data = Float32Array.from({ length: count * LENGTH }, () => random.normal());
    const values = Float32Array.from(data, (value, i) =>
      i % LENGTH >= 5 + (Math.floor(i / LENGTH) % 4) ? -1 : value < -0.7 ? 0 : value < 0 ? 1 : value < 0.7 ? 2 : 3,
    );
    const targets = { kind: 'numbers' as const, columns: Array.from({ length: LENGTH }, (_, i) => String(i)), values };
    const inputs = { x: { type: 'float32' as const, shape: [count, LENGTH], data } };
    return { name: 'sequences', format: 'test', train: arrayDataset({ name: 'sequences', inputs, targets }), close: async () => undefined };
  }

  const scores = (build: GraphBuilder, value: Value) => build.op('Reshape', [value, build.ints([0, LENGTH, CLASSES])]);
  const fresh = network([48, LENGTH * CLASSES], scores);

  it('are recognized by scores at each position; padding counts nowhere', async () => {
    const task = await taskOf(fresh, sequences());
    assert.equal(task.kind, 'tokens');
    const quality = await evaluate(fresh, task, runtime);
    assert.ok(quality.details.perplexity > 1 && quality.details.tokenF1 < 0.6);
    const { targets } = task.splits.validation;
    assert.ok(targets?.kind === 'tokens' && targets.values.includes(-1));
  });

  it('are refused with what to do by a model that gives no scores for them, unless they are left aside', async () => {
    const { train: data, ...source } = sequences(40);
    const numbers = data.targets?.kind === 'numbers' ? data.targets.values : assert.fail();
    const targets = { kind: 'tokens' as const, classes: ['a', 'b', 'c', 'd'], length: LENGTH, values: Int32Array.from(numbers) };
    const given = { ...source, train: { ...data, targets } };
    const other = network([16, 3], asIs);
    await assert.rejects(taskOf(other, given), (error: Error) =>
      /no output with scores at each of 8 positions.*--fidelity/s.test(error.message),
    );
    assert.equal((await taskOf(other, given, { fidelity: true })).kind, 'fidelity');
  });

  it('gradients of the loss are those of finite differences', async () => {
    const task = await taskOf(fresh, sequences());
    await checkGradients(fresh, task, task.loss());
    await checkGradients(fresh, task, task.distillation(network([48, LENGTH * CLASSES], scores, 'teacher'), { weight: 0.5 }));
  });

  it('are learned, quantized, pruned and distilled', async () => {
    const task = await taskOf(fresh, sequences(1200));
    const { model } = await train({ model: fresh, task, runtime, options: { epochs: 60, batchSize: 32, learningRate: 0.01, seed: 1 } });
    const quality = await evaluate(model, task, runtime, { split: 'test' });
    assert.ok(quality.value > 0.85 && quality.details.perplexity < 1.6, JSON.stringify(quality.details));
    const common = { model, original: model, task, runtime, seed: 1 };
    const quantized = await quantize.apply(common, checkOptions(quantize, { sensitivity: true } as never));
    assert.ok((await evaluate(quantized.model, task, runtime, { split: 'test' })).value > quality.value - 0.03);
    const pruned = await prune.apply(common, checkOptions(prune, { keep: 0.8, target: 'macs', epochs: 20 } as never));
    assert.ok((await evaluate(pruned.model, task, runtime, { split: 'test' })).value > quality.value - 0.1);
    const student = network([32, LENGTH * CLASSES], scores, 'student');
    const taught = await distill.apply(
      { ...common, model: student },
      checkOptions(distill, { epochs: 60, batchSize: 32, learningRate: 0.01 }),
    );
    assert.ok((await evaluate(taught.model, task, runtime, { split: 'test' })).value > 0.75);
  });
});
