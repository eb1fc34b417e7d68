/**
 * Which models can be trained: node bench/trainable.mjs FOLDER [part of a name]. For each .onnx file a task is made of made-up samples, the model itself its
 * reference, and a training step is built. Prints one row a model: the number of weights that get a gradient, or the reason why none does.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { syntheticSource } from '../dist/diagnosis/index.js';
import { fixedBatch, freeBatch } from '../dist/infrastructure/compiler/index.js';
import { createNodeRuntime } from '../dist/infrastructure/runtime/node/index.js';
import { createTask } from '../dist/modalities/index.js';
import { loadModel } from '../dist/onnx/node/index.js';
import { inferShapes } from '../dist/ops/index.js';
import { batchSizeOf, buildTrainingStep, inputShapes, trainable } from '../dist/training/index.js';

const [, , folder = '../shared/models', only = ''] = process.argv;
const SAMPLES = 6;

async function examine(path, runtime) {
  const loaded = loadModel(path);
  inferShapes(loaded);
  const model = fixedBatch(loaded) === undefined ? loaded : await freeBatch(loaded, runtime).catch(() => loaded);
  const { task } = await createTask(model, syntheticSource(model, { samples: SAMPLES }), runtime, {
    splits: { test: 1, validation: 1, calibration: 1 },
  });
  const seen = await trainable(model, task, runtime);
  const batchSize = batchSizeOf(seen, task, 2);
  const { parameters, untrained, untrainedShare } = buildTrainingStep(seen, {
    batchSize,
    inputShapes: await inputShapes(task, batchSize),
    loss: task.loss(),
    optimizer: { kind: 'sgd' },
  });
  const rest = untrained.slice(0, 3).map(({ name, reason }) => `${name}: ${reason}`);
  const left =
    untrained.length > 0 ? `, ${untrained.length} not (${(100 * untrainedShare).toFixed(1)}% of the numbers; ${rest.join('; ')})` : '';
  return `${parameters.length} weights${left}`;
}

const runtime = createNodeRuntime({ threads: 1 });
let count = 0;
const files = readdirSync(folder).filter((file) => file.endsWith('.onnx') && file.includes(only));
for (const file of files) {
  let result;
  try {
    result = await examine(join(folder, file), runtime);
    count++;
  } catch (error) {
    result = `no: ${error.message.replaceAll(folder, '')}`;
  }
  console.log(`${file.padEnd(32)} ${result}`);
}
console.log(`${count} of ${files.length} can be trained`);
await runtime.dispose();
