// Better models than the survey's recipe gives, at the sizes of its int8 files: grow-improve-shrink on CIFAR-10, with as many epochs for each model as
// reproduce-survey.mjs takes, and a teacher that costs less than the survey's of width 2: the quick recipe of fast-cifar10.mjs, without what blurs its scores.
//
//   npm run beat:survey -- --data DIR [--sizes 26.7,38.3] [--families fast-cnn,resnet-8] [--trials 12] [--epochs 10] [--budget 150] [--jobs 2]
//
// DIR holds train.tar and test.tar, or train/ and test/, with one folder of images per class. Long: hours on two cores. Killed, or over its --budget (in
// minutes), the same command goes on where it was. Models are chosen on the validation part; the test part is read once, for those on the front. What was
// found is in examples/results/beat.json; docs/survey.md is written from it (--report does only that).
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  architecture,
  createNodeRuntime,
  createTask,
  growImproveShrink,
  loadModel,
  nodeHost,
  openDataset,
  openWorkspace,
  optimize,
  Stopped,
  saveModel,
  techniques,
  train,
} from 'espalier';
import { writeFileAtomic } from 'espalier/base/node';
import { prepareArchitecture } from 'espalier/strategies';
import { checkpointFolder } from 'espalier/strategies/node';
import { RECIPE } from './fast/recipe.mjs';
import { studyFlags } from './support/flags.mjs';
import { thisMachine } from './support/machine.mjs';
import { writeBeatReport } from './survey/beat-report.mjs';

const flags = studyFlags(
  {
    // Kilobytes of the survey's int8 files, then quarters of what the same networks take here.
    sizes: { type: 'string', default: '26.7,38.3,110.8,359,8.25,11.1,29.8,93.6' },
    families: { type: 'string', default: 'fast-cnn,resnet-8' },
    trials: { type: 'string', default: '12' },
    epochs: { type: 'string', default: '10' },
    teacher: { type: 'string', default: '0.5' },
    budget: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    work: { type: 'string', default: '.espalier/beat' },
    results: { type: 'string', default: 'examples/results/beat.json' },
  },
  writeBeatReport,
);
/** Milliseconds between two lines of progress. */
const QUIET = 60_000;
const epochs = Number(flags.epochs);
const jobs = Number(flags.jobs);
const threads = availableParallelism();
const started = performance.now();
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const source = await openDataset(flags.data);
const runtime = createNodeRuntime({ threads });
mkdirSync(flags.work, { recursive: true });
const results = existsSync(flags.results) ? JSON.parse(readFileSync(flags.results, 'utf8')) : { machine: thisMachine(), epochs, sizes: {} };
try {
  const { teacher, task } = await teach();
  for (const kilobytes of flags.sizes.split(',')) await search(teacher, task, kilobytes);
  writeBeatReport(flags.results);
} catch (error) {
  if (!(error instanceof Stopped)) throw error;
  console.error('Stopped: the same command goes on.');
}
await source.close();
await runtime.dispose();

/** The model that every search begins with. */
async function teach() {
  const file = join(flags.work, `teacher-${flags.teacher}.onnx`);
  const fresh = architecture('fast-cnn').build({ input: [3, 32, 32], classes: 10, width: Number(flags.teacher), seed: 0 });
  const { task } = await createTask(fresh, source, runtime, { untrained: true });
  if (existsSync(file)) return { teacher: loadModel(file), task };
  const context = { task, runtime, seed: 0, threads, signal: stop.signal, onProgress: progressOf('teacher') };
  const prepared = await prepareArchitecture('fast-cnn', { ...context, model: fresh }, techniques);
  const checkpoints = checkpointFolder(join(flags.work, `teacher-${flags.teacher}.work`));
  const { model: teacher } = await train({
    ...context,
    model: prepared,
    // Scores of smoothed labels say less about which mistakes are near (Müller, Kornblith and Hinton 2019).
    options: { ...RECIPE.training, epochs, labelSmoothing: 0, seed: 0, evaluateEvery: 0 },
    resume: await checkpoints.load('train'),
    onCheckpoint: (checkpoint) => checkpoints.save('train', checkpoint),
  });
  await saveModel(teacher, file);
  return { teacher, task };
}

/** One run of the main job within a size; what is done is not done again. */
async function search(teacher, task, kilobytes) {
  const folder = join(flags.work, `${kilobytes}KB`);
  const left = flags.budget ? Number(flags.budget) * 60_000 - (performance.now() - started) : undefined;
  if (left !== undefined && left <= 0) throw new Stopped('The budget is over');
  const workspace = await openWorkspace(folder);
  try {
    const info = await optimize({
      name: `CIFAR-10 within ${kilobytes} KB`,
      original: teacher,
      task,
      strategy: growImproveShrink,
      registry: techniques,
      runtime,
      workspace,
      host: nodeHost(runtime, folder),
      signal: stop.signal,
      onProgress: progressOf(`${kilobytes} KB`),
      onMessage: ({ text }) => console.log(`${kilobytes} KB: ${text}`),
      options: {
        trials: Number(flags.trials),
        epochs,
        jobs,
        threads: Math.max(1, Math.floor(threads / jobs)),
        budgetMs: left,
        families: flags.families.split(','),
        objectives: ['bytes'],
        limits: { maxSize: Number(kilobytes) * 1000 },
      },
    });
    results.teacher = summary(info.baseline);
    results.validated = info.task.samples.validation;
    results.sizes[kilobytes] = {
      trials: info.trials,
      seconds: info.seconds,
      complete: info.complete,
      models: info.models.filter(({ onFront, recipe }) => onFront || recipe.at(-1)?.technique === 'minify').map(summary),
    };
    await writeFileAtomic(flags.results, `${JSON.stringify(results, null, 1)}\n`);
  } finally {
    await workspace.close();
  }
}

/** What a model is, what it weighs, and how good it is: on the test part for those on the front only. */
function summary({ label, recipe, footprint, validation, test }) {
  const taken = recipe.map(({ options }) => Number(options.epochs ?? 0)).reduce((sum, each) => sum + each, 0);
  const quality = ({ value, interval }) => ({ value, interval });
  return {
    label,
    recipe,
    epochs: taken,
    bytes: footprint.bytes,
    macs: footprint.macs,
    validation: quality(validation),
    test: test && quality(test),
  };
}

function progressOf(name) {
  let said = performance.now();
  return ({ task, done, total }) => {
    if (performance.now() - said < QUIET) return;
    said = performance.now();
    console.error(`${name}: ${task}, ${done} of ${total ?? '?'}`);
  };
}
