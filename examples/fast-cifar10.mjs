// The quickest route to 88% on JPEG copies of CIFAR-10 that was found, from decoded images to a trained network, and the same recipe in PyTorch.
//
//   npm run fast:cifar10 -- --data DIR [--seeds 3] [--threads 2] [--python PATH] [--validate]
//
// DIR holds train.tar and test.tar, or train/ and test/, with one folder of images per class. The recipe (examples/fast/recipe.mjs) follows Jordan 2024,
// "94% on CIFAR-10 in 3.29 seconds on a single GPU" (arXiv 2404.00498): a whitening first layer that is not trained, Nesterov momentum, label smoothing,
// flips that alternate, a rate that rises and falls in straight lines, and scores that are the mean over an image and its mirror image. All 50,000
// images are learned from; the test part is read at the end of each seed, with and without the second look. --validate keeps 5,000 images out and
// measures on those instead: the way to try another recipe. With --python, a Python that has PyTorch trains the same network from the same weights.
// Results: examples/results/fast-cifar10.json, one record per seed and engine, which is not trained again; docs/fast.md.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  architecture,
  createNodeRuntime,
  createTask,
  evaluate,
  flipEnsemble,
  footprint,
  openDataset,
  saveModel,
  techniques,
  train,
} from 'espalier';
import { writeFileAtomic } from 'espalier/base/node';
import { prepareArchitecture } from 'espalier/strategies';
import { checkOptions } from 'espalier/technique';
import { writeForPython } from './fast/export.mjs';
import { RECIPE } from './fast/recipe.mjs';
import { writeReport } from './fast/report.mjs';
import { studyFlags } from './support/flags.mjs';
import { thisMachine } from './support/machine.mjs';
import { percent } from './support/page.mjs';

const flags = studyFlags(
  {
    seeds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    python: { type: 'string' },
    validate: { type: 'boolean', default: false },
    work: { type: 'string', default: '.espalier/fast' },
    results: { type: 'string', default: 'examples/results/fast-cifar10.json' },
  },
  writeReport,
);
const threads = Number(flags.threads);
const runtime = createNodeRuntime({ threads });
const source = await openDataset(flags.data);
const machine = { ...thisMachine(), threads };
const study = readResults();
mkdirSync(flags.work, { recursive: true });
for (let seed = 0; seed < Number(flags.seeds); seed++) {
  if (!isDone('espalier', seed)) await keep(await trainHere(seed));
  if (flags.python && !isDone('pytorch', seed)) await keep(await trainInPython(seed));
}
await source.close();
await runtime.dispose();
if (!flags.validate) writeReport(flags.results);

/** The network, ready to be trained, and the task that it is for. */
async function prepare(seed) {
  const { name, width } = RECIPE.architecture;
  const model = architecture(name).build({ input: [3, 32, 32], classes: 10, width, seed });
  const splits = flags.validate ? { calibration: 0 } : { validation: 0, calibration: 0 };
  const { task } = await createTask(model, source, runtime, { untrained: true, splits });
  return { task, model: await prepareArchitecture(name, { model, task, runtime, seed }, techniques) };
}

async function trainHere(seed) {
  const start = performance.now();
  const { model, task } = await prepare(seed);
  const options = { ...RECIPE.training, seed, evaluateEvery: 0 };
  const onEpoch = ({ epoch, loss, accuracy }) => {
    console.log(`seed ${seed}, epoch ${epoch}: loss ${loss.toFixed(4)}, training accuracy ${percent(accuracy)}%, ${elapsed(start)} s`);
  };
  const { model: trained } = await train({ model, task, runtime, threads, options, onEpoch });
  const seconds = Number(elapsed(start));
  const { model: shipped } = await flipEnsemble.apply({ model: trained, task, runtime, seed }, checkOptions(flipEnsemble, {}));
  await saveModel(shipped, join(flags.work, `seed-${seed}.onnx`));
  const judge = (file) => evaluate(file, task, runtime, { split: flags.validate ? 'validation' : 'test', threads });
  const { value, interval } = await judge(shipped);
  const { value: single } = await judge(trained);
  const { macs, parameters } = footprint(trained);
  const { macs: shippedMacs } = footprint(shipped);
  // A training step multiplies about three times as much as an inference: forward, and backward to inputs and to weights.
  const flops = 2 * 3 * macs * task.splits.train.size * options.epochs;
  return { engine: 'espalier', seed, accuracy: value, interval, single, seconds, flops, parameters, macs, shippedMacs };
}

async function trainInPython(seed) {
  const { model, task } = await prepare(seed);
  const folder = join(flags.work, `python-${seed}`);
  await writeForPython(folder, { model, task, recipe: RECIPE, split: flags.validate ? 'validation' : 'test', threads, seed });
  const script = fileURLToPath(new URL('fast/pytorch.py', import.meta.url));
  const { status, stdout } = spawnSync(flags.python, [script, folder], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) throw new Error('PyTorch did not get through; see above.');
  return { engine: 'pytorch', seed, ...JSON.parse(stdout.trim().split('\n').at(-1)) };
}

function readResults() {
  if (!existsSync(flags.results) || flags.validate) return { machine, recipe: RECIPE, records: [] };
  const found = JSON.parse(readFileSync(flags.results, 'utf8'));
  if (JSON.stringify(found.recipe) === JSON.stringify(RECIPE)) return found;
  throw new Error(`${flags.results} is of another recipe. Name another file with --results, or remove it.`);
}

function isDone(engine, seed) {
  return study.records.some((record) => record.engine === engine && record.seed === seed);
}

async function keep(record) {
  study.records.push(record);
  console.log(
    `${record.engine}, seed ${record.seed}: ${percent(record.accuracy)}% (${percent(record.single)}% unmirrored) in ${(record.seconds / 60).toFixed(1)} minutes`,
  );
  if (flags.validate) return;
  mkdirSync(dirname(flags.results), { recursive: true });
  await writeFileAtomic(flags.results, `${JSON.stringify(study, null, 1)}\n`);
}

function elapsed(start) {
  return ((performance.now() - start) / 1000).toFixed(1);
}
