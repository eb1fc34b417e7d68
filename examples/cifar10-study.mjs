// The survey's network on CIFAR-10: does it train well, and does a teacher help a small student?
//
//   npm run study:cifar10 -- --data DIR [--epochs 15] [--student-epochs 8] [--seeds 3] [--work .espalier/cifar10]
//
// DIR holds train.tar and test.tar, or train/ and test/, with one folder of images per class. Long: about two hours on two cores. Killed, the
// same command goes on from the last epoch. Results: examples/results/cifar10.json. The test part is read once per finished model.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createNodeRuntime, createTask, distill, evaluate, loadModel, openDataset, saveModel, trainTechnique } from 'espalier';
import { surveyCnn } from 'espalier/architectures';
import { checkpointFolder } from 'espalier/strategies/node';
import { checkOptions } from 'espalier/technique';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    epochs: { type: 'string', default: '15' },
    'student-epochs': { type: 'string', default: '8' },
    seeds: { type: 'string', default: '3' },
    work: { type: 'string', default: '.espalier/cifar10' },
    only: { type: 'string', default: 'all' },
  },
});
if (!flags.data) {
  console.error('Give --data DIR, a folder with CIFAR-10 as train.tar and test.tar or as class folders.');
  process.exit(2);
}
mkdirSync(flags.work, { recursive: true });
const runtime = createNodeRuntime();
const source = await openDataset(flags.data);
const epochs = Number(flags.epochs);
const studentEpochs = Number(flags['student-epochs']);
const augment = [{ name: 'flip' }, { name: 'crop' }];
const results = [];

/** Trains one model, or finds that it was trained before. */
async function trainOne({ width, epochs, seed, teacher }) {
  const tag = `width-${width}-epochs-${epochs}-seed-${seed}${teacher ? '-distilled' : ''}`;
  const path = join(flags.work, `${tag}.onnx`);
  const record = join(flags.work, `${tag}.json`);
  if (!existsSync(record)) {
    const model = surveyCnn.build({ input: [3, 32, 32], classes: 10, width, seed });
    const { task } = await createTask(model, source, runtime, { untrained: true });
    const technique = teacher ? distill : trainTechnique;
    const started = performance.now();
    let said = 0;
    const { model: trained, notes } = await technique.apply(
      {
        model,
        original: teacher && loadModel(teacher),
        task,
        runtime,
        seed,
        threads: availableParallelism(),
        checkpoints: checkpointFolder(join(flags.work, `${tag}.work`)),
        onProgress: ({ task: name, done, total, facts }) => {
          if (name !== 'train' || performance.now() - said < 20_000) return;
          said = performance.now();
          console.error(`${tag}: step ${done} of ${total}, loss ${facts?.loss?.toFixed(4)}`);
        },
      },
      checkOptions(technique, { epochs, augment }),
    );
    await saveModel(trained, path);
    const test = await evaluate(loadModel(path), task, runtime, { split: 'test' });
    const outcome = {
      width,
      epochs,
      seed,
      distilled: Boolean(teacher),
      test: test.value,
      interval: test.interval,
      seconds: Math.round((performance.now() - started) / 1000),
      training: notes.training,
    };
    writeFileSync(record, JSON.stringify(outcome));
  }
  const outcome = JSON.parse(readFileSync(record, 'utf8'));
  results.push(outcome);
  console.log(`${tag}: test accuracy ${(100 * outcome.test).toFixed(2)}%`);
  return path;
}

await trainOne({ width: 0.25, epochs, seed: 0 });
if (flags.only === 'all') {
  const teacher = await trainOne({ width: 1, epochs, seed: 0 });
  for (let seed = 0; seed < Number(flags.seeds); seed++) {
    await trainOne({ width: 0.1, epochs: studentEpochs, seed });
    await trainOne({ width: 0.1, epochs: studentEpochs, seed, teacher });
  }
  const gains = results
    .filter((each) => each.distilled)
    .map((each) => each.test - results.find((other) => !other.distilled && other.width === 0.1 && other.seed === each.seed).test);
  console.log(
    `A teacher gives width 0.1 ${gains.map((gain) => `${(100 * gain).toFixed(2)}`).join(', ')} points (seed by seed), ${((100 * gains.reduce((a, b) => a + b, 0)) / gains.length).toFixed(2)} in the mean.`,
  );
}
const machine = { node: process.version, processor: cpus()[0]?.model, cores: availableParallelism() };
mkdirSync('examples/results', { recursive: true });
writeFileSync(
  'examples/results/cifar10.json',
  `${JSON.stringify({ machine, options: { epochs, studentEpochs, batchSize: 128, optimizer: 'adam', schedule: 'one-cycle', learningRate: 0.003, augment }, results }, null, 1)}\n`,
);
await source.close();
await runtime.dispose();
