import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { architecture } from 'espalier/architectures';
import { Random } from 'espalier/base';
import { arrayDataset, classTargets } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel } from 'espalier/onnx';
import { type Task, type TrainOptions, train } from 'espalier/training';
import { plainTask } from './support.js';

const SIZE = 16;
const SAMPLES = 48;

interface Case {
  architecture: string;
  /** Of ONNX Runtime; convolutions are in blocks wherever the processor has them. */
  threads: number;
  options: TrainOptions;
}

const CASES: Readonly<Record<string, Case>> = {
  'convolutions, dropout and augmentation': {
    architecture: 'survey-cnn',
    threads: 1,
    options: { augment: [{ name: 'flip' }, { name: 'crop', pixels: 2 }, { name: 'mixup' }] },
  },
  'two threads, convolutions in blocks': { architecture: 'resnet-20', threads: 2, options: { optimizer: { kind: 'sgd' } } },
  'two threads and recomputation': { architecture: 'resnet-20', threads: 2, options: { maxMemory: 9e6 } },
};

/** A hash of the bytes of the model that a training leaves. */
async function trained({ architecture: name, threads, options }: Case, seed: number): Promise<string> {
  const runtime = createNodeRuntime({ threads });
  try {
    const model = architecture(name).build({ input: [3, SIZE, SIZE], classes: 3, width: 1, seed: 1 });
    const random = new Random('images');
    const data = Uint8Array.from({ length: SAMPLES * SIZE * SIZE * 3 }, () => random.integer(256));
    const images = arrayDataset({
      name: 'images',
      inputs: { x: { type: 'uint8', shape: [SAMPLES, SIZE, SIZE, 3], data, kind: 'image' } },
      targets: classTargets(Int32Array.from({ length: SAMPLES }, (_, i) => i % 3)),
    });
    const task: Task = {
      ...plainTask({ train: images }, { output: model.graph.outputs[0].name }),
      feeds: [
        {
          input: model.graph.inputs[0].name,
          from: 'x',
          preprocess: { layout: 'NCHW', channels: 'RGB', scale: 1 / 255, mean: [0.5, 0.5, 0.5] },
        },
      ],
    };
    const result = await train({ model, task, runtime, threads, options: { epochs: 2, batchSize: 16, seed, ...options } });
    assert.equal((result.memory?.recomputed ?? 0) > 0, options.maxMemory !== undefined);
    return createHash('sha256').update(encodeModel(result.model)).digest('hex');
  } finally {
    await runtime.dispose();
  }
}

const [, script, wanted] = process.argv;
if (wanted !== undefined && script === fileURLToPath(import.meta.url)) {
  console.log(await trained(CASES[wanted], 5));
} else {
  for (const [name, each] of Object.entries(CASES)) {
    test(`${name}: the same bytes again, and in another process; others with another seed`, async () => {
      const first = await trained(each, 5);
      assert.equal(await trained(each, 5), first);
      const { stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), name], { encoding: 'utf8' });
      assert.equal(stdout.trim(), first, stderr);
      assert.notEqual(await trained(each, 6), first);
    });
  }
}
