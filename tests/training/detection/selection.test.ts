import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Random } from 'espalier/base';
import { pruneModel } from 'espalier/compression/pruning';
import { quantize } from 'espalier/compression/quantization';
import { arrayDataset, type DataSource } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { distill } from 'espalier/learning/distillation';
import { createTask } from 'espalier/modalities';
import { copyModel, type Model, Tensor } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import { checkOptions } from 'espalier/technique';
import { evaluate, type Task } from 'espalier/training';
import { detector, type Ending } from './detector.js';

const runtime = createNodeRuntime();
after(() => runtime.dispose());

/** Images of noise with a bright square somewhere. */
function images(count = 120): DataSource {
  const random = new Random('images');
  const data = new Float32Array(count * 3 * 32 * 32);
  for (let image = 0; image < count; image++) {
    const [left, top] = [random.integer(24), random.integer(24)];
    for (let i = 0; i < 3072; i++) {
      const [x, y] = [i % 32, Math.floor(i / 32) % 32];
      const isInside = x >= left && x < left + 8 && y >= top && y < top + 8;
      data[image * 3072 + i] = random.uniform() * 0.3 + Number(isInside);
    }
  }
  const train = arrayDataset({ name: 'images', inputs: { x: { type: 'float32', shape: [count, 3, 32, 32], data } } });
  return { name: 'images', format: 'test', train, close: async () => undefined };
}

async function fidelityTask(model: Model, options = {}): Promise<Task> {
  return (await createTask(model, images(), runtime, options)).task;
}

/** The same detector with its class head zeroed. */
function dead(model: Model): Model {
  const copy = copyModel(model);
  for (const value of copy.graph.initializers)
    if (value.name.startsWith('class.') && value.initializer)
      value.initializer = Tensor.of('float32', value.initializer.shape, new Float32Array(value.initializer.size));
  return copy;
}

const ENDINGS: Ending[] = ['raw', 'nms', 'rows', 'branch', 'topk', 'custom'];

describe('detectors are judged in front of what they select by', () => {
  for (const ending of ENDINGS)
    for (const batch of ['any', 1] as const) {
      it(`${ending}, ${batch === 1 ? 'one image' : 'any number of images'} at a time: a dead class head leads`, async () => {
        const model = detector(ending, { batch });
        const task = await fidelityTask(model);
        assert.equal(task.kind, 'fidelity');
        const same = await evaluate(model, task, runtime);
        assert.equal(same.value, 1);
        const quality = await evaluate(dead(model), task, runtime);
        assert.ok(quality.value < 0.01, `${quality.value}`);
        const [worst] = quality.channels ?? [];
        const shapes = task.outputs.length;
        assert.ok(shapes >= 2, task.outputs.join());
        assert.doesNotMatch(worst.output, /add/, 'not the boxes');
      });
    }

  it('an output that was named counts as it is', async () => {
    const task = await fidelityTask(detector('topk'), { output: 'top_scores' });
    assert.deepEqual(task.outputs, ['top_scores']);
  });

  it('a selection in the middle of a network is none: what is learned goes on behind it', async () => {
    const model = detector('topk');
    const build = typedBuilder(model.graph, model.opsets);
    const best = model.graph.outputs.splice(0)[0];
    const flat = build.op('Reshape', [best, build.ints([0, 40])]);
    const weights = Tensor.of(
      'float32',
      [40, 2],
      Float32Array.from({ length: 80 }, (_, i) => Math.sin(i)),
    );
    build.output(build.op('MatMul', [flat, build.parameter('second', weights)]), 'answer');
    assert.deepEqual((await fidelityTask(model)).outputs, ['answer']);
  });
});

describe('techniques work on a detector with non-maximum suppression inside', () => {
  for (const batch of ['any', 1] as const) {
    const name = batch === 1 ? 'one image at a time' : 'any number of images';
    it(`quantizes, ${name}`, async () => {
      const model = detector('nms', { batch });
      const task = await fidelityTask(model);
      const { model: small } = await quantize.apply(
        { model, original: model, task, runtime, seed: 1 },
        checkOptions(quantize, { sensitivity: true } as never),
      );
      assert.ok(small.graph.nodes.some(({ op }) => op === 'NonMaxSuppression'));
      assert.ok(small.graph.nodes.some(({ op }) => op === 'QuantizeLinear'));
      const quality = await evaluate(small, task, runtime);
      assert.ok(quality.value > 0.98, `${quality.value}`);
    });

    it(`is distilled, ${name}: a disturbed copy comes back to the original`, async () => {
      const model = detector('nms', { batch });
      const task = await fidelityTask(model);
      const student = copyModel(model);
      const random = new Random('noise');
      for (const value of student.graph.initializers)
        if (value.name.endsWith('.weight') && value.initializer)
          value.initializer = Tensor.of(
            'float32',
            value.initializer.shape,
            value.initializer.toFloat32().map((weight) => weight + random.normal() * 0.05),
          );
      const before = await evaluate(student, task, runtime);
      const result = await distill.apply(
        { model: student, original: model, task, runtime, seed: 1 },
        checkOptions(distill, { epochs: 40, batchSize: 8, learningRate: 0.01 }),
      );
      const after = await evaluate(result.model, task, runtime);
      assert.ok(before.value < 0.8 && after.value > 0.95, `${before.value} -> ${after.value}`);
      assert.ok(result.model.graph.nodes.some(({ op }) => op === 'NonMaxSuppression'));
    });
  }

  it('channels are pruned in front of it', async () => {
    const model = detector('nms');
    const { model: small } = await pruneModel(model, { keep: 0.6, of: 'macs' });
    const quality = await evaluate(small, await fidelityTask(model), runtime);
    assert.ok(Number.isFinite(quality.value) && quality.value < 1);
  });
});
