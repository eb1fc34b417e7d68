// Weights of 4 and 2 bits by three roundings, at equal bytes, on trained models: node bench/few-bits.mjs [--shared ../shared]
// Prints a table: the metric on the test part, and the signal-to-noise ratio of the outputs, in decibels.
import { parseArgs } from 'node:util';
import { quantizeBlocks, ROUNDINGS } from 'espalier/compression/quantization';
import { batches } from 'espalier/data';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel } from 'espalier/onnx';
import { batchSizeOf, evaluate, feedsOf } from 'espalier/training';
import { namedModels } from './named-models.mjs';

const { values } = parseArgs({ options: { shared: { type: 'string', default: '../shared' } } });
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
for (const [name, { model, task }] of await namedModels(runtime, values.shared)) {
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
