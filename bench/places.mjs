// Models of others, compiled and run everywhere that code is made for: natively under sanitizers, on emulated microcontrollers, as WebAssembly in Node
// and in Chromium. Each answer is compared with ONNX Runtime's on the same inputs.
//   npm run bench:places [-- --shared ../shared] [MODEL ...]      without names: into docs/compile.md
// Needs gcc, gcc-arm-none-eabi, libnewlib-arm-none-eabi, qemu-system-arm and Chromium (Debian); a place that is not installed is left out with a word.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatBytes } from 'espalier/base';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { Tensor } from 'espalier/onnx';
import { agreementOf } from 'espalier/targets';
import { compileWorldModel, worldModels } from '../build/tests/infrastructure/codegen/world-models.js';
import { tensorBytes } from '../build/tests/support/microcontroller/emulate.js';
import { places } from '../build/tests/support/places/places.js';
import { table, writePart } from '../examples/support/page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { shared: { type: 'string', default: join(root, '..', 'shared') } },
});

/** Of the largest magnitude of an output in floats; integers must be equal. */
const TOLERANCE = 1e-4;

/** Why an answer is further off, where that is known. */
const REASONS = {
  picodet_xs_416_sim: "ONNX Runtime's sigmoids are approximations: in 64-bit floats the model gives what compiled code gives, within 1e-5",
  shufflenet_v2_int8:
    'two sums of 1,951,200 are rounded to the other integer, and what follows spreads that: see [Integers](#integers-beside-onnx-runtime)',
};

const folder = join(values.shared, 'models');
const wanted = worldModels.filter(({ file }) => positionals.length === 0 || positionals.some((name) => file.startsWith(name)));
const present = wanted.filter(({ file }) => existsSync(join(folder, file)));
for (const { file } of wanted)
  if (!present.some((model) => model.file === file)) console.error(`${file} is left out: it is not in ${folder}.`);
const installed = places.filter(({ name, missing }) => {
  if (missing) console.error(`${name} is left out: ${missing}.`);
  return !missing;
});
const runtime = createNodeRuntime({ threads: 1 });
const work = mkdtempSync(join(tmpdir(), 'places-'));
const agreeing = new Map(installed.map(({ name }) => [name, 0]));
const rows = [['model', 'RAM', ...installed.map(({ name }) => name), 'why not']];
for (const model of present) {
  rows.push(await rowOf(model));
  console.error(rows.at(-1).join(' | '));
}
await runtime.dispose();
rmSync(work, { recursive: true });
const counts = [...agreeing.values()].map((count) => `${count} of ${present.length}`);
const text = table([...rows, ['**agree**', '', ...counts, '']]);
if (positionals.length > 0 || present.length < worldModels.length || installed.length < places.length) console.log(text);
else writePart(join(root, 'docs', 'compile.md'), 'places', text);

async function rowOf(model) {
  const name = model.file.replace('.onnx', '');
  const [cells, reasons] = [[], new Set()];
  let ram = '';
  for (const place of installed) {
    const { cell, because, bytes } = await cellOf(model, place, join(work, name, place.name.replace(/\W+/g, '-')));
    cells.push(cell);
    if (because) reasons.add(because);
    ram ||= bytes ? formatBytes(bytes) : '';
  }
  return [name, ram, ...cells, [...reasons].join('; ')];
}

/** The largest difference, and why the answer is not ONNX Runtime's where it is not. */
async function cellOf(model, place, work) {
  let compiled;
  try {
    compiled = await compileWorldModel(join(folder, model.file), model, runtime, place.schedule);
  } catch (error) {
    if (error.name !== 'UnsupportedError') throw error;
    return { cell: '–', because: error.what };
  }
  const { lowered, inputs, expected } = compiled;
  const bytes = tensorBytes(lowered);
  const tooLarge = place.tooLarge(lowered);
  if (tooLarge) return { cell: '–', because: tooLarge, bytes };
  const outputs = await place.run(lowered, inputs, work);
  const { difference, agrees } = distance(lowered, expected, outputs);
  if (agrees) agreeing.set(place.name, agreeing.get(place.name) + 1);
  const size = difference === 0 ? '0' : difference.toExponential(1);
  return {
    cell: agrees ? size : `no: ${size}`,
    because: agrees ? undefined : (REASONS[model.file.replace('.onnx', '')] ?? 'unknown'),
    bytes,
  };
}

/** The furthest output. */
function distance({ outputs: ports }, expected, outputs) {
  let [difference, agrees] = [0, true];
  for (const [index, { name, dtype, shape }] of ports.entries()) {
    const verdict = agreementOf(
      { [name]: expected[index] },
      { [name]: new Tensor(dtype, shape, outputs[index]) },
      /float/.test(dtype) ? TOLERANCE : 0,
    );
    if (verdict.difference === undefined) throw new Error(verdict.detail);
    difference = Math.max(difference, verdict.difference);
    agrees &&= verdict.status === 'agrees';
  }
  return { difference, agrees };
}
