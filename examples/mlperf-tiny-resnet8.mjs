// ResNet-8 of MLPerf Tiny, as the benchmark ships it in TensorFlow Lite: a front that dominates it.
//
//   npm run study:resnet8 -- --data DIR --models DIR [--epochs 2] [--tuning-epochs 5] [--trials 6] [--budget 2h] [--work .espalier/resnet8]
//
// --data holds CIFAR-10 as train.tar and test.tar, or train/ and test/, with one folder of images per class; --models holds pretrainedResnet.tflite and
// pretrainedResnet_quant.tflite of github.com/mlcommons/tiny. The float model is trained on with flips and crops, for it has
// never seen pictures that went through JPEG, and put through `optimize`; each model of the front is written as .tflite, read again from there and measured on the
// test part, once. Killed, the same command goes on. Results: examples/results/mlperf-tiny-resnet8.json.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { studyFlags } from './support/flags.mjs';
import { thisMachine } from './support/machine.mjs';
import { percent } from './support/page.mjs';

const flags = studyFlags({
  models: { type: 'string' },
  epochs: { type: 'string', default: '2' },
  'tuning-epochs': { type: 'string', default: '5' },
  trials: { type: 'string', default: '6' },
  budget: { type: 'string', default: '2h' },
  work: { type: 'string', default: '.espalier/resnet8' },
  results: { type: 'string', default: 'examples/results/mlperf-tiny-resnet8.json' },
});
if (!flags.models) {
  console.error('Give --models DIR; what it must hold is said at the top of the script.');
  process.exit(2);
}
const cli = fileURLToPath(new URL('../bin/espalier.js', import.meta.url));
/** How pixels become inputs, as the benchmark's training script has it. */
const pixels = ['--data', flags.data, '--preprocess', '0-255'];

function espalier(...args) {
  const { status, stdout } = spawnSync(process.execPath, [cli, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) process.exit(status ?? 1);
  return JSON.parse(stdout);
}

function measured(name, file) {
  const { value, interval, samples } = espalier('eval', file, ...pixels, '--json');
  const record = { name, bytes: statSync(file).size, accuracy: value, interval, samples };
  console.log(`${name}: ${percent(value)}% of ${samples} test images in ${record.bytes} bytes`);
  return record;
}

mkdirSync(flags.work, { recursive: true });
const given = ['pretrainedResnet.tflite', 'pretrainedResnet_quant.tflite'].map((file) => measured(file, join(flags.models, file)));
const tuned = join(flags.work, 'tuned.onnx');
const training = ['--epochs', flags.epochs, '--lr', '0.0001', '--batch-size', '128', '--augment', 'flip,crop:2', '--no-time'];
if (!existsSync(tuned))
  espalier('train', '--model', join(flags.models, 'pretrainedResnet.tflite'), ...pixels, ...training, '--out', tuned, '--json');
const out = join(flags.work, 'front');
const search = ['--epochs', flags['tuning-epochs'], '--trials', flags.trials, '--budget', flags.budget];
espalier('optimize', tuned, ...pixels, ...search, '-o', out, '--json');
const { models } = JSON.parse(readFileSync(join(out, 'front.json'), 'utf8'));
// Others were beaten, or are outside the limits.
const found = models
  .filter(({ test }) => test)
  .map(({ id, file: written }) => {
    const file = join(flags.work, `${id}.tflite`);
    espalier('convert', join(out, written), '-o', file, '--json');
    return measured(id, file);
  });
const [, int8] = given;
const better = found.filter(({ accuracy, bytes }) => accuracy > int8.accuracy && bytes < int8.bytes);
console.log(`${better.length} of ${found.length} models are right more often and smaller than the benchmark's int8 file.`);
mkdirSync(dirname(flags.results), { recursive: true });
writeFileSync(
  flags.results,
  `${JSON.stringify({ machine: thisMachine(), given, found, better: better.map(({ name }) => name) }, null, 2)}\n`,
);
