// How fast and how large models are as WebAssembly without a runtime, beside onnxruntime-web on one thread, in one process, by turns:
//   tsc -b tsconfig.json && node bench/compile-wasm.mjs [--shared ../shared] [--rounds 31] [MODEL ...]      without names: into docs/compile.md
// Weights are random but for the digits of ../shared/models; 8 bits are calibrated on random samples. Times are medians of one run, with inputs
// copied in and outputs copied out. Bytes are of the module and its loader after Brotli.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { architecture } from 'espalier/architectures';
import { Random } from 'espalier/base';
import { quantizeStatic } from 'espalier/compression/quantization';
import { arrayDataset } from 'espalier/data';
import { loadModel } from 'espalier/formats/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { encodeModel } from 'espalier/onnx';
import { fidelity } from 'espalier/training';
import * as ort from 'onnxruntime-web';
import { lowerGraph, planMemory, prepare } from '#dist/infrastructure/codegen/index.js';
import { loaderSource, wasmModule, wasmSchedule } from '#dist/infrastructure/targets/wasm/index.js';
import { thisMachine } from '../examples/support/machine.mjs';
import { writePart } from '../examples/support/page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { shared: { type: 'string', default: join(root, '..', 'shared') }, rounds: { type: 'string', default: '31' } },
});
/** Milliseconds that the runs of one turn take together, about. */
const TURN = 20;
const runtime = createNodeRuntime({ threads: 1 });
ort.env.wasm.numThreads = 1;

const built = (name, request) => ({ model: architecture(name).build({ seed: 5, ...request }), shape: request.input });
const trained = (file) => existsSync(join(values.shared, 'tflite', file)) && { model: loadModel(join(values.shared, 'tflite', file)) };
const digits = join(values.shared, 'models', 'mnist8_cntk.onnx');
const models = {
  // MLPerf Tiny's keyword network as it was trained, in 8 bits.
  'kws_ref_model.tflite': () => trained('kws_ref_model.tflite'),
  'keywords (DS-CNN)': () => built('ds-cnn', { input: [1, 49, 10], classes: 12 }),
  'resnet-8': () => built('resnet-8', { input: [3, 32, 32], classes: 10 }),
  'mobilenet ×¼': () => built('mobilenet', { input: [3, 96, 96], classes: 2, width: 0.25 }),
  mnist8: () => existsSync(digits) && { model: loadModel(digits), shape: [1, 28, 28] },
};

const rows = ['| model | weights | this, ms | onnxruntime-web, ms | ratio | bytes after Brotli |', '| --- | --- | --- | --- | --- | --- |'];
for (const [name, make] of Object.entries(models)) {
  if (positionals.length > 0 && !positionals.some((wanted) => name.startsWith(wanted))) continue;
  const made = make();
  if (!made) {
    console.error(`${name} is left out: it is not in ${values.shared}.`);
    continue;
  }
  const variants = made.shape
    ? [
        ['float', made.model],
        ['int8', await quantized(made)],
      ]
    : [['int8', made.model]];
  for (const [type, model] of variants) rows.push(await row(name, type, model));
}
await runtime.dispose();
const { processor, cores, node } = thisMachine();
const text = `${processor}, ${cores} cores, Node ${node}.\n\n${rows.join('\n')}`;
if (positionals.length > 0) console.log(text);
else writePart(join(root, 'docs', 'compile.md'), 'wasm', text);

function numbers(shape, count, seed) {
  const random = new Random(seed);
  return Float32Array.from({ length: count * shape.reduce((all, size) => all * size, 1) }, () => random.normal());
}

async function quantized({ model, shape }) {
  const part = (seed) =>
    arrayDataset({ name: 'random', inputs: { x: { type: 'float32', shape: [16, ...shape], data: numbers(shape, 16, seed) } } });
  const goal = fidelity({ reference: model, outputs: model.graph.outputs.map((output) => output.name) });
  const feeds = [{ input: model.graph.inputs[0].name, from: 'x', preprocess: { layout: 'as-is' } }];
  const splits = { train: part(1), calibration: part(2), validation: part(3), test: part(4) };
  return (await quantizeStatic(model, { ...goal, feeds, splits }, runtime)).model;
}

async function row(name, type, model) {
  const lowered = lowerGraph(await prepare(model, { runtime }), wasmSchedule);
  const module = wasmModule(lowered, planMemory(lowered.kernels));
  const loader = loaderSource(module, { file: 'model.wasm' });
  const { load } = await import(`data:text/javascript,${encodeURIComponent(loader)}`);
  const compiled = await load(module.bytes);
  const session = await ort.InferenceSession.create(encodeModel(model));
  const [input] = lowered.inputs;
  const reals = numbers(input.shape, 1, 9);
  const data = input.dtype === 'int8' ? Int8Array.from(reals, (each) => Math.max(-128, Math.min(127, 40 * each))) : reals;
  const runs = [
    async () => compiled.run({ [input.name]: data }),
    () => session.run({ [input.name]: new ort.Tensor(input.dtype, data, input.shape) }),
  ];
  check(name, (await runs[0]())[lowered.outputs[0].name], (await runs[1]())[lowered.outputs[0].name].data);
  const counts = [];
  for (const run of runs) counts.push(Math.max(1, Math.round(TURN / (await perRun(run, 50)))));
  const times = [[], []];
  for (let round = 0; round < Number(values.rounds); round++)
    for (const each of [0, 1]) times[each].push(await perRun(runs[each], counts[each]));
  const [own, other] = times.map(median);
  await session.release();
  const bytes = brotliCompressSync(module.bytes).length + brotliCompressSync(loader).length;
  return `| ${name} | ${type} | ${own.toFixed(3)} | ${other.toFixed(3)} | ${(own / other).toFixed(2)} | ${bytes.toLocaleString('en')} |`;
}

/** Milliseconds of one of some runs. */
async function perRun(run, count) {
  const from = performance.now();
  for (let i = 0; i < count; i++) await run();
  return (performance.now() - from) / count;
}

/** What is timed must be right. */
function check(name, got, wanted) {
  const largest = wanted.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const off = wanted.reduce((most, each, i) => Math.max(most, Math.abs(each - got[i])), 0);
  if (!(off <= 1e-4 * largest)) throw new Error(`${name} answers otherwise than onnxruntime-web: off by ${off} of ${largest}`);
}

function median(times) {
  return times.sort((a, b) => a - b)[times.length >> 1];
}
