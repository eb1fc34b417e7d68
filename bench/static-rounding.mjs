// What learned rounding (AdaRound) gains over rounding to nearest in static quantization, every layer quantized:
//   node bench/static-rounding.mjs [--shared ../shared] [MODEL ...]
// Writes a table of docs/quantization.md where all models are measured. SQNR of the scores and accuracy are of the test part; nothing is chosen there.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quantize } from 'espalier/compression/quantization';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { checkOptions } from 'espalier/technique';
import { putPart } from '../examples/support/page.mjs';
import { namedModels } from './named-models.mjs';
import { decibels, judged, mean } from './rounding/measures.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { shared: { type: 'string', default: join(root, '..', 'shared') } },
});
const runtime = createNodeRuntime({ threads: 1 });
/** Every layer is quantized, whatever is lost. */
const whole = { mode: 'static', tolerance: Number.MAX_VALUE, sensitivity: false, equalize: 'never', smooth: 'never', correctBias: 'never' };
const rows = [];
for (const [name, { model, task }] of await namedModels(runtime, values.shared)) {
  if (positionals.length > 0 && !positionals.some((wanted) => name.startsWith(wanted))) continue;
  const before = await judged(model, task, runtime);
  const cells = [];
  for (const weightType of ['int8', 'int4'])
    for (const method of ['nearest', 'adaround']) {
      const context = { model, task, runtime, threads: 1, seed: 1 };
      const made = await quantize.apply(context, checkOptions(quantize, { ...whole, weightType, method }));
      const after = await judged(made.model, task, runtime);
      cells.push(`${decibels(before.scores, after.scores).toFixed(1)} dB, ${(100 * mean(after.right)).toFixed(2)}%`);
    }
  rows.push(`| ${name} | ${(100 * mean(before.right)).toFixed(2)}% | ${cells.join(' | ')} |`);
  console.log(rows.at(-1));
}
await runtime.dispose();
if (positionals.length === 0) writeTable();

function writeTable() {
  const table = [
    '| model | float | int8, nearest | int8, AdaRound | int4 weights, nearest | int4 weights, AdaRound |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
  const page = join(root, 'docs', 'quantization.md');
  putPart(page, 'static-rounding', table);
}
