import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { quantizeStatic } from 'espalier/compression/quantization';
import { classTargets, type Dataset } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { metricNamed, scoreOf } from 'espalier/metrics';
import { createTask } from 'espalier/modalities';
import { type Model, Tensor } from 'espalier/onnx';
import { classOutput, distillation, evaluate, train } from 'espalier/training';
import { clusters, modelOf, weight } from './support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const data = clusters({ size: 400, classes: 2 });
const source = { name: 'clusters', format: 'made', train: data, close: async () => undefined };
const splits = { seed: 1 };

type Form = 'logit' | 'probability' | 'vector' | 'pair';

/** The same hidden layer with one score for two classes, as [N, 1] or [N], or with its two equivalents. */
function net(form: Form): Model {
  return modelOf([6], (build, x) => {
    const hidden = build.op('Relu', [
      build.op('Gemm', [x, weight(build, 'first.weight', [6, 12]), weight(build, 'first.bias', [12], 0.1)]),
    ]);
    const score = build.op('Gemm', [hidden, weight(build, 'second.weight', [12, 1], 0.1), weight(build, 'second.bias', [1], 0.1)]);
    if (form === 'probability') return build.op('Sigmoid', [score]);
    if (form === 'vector') return build.op('Sigmoid', [build.op('Squeeze', [score, build.ints([1])])]);
    return form === 'pair' ? build.op('Concat', [build.op('Mul', [score, build.scalar(0)]), score], { axis: 1 }) : score;
  });
}

test('two classes with one score are measured like their equivalent with two', async () => {
  const pair = await qualityOf(net('pair'));
  for (const form of ['logit', 'probability', 'vector'] as const) {
    const single = await qualityOf(net(form));
    assert.deepEqual(single.confusion, pair.confusion, form);
    // Probabilities are float32: those near 1 are rounded, and some then tie.
    const rounding = form === 'logit' ? 1e-9 : 1e-4;
    assert.ok(Math.abs(single.auc - pair.auc) < rounding, `${form}: ${single.auc}, ${pair.auc}`);
    assert.ok(Math.abs(single.logLoss - pair.logLoss) < rounding * pair.logLoss, `${form}: ${single.logLoss}, ${pair.logLoss}`);
  }

  async function qualityOf(model: Model) {
    const { task } = await createTask(model, source, runtime, { preprocess: 'raw', splits });
    const quality = await evaluate(model, task, runtime);
    return { confusion: quality.confusion, auc: quality.details.auc, logLoss: quality.details.logLoss };
  }
});

test('a logit that looks like a probability is none', async () => {
  const { task } = await createTask(net('logit'), source, runtime, { preprocess: 'raw', splits });
  assert.equal(task.kind, 'classification');
  const logits = [1, 0.9995, -2, 0, 30];
  const collector = task.collect();
  const batch = {
    size: logits.length,
    indices: new Int32Array(logits.length),
    inputs: {},
    targets: classTargets(new Int32Array(logits.length)),
  };
  collector.add(batch, { scores: Tensor.of('float32', [logits.length, 1], Float32Array.from(logits)) });
  const logLoss = scoreOf(metricNamed('logLoss'), collector.answers());
  const expected = logits.reduce((sum, s) => sum + Math.log1p(Math.exp(s)), 0) / logits.length;
  assert.ok(Math.abs(logLoss - expected) < 1e-6, `${logLoss}, ${expected}`);
});

test('they train alike: loss and accuracy of every epoch are those of the equivalent', async () => {
  const pair = await historyOf(net('pair'));
  assert.ok(pair[4].loss < 0.7 * pair[0].loss);
  for (const form of ['logit', 'probability', 'vector'] as const) {
    const single = await historyOf(net(form));
    single.forEach(({ loss, accuracy }, epoch) => {
      // Another order of the same sums.
      assert.ok(Math.abs(loss - pair[epoch].loss) < 1e-4 * pair[0].loss, `${form} epoch ${epoch}: ${loss}, ${pair[epoch].loss}`);
      assert.ok(Math.abs((accuracy ?? 0) - (pair[epoch].accuracy ?? 1)) < 0.01);
    });
  }

  async function historyOf(model: Model) {
    const { task } = await createTask(model, source, runtime, { preprocess: 'raw', splits });
    const options = { epochs: 5, batchSize: 32, optimizer: { kind: 'sgd', momentum: 0 }, learningRate: 0.02, labelSmoothing: 0.1 } as const;
    return (await train({ model, task, runtime, options })).history;
  }
});

test('they are distilled and quantized', async () => {
  const teacher = net('probability');
  const { task } = await createTask(teacher, source, runtime, { preprocess: 'raw', splits });
  assert.deepEqual([task.kind, classOutput(teacher, 2)], ['classification', { output: 'scores', single: 'probability' }]);
  const { model: student, history } = await train({
    model: net('probability'),
    task,
    runtime,
    loss: distillation(task.outputs[0], teacher, { temperature: 1, weight: 1 }),
    options: { epochs: 1, batchSize: 32, optimizer: { kind: 'sgd', momentum: 0 }, learningRate: 1e-9 },
  });
  // The cross entropy of a distribution with itself is its entropy; the training leaves out a last batch that is not full.
  const entropy = await meanEntropy(teacher, task.splits.train);
  assert.ok(Math.abs(history[0].loss / entropy - 1) < 0.05, `${history[0].loss}, ${entropy}`);
  const { model: int8 } = await quantizeStatic(student, task, runtime);
  const [before, then] = [await evaluate(student, task, runtime), await evaluate(int8, task, runtime)];
  assert.ok(Math.abs(before.value - then.value) <= 0.05, `${before.value}, ${then.value}`);
});

async function meanEntropy(model: Model, { size, read }: Dataset): Promise<number> {
  const program = await runtime.compile(model);
  const { inputs } = await read(Int32Array.from({ length: size }, (_, i) => i));
  const { scores } = await program.run({ x: Tensor.of('float32', [size, 6], inputs.x.data) });
  await program.dispose();
  const terms = scores.numbers().map((p) => -p * Math.log(p) - (1 - p) * Math.log(1 - p));
  return terms.reduce((sum, term) => sum + term, 0) / size;
}
