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
import { putPart } from '../examples/support/page.mjs';
import { namedModels } from './named-models.mjs';
import { decibels, judged, mean, paired } from './rounding/measures.mjs';

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
  const before = await judged(model, task, runtime);
  known[name].float = { bytes: encodeModel(model).length, accuracy: mean(before.right) };
  for (const [way, [technique, options]] of Object.entries(WAYS)) {
    if (known[name][way]) continue;
    const started = Date.now();
    try {
      const context = { model, task, runtime, threads: 1, seed: 1 };
      const epochs = technique === quantizeAwareTrain && Math.min(20, Math.max(1, Math.round(SEEN / task.splits.train.size)));
      const made = await technique.apply(context, checkOptions(technique, { ...options, ...(epochs && { epochs }) }));
      const after = await judged(made.model, task, runtime);
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
  putPart(page, 'few-bits', table);
}
