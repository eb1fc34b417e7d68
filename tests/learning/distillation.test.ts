import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { surveyCnn } from 'espalier/architectures';
import { type Dataset, subset } from 'espalier/data';
import { openDataset } from 'espalier/data/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { distill } from 'espalier/learning/distillation';
import { trainTechnique } from 'espalier/learning/tuning';
import { createTask } from 'espalier/modalities';
import { copyModel, type Model, Tensor } from 'espalier/onnx';
import { checkOptions } from 'espalier/technique';
import { type Checkpoint, distillation, evaluate, fidelity, type Task, train } from 'espalier/training';
import { clusters, differences, plainTask, smallMlp } from '../training/support.js';

const runtime = createNodeRuntime({ threads: 1 });
after(() => runtime.dispose());

const task = plainTask({ train: clusters({ size: 96 }), validation: clusters({ size: 60, seed: 2 }) });
const { name, splits, feeds } = task;
const quick = { epochs: 4, batchSize: 32, learningRate: 0.02 };

test('a teacher of another opset, input name and fixed batch is learnt from', async () => {
  const teacher = copyModel(smallMlp({ hidden: 24 }));
  teacher.graph.inputs[0].name = 'features';
  teacher.graph.outputs[0].name = 'answers';
  teacher.graph.inputs[0].type = { kind: 'tensor', dtype: 'float32', shape: [1, 6] };
  teacher.graph.outputs[0].type = { kind: 'tensor', dtype: 'float32', shape: [1, 3] };
  const student = smallMlp();
  const { model, notes } = await distill.apply(
    { model: student, original: teacher, task, runtime, seed: 1 },
    checkOptions(distill, { ...quick, epochs: 20, weight: 1 }),
  );
  const losses = notes.training?.map(({ loss }) => loss) ?? [];
  assert.equal(losses.length, 20);
  assert.ok(losses[19] < losses[0]);
  assert.ok(differences(model, student).length > 0);
  // The teacher knows nothing of the labels: the student agrees with it, not with them.
  const asTeacher: Task = { name, splits, feeds, ...fidelity({ reference: renamed(teacher), outputs: ['scores'], scores: 'scores' }) };
  const [before, after] = [await evaluate(student, asTeacher, runtime), await evaluate(model, asTeacher, runtime)];
  assert.ok(after.value > 0.85 && after.value > before.value, `agreement ${before.value} to ${after.value}`);
});

test('a teacher that takes the samples prepared in another way: fed so, it teaches bit by bit as one that takes them alike', async () => {
  const teacher = smallMlp({ hidden: 24 });
  const half = copyModel(teacher);
  const weight = [...half.graph.initializers].find(({ name }) => name === 'first.weight');
  assert.ok(weight?.initializer);
  weight.initializer = Tensor.of(
    'float32',
    weight.initializer.shape,
    weight.initializer.toFloat32().map((each) => each / 2),
  );
  const run = (original: Model, originalTask?: Task) =>
    distill.apply(
      { model: smallMlp(), original, originalTask, task, runtime, seed: 1 },
      checkOptions(distill, { ...quick, accumulate: 2 }),
    );
  const alike = await run(teacher);
  const [feed] = task.feeds;
  const doubled = await run(half, { ...task, feeds: [{ ...feed, preprocess: { layout: 'as-is', scale: 2 } }] });
  assert.deepEqual(differences(alike.model, doubled.model), []);
  assert.ok(differences((await run(half)).model, alike.model).length > 0, 'prepared as for the student, it teaches something else');
});

/** The same model with a free batch and the student's names. */
function renamed(teacher: Model): Model {
  const model = copyModel(teacher);
  const [input] = model.graph.inputs;
  const [output] = model.graph.outputs;
  [input.name, output.name] = ['x', 'scores'];
  input.type = smallMlp().graph.inputs[0].type;
  output.type = smallMlp().graph.outputs[0].type;
  return model;
}

test('teachers with other classes, or features that do not exist, are refused before anything is run', async () => {
  const apply = (original: Model, options: Record<string, unknown>) =>
    distill.apply({ model: smallMlp(), original, task, runtime, seed: 1 }, checkOptions(distill, { ...quick, ...options }));
  await assert.rejects(apply(smallMlp({ classes: 5 }), {}), /other classes/);
  await assert.rejects(apply(smallMlp(), { features: [{ student: 'scores', teacher: 'none' }] }), /no value called "none"/);
  assert.throws(() => checkOptions(distill, { temperature: 0 }), /temperature/);
  assert.throws(() => checkOptions(distill, { alpha: 1 }), /alpha/);
});

for (const technique of [distill, trainTechnique]) {
  test(`${technique.name}: goes on from its checkpoint to the same bits, and changes no model that it was given`, async () => {
    const [model, original] = [smallMlp({ dropout: 0.2 }), smallMlp({ hidden: 24 })];
    const before = copyModel(model);
    const saved = new Map<number, Checkpoint>();
    const run = (found?: Checkpoint) =>
      technique.apply(
        {
          model,
          original,
          task,
          runtime,
          seed: 3,
          checkpoints: { load: async () => found, save: async (_name, checkpoint) => void saved.set(checkpoint.epoch, checkpoint) },
        },
        checkOptions(technique as typeof distill, quick),
      );
    const whole = await run();
    const resumed = await run(saved.get(2));
    assert.deepEqual(differences(whole.model, resumed.model), []);
    assert.deepEqual(whole.notes.training, resumed.notes.training);
    assert.deepEqual(differences(model, before), []);
  });
}

test('without labels the student follows the outputs of the original', async () => {
  const original = smallMlp();
  const student = smallMlp({ hidden: 20 });
  const following: Task = { name, splits, feeds, ...fidelity({ reference: original, outputs: ['scores'], scores: 'scores' }) };
  const { model } = await distill.apply(
    { model: student, original, task: following, runtime, seed: 1 },
    checkOptions(distill, { ...quick, epochs: 20 }),
  );
  const [before, after] = [await evaluate(student, following, runtime), await evaluate(model, following, runtime)];
  assert.ok(after.value > before.value && after.value > 0.9, `${before.value} to ${after.value}`);
});

function first(dataset: Dataset, count: number): Dataset {
  return subset(
    dataset,
    Int32Array.from({ length: count }, (_, i) => i),
  );
}

/** Digits of which a student sees few, and a teacher all. */
test('a small student of the digits is better with a teacher than without, over three seeds', async (t) => {
  const source = await openDataset('digits');
  const build = (width: number, seed: number) => surveyCnn.build({ input: [1, 8, 8], classes: 10, width, seed });
  const { task: whole } = await createTask(build(0.1, 0), source, runtime, { preprocess: '0-1' });
  const few: Task = { ...whole, splits: { ...whole.splits, train: first(whole.splits.train, 160) } };
  const options = { batchSize: 32, learningRate: 0.003, evaluateEvery: 0 };
  const { model: teacher } = await train({ model: build(0.5, 9), task: whole, runtime, options: { ...options, epochs: 20, seed: 9 } });
  const gains: number[] = [];
  for (let seed = 0; seed < 3; seed++) {
    const request = { model: build(0.1, seed), task: few, runtime, options: { ...options, epochs: 40, seed } };
    const taught = await train({ ...request, loss: distillation('scores', teacher, { weight: 0.9 }) });
    const alone = await train(request);
    const [a, b] = [
      await evaluate(taught.model, whole, runtime, { split: 'test' }),
      await evaluate(alone.model, whole, runtime, { split: 'test' }),
    ];
    gains.push(a.value - b.value);
  }
  await source.close();
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  t.diagnostic(`gains ${gains.map((gain) => gain.toFixed(3)).join(', ')}, mean ${mean.toFixed(4)}`);
  assert.ok(mean > 0.015, `${gains}`);
});
