import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { architecture } from 'espalier/architectures';
import { DataError, OptionError } from 'espalier/base';
import { arrayDataset, classTargets } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import type { Model } from 'espalier/onnx';
import { type TrainOptions, train } from 'espalier/training';
import { clusters, normal, plainTask, scripted, smallMlp, weightsOf } from './support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const task = plainTask({ train: clusters({ size: 96 }) });

function run(options: TrainOptions, { model = smallMlp(), on = task } = {}) {
  return train({ model, task: on, runtime, options: { epochs: 2, batchSize: 32, learningRate: 0.01, seed: 3, ...options } });
}

/** The largest difference between two models' weights, relative where they are large. */
function distance(a: Model, b: Model): number {
  const other = weightsOf(b);
  let worst = 0;
  for (const [name, tensor] of weightsOf(a)) {
    const [mine, theirs] = [tensor.numbers(), other.get(name)?.numbers() ?? []];
    mine.forEach((value, i) => {
      worst = Math.max(worst, Math.abs(value - theirs[i]) / (1 + Math.abs(value)));
    });
  }
  return worst;
}

test('parts of a batch give what the whole gives, to rounding', async () => {
  const options: TrainOptions = { optimizer: { kind: 'adamw' }, weightDecay: 0.1, clipNorm: 0.5, ema: 0.5, augment: [{ name: 'mixup' }] };
  const whole = await run(options);
  for (const accumulate of [2, 8, 32]) {
    const { model, history } = await run({ ...options, accumulate });
    assert.ok(distance(model, whole.model) < 1e-5, `${accumulate} parts: ${distance(model, whole.model)}`);
    history.forEach(({ loss, accuracy }, epoch) => {
      assert.ok(Math.abs(loss - whole.history[epoch].loss) < 1e-5);
      assert.equal(accuracy, whole.history[epoch].accuracy);
    });
  }
});

test('and so with convolutions in blocks, where normalizations keep their statistics', async () => {
  const model = architecture('resnet-8').build({ input: [3, 8, 8], classes: 3, seed: 1 });
  const images = arrayDataset({
    name: 'images',
    inputs: { x: { type: 'float32', shape: [32, 3, 8, 8], data: normal([32, 3, 8, 8], 'images').data() as Float32Array, kind: 'tensor' } },
    targets: classTargets(Int32Array.from({ length: 32 }, (_, i) => i % 3)),
  });
  const on = plainTask({ train: images }, { input: model.graph.inputs[0].name, output: model.graph.outputs[0].name });
  const options: TrainOptions = { optimizer: { kind: 'sgd' }, schedule: { kind: 'constant' }, freezeStatistics: true };
  const [whole, parts] = [await run(options, { model, on }), await run({ ...options, accumulate: 4 }, { model, on })];
  assert.ok(distance(parts.model, whole.model) < 1e-5, `${distance(parts.model, whole.model)}`);
  assert.ok(distance(whole.model, model) > 1e-3);
});

test('each part drops other values', async () => {
  const half = { x: [...(normal([4, 6], 'half').data() as Float32Array)], labels: [0, 1, 2, 0] };
  const twice = { x: [...half.x, ...half.x], labels: [...half.labels, ...half.labels] };
  const apart = async (dropout: number) => {
    const model = smallMlp({ dropout });
    const options: TrainOptions = { epochs: 1, optimizer: { kind: 'sgd' } };
    const one = await run({ ...options, batchSize: 4 }, { model, on: plainTask({ train: scripted([half], [6]) }) });
    const two = await run({ ...options, batchSize: 8, accumulate: 2 }, { model, on: plainTask({ train: scripted([twice], [6]) }) });
    return distance(one.model, two.model);
  };
  assert.ok((await apart(0)) < 1e-6);
  assert.ok((await apart(0.5)) > 1e-4);
});

test('a batch is a whole number of parts; a model with a fixed batch size takes it as one of them', async () => {
  const steps = async (size: number, options: TrainOptions, model = smallMlp()) => {
    let total = 0;
    await train({
      model,
      task: plainTask({ train: clusters({ size }) }),
      runtime,
      options: { epochs: 1, ...options },
      onProgress: (event) => {
        total = event.total ?? 0;
      },
    });
    return total;
  };
  assert.equal(await steps(96, { batchSize: 32, accumulate: 4 }), 3);
  // 127 samples in two even batches of 63, of which 60 are 3 times 20.
  assert.equal(await steps(127, { batchSize: 66, accumulate: 6 }), 2);
  assert.equal(await steps(20, { batchSize: 128, accumulate: 8 }), 1);
  const fixed = smallMlp();
  const [input] = fixed.graph.inputs;
  input.type = { kind: 'tensor', dtype: 'float32', shape: [8, 6] };
  assert.equal(await steps(96, { accumulate: 3 }, fixed), 4);
  await assert.rejects(steps(96, { accumulate: 13 }, fixed), (error) => error instanceof DataError && /at least 104/.test(error.message));
});

test('numbers of parts that do not fit are refused', async () => {
  const wrong: [TrainOptions, RegExp][] = [
    [{ accumulate: 0 }, /"accumulate".*got 0/s],
    [{ accumulate: 1.5 }, /"accumulate"/],
    [{ accumulate: 5 }, /"accumulate".*divisor of batchSize, which is 32.*got 5/s],
    [{ batchSize: 128, accumulate: 128 }, /"accumulate".*from 1 to 96/s],
  ];
  for (const [options, message] of wrong)
    await assert.rejects(run(options), (error) => error instanceof OptionError && message.test(error.message), JSON.stringify(options));
});
