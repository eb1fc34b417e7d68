// Trained models with data, as measurements of compression name them: one is trained here, the others lie beside a developer's checkout.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { resnet8 } from 'espalier/architectures';
import { openDataset } from 'espalier/data/node';
import { createTask } from 'espalier/modalities';
import { loadModel } from 'espalier/onnx/node';
import { train } from 'espalier/training';

const models = [
  ['tx2 (transformer, sentences)', 'cases/transformer-outlier-channels/tx2.t.onnx', 'cases/transformer-outlier-channels/pol2s.npz', {}],
  ['mbr (MobileNet, digits)', 'cases/depthwise-wild-scales/mbr.t.onnx', 'digits', { preprocess: '0-1' }],
  ['smT (convolutions, digits)', 'cases/argmax-only/smT.onnx', 'digits', { preprocess: '0-1' }],
  ['mnist8 (CNTK, MNIST)', 'models/mnist8_cntk.onnx', 'data/mnist', { preprocess: '0-1' }],
];

/** Names, each with a model and its task. What is not there is said and left out. */
export async function namedModels(runtime, shared) {
  const found = [['resnet8 (digits)', await trainedDigits(runtime)]];
  for (const [name, file, data, options] of models) {
    const path = join(shared, file);
    if (!existsSync(path)) {
      console.error(`${name}: ${path} is not there`);
      continue;
    }
    const model = await loadModel(path);
    const source = await openDataset(data.includes('/') ? join(shared, data) : data);
    found.push([name, { model, task: (await createTask(model, source, runtime, { threads: 1, ...options })).task }]);
  }
  return found;
}

/** The small residual network, after six epochs on the built-in digits. */
async function trainedDigits(runtime) {
  const model = resnet8.build({ input: [1, 8, 8], classes: 10, seed: 1 });
  const { task } = await createTask(model, await openDataset('digits'), runtime, { preprocess: '0-1', threads: 1 });
  const options = { epochs: 6, learningRate: 0.004, evaluateEvery: 0 };
  return { task, model: (await train({ model, task, runtime, threads: 1, options })).model };
}
