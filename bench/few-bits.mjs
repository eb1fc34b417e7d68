// Weights of 4 and 2 bits on trained models: by four roundings at equal bytes, and trained with learned steps; mixed bits beside uniform ones.
//   node bench/few-bits.mjs [--shared ../shared] [--results few-bits.json] [MODEL ...]
// Writes the tables of docs/quantization.md. Accuracy is on the test part, beside its paired difference to the float model with a 95% interval, in points;
// nothing is chosen there. Results are kept in the file as they come, and what is there is not measured again.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quantize, quantizeAwareTrain } from 'espalier/compression/quantization';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel } from 'espalier/onnx';
import { checkOptions } from 'espalier/technique';
import { answersOf } from 'espalier/training';
import { namedModels } from './named-models.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { shared: { type: 'string', default: join(root, '..', 'shared') }, results: { type: 'string', default: 'few-bits.json' } },
});
const known = existsSync(values.results) ? JSON.parse(readFileSync(values.results, 'utf8')) : {};
const runtime = createNodeRuntime({ threads: 1 });

/** The same layers have the same bits, whatever is lost. */
const uniform = { mode: 'weights', tolerance: 100 };
/** Samples that a training sees in all, so that large data sets take no longer. */
const SEEN = 30_000;
const training = { batchSize: 64, learningRate: 0.001 };
const WAYS = {
  'int8 nearest': [quantize, { mode: 'weights' }],
  'int8 adaround': [quantize, { mode: 'weights', method: 'adaround' }],
  'int4 nearest': [quantize, { ...uniform, weightType: 'int4', method: 'nearest' }],
  'int4 hqq': [quantize, { ...uniform, weightType: 'int4', method: 'hqq' }],
  'int4 gptq': [quantize, { ...uniform, weightType: 'int4', method: 'gptq' }],
  'int4 adaround': [quantize, { ...uniform, weightType: 'int4', method: 'adaround' }],
  'int4 trained': [quantizeAwareTrain, { weightType: 'int4', activationType: 'float32', ...training }],
  'int2 nearest': [quantize, { ...uniform, weightType: 'int2', method: 'nearest' }],
  'int2 hqq': [quantize, { ...uniform, weightType: 'int2', method: 'hqq' }],
  'int2 gptq': [quantize, { ...uniform, weightType: 'int2', method: 'gptq' }],
  'int2 adaround': [quantize, { ...uniform, weightType: 'int2', method: 'adaround' }],
  'int2 trained': [quantizeAwareTrain, { weightType: 'int2', ...training }],
  'ternary trained': [quantizeAwareTrain, { weightType: 'ternary', ...training }],
  'int2 mixed': [quantize, { mode: 'weights', weightType: 'int2' }],
  'int2 mixed adaround': [quantize, { mode: 'weights', weightType: 'int2', method: 'adaround' }],
};

for (const [name, { model, task }] of await namedModels(runtime, values.shared)) {
  if (positionals.length > 0 && !positionals.some((wanted) => name.startsWith(wanted))) continue;
  known[name] ??= {};
  const before = await judged(model, task);
  known[name].float = { bytes: encodeModel(model).length, accuracy: mean(before.right) };
  for (const [way, [technique, options]] of Object.entries(WAYS)) {
    if (known[name][way]) continue;
    const started = Date.now();
    try {
      const context = { model, task, runtime, threads: 1, seed: 1 };
      const epochs = technique === quantizeAwareTrain && Math.min(20, Math.max(1, Math.round(SEEN / task.splits.train.size)));
      const made = await technique.apply(context, checkOptions(technique, { ...options, ...(epochs && { epochs }) }));
      const after = await judged(made.model, task);
      known[name][way] = {
        bytes: encodeModel(made.model).length,
        accuracy: mean(after.right),
        difference: paired(before.right, after.right),
        decibels: decibels(before.scores, after.scores),
        seconds: (Date.now() - started) / 1000,
        remarks: made.notes.remarks,
      };
    } catch (error) {
      known[name][way] = { failed: error.message };
    }
    console.log(name, way, JSON.stringify(known[name][way]));
    writeFileSync(values.results, JSON.stringify(known, null, 1));
  }
}
await runtime.dispose();
writeTables();

/** What a model says of the test part, and which of it is right. */
async function judged(model, task) {
  const { size, predictions, targets } = await answersOf(model, task, runtime, { split: 'test' });
  const { data, classes } = predictions;
  const right = Array.from({ length: size }, (_, sample) => {
    const scores = data.subarray(sample * classes, (sample + 1) * classes);
    return Number(scores.indexOf(Math.max(...scores)) === targets[sample]);
  });
  return { scores: data, right };
}

function mean(numbers) {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/** Points that the second gains on the same samples, with the half-width of the normal 95% interval. */
function paired(before, after) {
  const differences = after.map((each, i) => 100 * (each - before[i]));
  const middle = mean(differences);
  const spread = Math.sqrt(mean(differences.map((each) => (each - middle) ** 2)) / differences.length);
  return [middle, 1.96 * spread];
}

function decibels(whole, other) {
  let [signal, noise] = [0, 0];
  whole.forEach((value, i) => {
    signal += value ** 2;
    noise += (value - other[i]) ** 2;
  });
  return 10 * Math.log10(signal / noise);
}

function writeTables() {
  const bytesOf = (...each) => [...new Set(each.flatMap((way) => way?.bytes ?? []))].join(', ');
  const cell = (each) => {
    if (!each || each.failed) return each ? 'not done' : '';
    const [middle, half] = each.difference;
    return `${(100 * each.accuracy).toFixed(2)}% (${middle >= 0 ? '+' : '−'}${Math.abs(middle).toFixed(2)} ± ${half.toFixed(2)}), ${each.decibels.toFixed(1)} dB`;
  };
  const rows = Object.entries(known).flatMap(([name, ways]) => [
    `| ${name} | 32 | ${ways.float.bytes} | ${(100 * ways.float.accuracy).toFixed(2)}% | | | | | |`,
    `| ${name} | 8 | ${ways['int8 nearest']?.bytes ?? ''} | ${cell(ways['int8 nearest'])} | | | ${cell(ways['int8 adaround'])} | | |`,
    ...['int4', 'int2'].map((type) => {
      const cells = ['nearest', 'hqq', 'gptq', 'adaround', 'trained'].map((way) => cell(ways[`${type} ${way}`]));
      const ternary = type === 'int2' ? cell(ways['ternary trained']) : '';
      return `| ${name} | ${type.slice(3)} | ${ways[`${type} gptq`]?.bytes ?? ''} | ${cells.join(' | ')} | ${ternary} |`;
    }),
    `| ${name} | 2 to 8 | ${bytesOf(ways['int2 mixed'], ways['int2 mixed adaround'])} | | | ${cell(ways['int2 mixed'])} | ${cell(ways['int2 mixed adaround'])} | | |`,
  ]);
  const table = [
    '| model | bits | bytes | nearest | HQQ | GPTQ | AdaRound | trained | trained, ternary |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
  const page = join(root, 'docs', 'quantization.md');
  const text = readFileSync(page, 'utf8').replace(
    /<!-- few-bits: begin -->[\s\S]*<!-- few-bits: end -->/,
    () => `<!-- few-bits: begin -->\n${table}\n<!-- few-bits: end -->`,
  );
  writeFileSync(page, text);
}
