// What the repairs of static quantization gain over rounding to nearest, with every layer quantized, so that all files of a row have the same
// bytes but for biases: node bench/repairs.mjs [MODEL ...]. Wants ../shared; prints the table of docs/quantization.md.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantizeStatic } from 'espalier/compression/quantization';
import { openDataset } from 'espalier/data/node';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { createTask } from 'espalier/modalities';
import { encodeModel } from 'espalier/onnx';
import { loadModel } from 'espalier/onnx/node';
import { answersOf, judge } from 'espalier/training';

const shared = (...parts) => join(fileURLToPath(new URL('../../shared/', import.meta.url)), ...parts);
const digits = { data: 'digits', preprocess: '0-1' };
const text = { data: shared('cases', 'transformer-outlier-channels', 'pol2s.npz') };
const images = (width, height, preprocess) => ({
  data: shared('data', 'cifar10', 'test.tar'),
  size: { width, height },
  preprocess,
  fidelity: true,
});
const cases = {
  mbr: { path: shared('cases', 'depthwise-wild-scales', 'mbr.t.onnx'), ...digits },
  mbwild: { path: shared('cases', 'depthwise-wild-scales', 'mbwild.t.onnx'), ...digits },
  tx2: { path: shared('cases', 'transformer-outlier-channels', 'tx2.t.onnx'), ...text },
  tx2out: { path: shared('cases', 'transformer-outlier-channels', 'tx2out.t.onnx'), ...text },
  smT: { path: shared('cases', 'argmax-only', 'smT.onnx'), ...digits },
  ppocr_v2_cls: images(192, 48, '+-1'),
  subpixel_cnn_superres: images(224, 224),
  ultraface_rfb_320: images(320, 240, '+-1'),
  fastestdet: images(352, 352),
};
const repairs = { none: {}, equalize: { equalize: true }, smooth: { smooth: true }, correctBias: { correctBias: true } };
repairs.all = { equalize: true, smooth: true, correctBias: true };
const SPLITS = { labelled: { seed: 1 }, fidelity: { seed: 1, calibration: 32, validation: 8, test: 32 } };

const wanted = process.argv.slice(2);
const runtime = createNodeRuntime({ threads: 1 });
console.log(
  `| model | weights | ${Object.keys(repairs).join(' | ')} |\n| --- | --- | ${Object.keys(repairs)
    .map(() => '---')
    .join(' | ')} |`,
);
for (const [name, given] of Object.entries(cases)) if (wanted.length === 0 || wanted.includes(name)) await row(name, given);
await runtime.dispose();

async function row(name, { path = shared('models', `${name}.onnx`), data, size, preprocess, fidelity = false }) {
  const model = await loadModel(path);
  const source = await openDataset(data, { ...(size && { imageSize: size }), ...(fidelity && { labelled: false }) });
  const splits = fidelity ? SPLITS.fidelity : SPLITS.labelled;
  const { task } = await createTask(model, source, runtime, { fidelity, splits, ...(preprocess && { preprocess }) });
  const original = fidelity ? undefined : await answersOf(model, task, runtime, { split: 'test' });
  for (const weights of [{ weightType: 'int8' }, { weightType: 'int4' }]) {
    const cells = [];
    for (const options of Object.values(repairs)) {
      const { model: small } = await quantizeStatic(model, task, runtime, { ...weights, ...options, threads: 1 });
      const quality = judge(task, await answersOf(small, task, runtime, { split: 'test' }), original);
      const value = quality.agreement ? `${(100 * quality.agreement.value).toFixed(2)}%` : quality.value.toFixed(4);
      cells.push(`${value} (${(encodeModel(small).byteLength / 1000).toFixed(1)} KB)`);
    }
    console.log(`| ${name} | ${weights.weightType} | ${cells.join(' | ')} |`);
  }
  await source.close();
}
