// Quantizes models of ../shared/models with Espalier and writes what bench/quantization.py needs to do the same with ONNX Runtime's own
// quantizer and to measure both: node bench/quantization.mjs OUT [MODEL ...], then python bench/quantization.py OUT.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantize } from 'espalier/compression/quantization';
import { openDataset } from 'espalier/data/node';
import { freeBatch } from 'espalier/infrastructure/compiler';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { loadModel, saveModel } from 'espalier/onnx/node';
import { checkOptions } from 'espalier/technique';
import { feedsOf } from 'espalier/training';

const shared = fileURLToPath(new URL('../../shared/', import.meta.url));
const cifar = { path: join(shared, 'data', 'cifar10', 'test.tar') };
/** Data for each model; `size` in pixels where images must be scaled. Without labels that the model knows, quality is fidelity. */
const cases = {
  mnist8_cntk: { path: join(shared, 'data', 'mnist') },
  ultraface_rfb_320: { ...cifar, size: { width: 320, height: 240 }, preprocess: '+-1', fidelity: true },
  subpixel_cnn_superres: { ...cifar, size: { width: 224, height: 224 }, fidelity: true },
  ppocr_v2_cls: { ...cifar, size: { width: 960, height: 32 }, preprocess: '+-1', fidelity: true },
  fastestdet: { ...cifar, size: { width: 352, height: 352 }, fidelity: true },
};
const SAMPLES = { labelled: { calibration: 128, validation: 2000, test: 2000 }, fidelity: { calibration: 32, validation: 16, test: 32 } };

const [out, ...wanted] = process.argv.slice(2);
if (!out) throw new Error('Usage: node bench/quantization.mjs OUT [MODEL ...]');
const runtime = createNodeRuntime({ threads: 2 });
for (const name of wanted.length > 0 ? wanted : Object.keys(cases)) await prepare(name, cases[name]);
await runtime.dispose();

async function prepare(name, { path, size, preprocess = 'auto', fidelity = false }) {
  const folder = join(out, name);
  mkdirSync(folder, { recursive: true });
  const loaded = await loadModel(join(shared, 'models', `${name}.onnx`));
  const model = await freeBatch(loaded, runtime).catch(() => loaded);
  const source = await openDataset(path, { ...(size && { imageSize: size }), ...(fidelity && { labelled: false }) });
  const count = fidelity ? SAMPLES.fidelity : SAMPLES.labelled;
  const splits = fidelity ? count : { calibration: count.calibration, validation: count.validation };
  const { task, explanation } = await createTask(model, source, runtime, { fidelity, splits, preprocess });
  console.log(`${name}: ${explanation}`);
  await saveModel(model, join(folder, 'float.onnx'));
  await dump(task, 'calibration', count.calibration, folder);
  await dump(task, 'test', count.test, folder);
  for (const calibration of ['min-max', 'percentile', 'entropy', 'mse']) {
    const start = performance.now();
    const options = checkOptions(quantize, { calibration, samples: count.calibration });
    const result = await quantize.apply({ model, task, runtime, seed: 0 }, options);
    const seconds = (performance.now() - start) / 1000;
    await saveModel(result.model, join(folder, `espalier ${calibration}.onnx`));
    const { facts, remarks } = result.notes;
    console.log(`  ${calibration}: ${seconds.toFixed(1)} s, ${JSON.stringify(facts)} ${remarks.join(' ')}`);
  }
}

/** Preprocessed inputs as raw float32, with their shape and labels. */
async function dump(task, part, count, folder) {
  const dataset = task.splits[part];
  const batch = await dataset.read(Int32Array.from({ length: Math.min(count, dataset.size) }, (_, i) => i));
  const [[input, tensor]] = Object.entries(feedsOf(task.feeds, batch));
  writeFileSync(join(folder, `${part}.f32`), tensor.bytes());
  const labels = batch.targets?.kind === 'class' && !task.reference ? [...batch.targets.values] : null;
  writeFileSync(join(folder, `${part}.json`), JSON.stringify({ input, shape: tensor.shape, labels }));
}
