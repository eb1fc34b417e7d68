// Weights of 4 and 2 bits by three roundings, at equal bytes, on trained models: node bench/few-bits.mjs [--shared ../shared]
// Prints a table: the metric on the test part, and the signal-to-noise ratio of the outputs, in decibels.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { resnet8 } from 'espalier/architectures';
import { quantizeBlocks, ROUNDINGS } from 'espalier/compression/quantization';
import { batches } from 'espalier/data';
import { openDataset } from 'espalier/data/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { encodeModel } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { batchSizeOf, evaluate, feedsOf, train } from 'espalier/training';

const { values } = parseArgs({ options: { shared: { type: 'string', default: '../shared' } } });
const models = [
  ['tx2 (transformer, sentences)', 'cases/transformer-outlier-channels/tx2.t.onnx', 'cases/transformer-outlier-channels/pol2s.npz', {}],
  ['mbr (MobileNet, digits)', 'cases/depthwise-wild-scales/mbr.t.onnx', 'digits', { preprocess: '0-1' }],
  ['smT (convolutions, digits)', 'cases/argmax-only/smT.onnx', 'digits', { preprocess: '0-1' }],
  ['mnist8 (CNTK, MNIST)', 'models/mnist8_cntk.onnx', 'data/mnist', { preprocess: '0-1' }],
];

const runtime = createNodeRuntime();
const outputsOf = async (model, task) => {
  const program = await runtime.compile(model, { threads: 1 });
  const all = [];
  let seen = 0;
  for await (const batch of batches(task.splits.test, { batchSize: batchSizeOf(model, task, 32) })) {
    const outputs = await program.run(feedsOf(task.feeds, batch), task.outputs);
    all.push(...task.outputs.flatMap((name) => Array.from(outputs[name].numbers())));
    seen += batch.size;
    if (seen >= 256) break;
  }
  await program.dispose();
  return all;
};
const decibels = (whole, other) => {
  const noise = whole.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0);
  return 10 * Math.log10(whole.reduce((sum, value) => sum + value ** 2, 0) / noise);
};

console.log('| model | bits | bytes | round to nearest | HQQ | GPTQ |');
console.log('| --- | --- | --- | --- | --- | --- |');
const measured = [['resnet8 (digits)', await trainedDigits()]];
for (const [name, file, data, options] of models) {
  const path = join(values.shared, file);
  if (!existsSync(path)) {
    console.error(`${name}: ${path} is not there`);
    continue;
  }
  const model = await loadModel(path);
  const source = await openDataset(data.includes('/') ? join(values.shared, data) : data);
  measured.push([name, { model, task: (await createTask(model, source, runtime, { threads: 1, ...options })).task }]);
}
for (const [name, { model, task }] of measured) {
  const quality = async (each) => (await evaluate(each, task, runtime, { threads: 1, split: 'test' })).value;
  const reference = await outputsOf(model, task);
  console.log(`| ${name} | 32 | ${encodeModel(model).length} | ${(100 * (await quality(model))).toFixed(2)}% | | |`);
  for (const bits of [4, 2]) {
    const cells = [];
    let bytes = 0;
    for (const rounding of ROUNDINGS) {
      const { model: small } = await quantizeBlocks(model, runtime, { bits, rounding, task, threads: 1 });
      bytes = encodeModel(small).length;
      cells.push(`${(100 * (await quality(small))).toFixed(2)}%, ${decibels(reference, await outputsOf(small, task)).toFixed(1)} dB`);
    }
    console.log(`| ${name} | ${bits} | ${bytes} | ${cells.join(' | ')} |`);
  }
}
await runtime.dispose();

/** The small residual network, after six epochs on the built-in digits. */
async function trainedDigits() {
  const model = resnet8.build({ input: [1, 8, 8], classes: 10, seed: 1 });
  const { task } = await createTask(model, await openDataset('digits'), runtime, { preprocess: '0-1', threads: 1 });
  const options = { epochs: 6, learningRate: 0.004, evaluateEvery: 0 };
  return { task, model: (await train({ model, task, runtime, threads: 1, options })).model };
}
