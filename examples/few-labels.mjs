// Few labels: a larger teacher, trained on the labelled samples alone, labels the others; a small student learns from both.
//
//   npm run study:few-labels -- --data DIR --name mnist [--arch survey-cnn] [--shares 0.01,0.05,0.1,1] [--seeds 3] [--steps 1500]
//
// DIR is any data with classes and a test part. For each share of the labels: the student alone on the labelled samples, the teacher, and the student
// taught by the teacher's labels of the rest. Every model takes the same number of steps. The test part is read once per model. Killed, the same command
// goes on with the next model. Results: examples/results/few-labels.json.
import { existsSync, readFileSync } from 'node:fs';
import { architecture, createNodeRuntime, createTask, evaluate, openDataset, train } from 'espalier';
import { writeFileAtomic } from 'espalier/base/node';
import { representatives, subset } from 'espalier/data';
import { withPseudoLabels } from 'espalier/learning/semi-supervised';
import { usualAugmentation } from 'espalier/modalities';
import { studyFlags } from './support/flags.mjs';
import { percent } from './support/page.mjs';

const flags = studyFlags({
  name: { type: 'string', default: 'data' },
  arch: { type: 'string', default: 'survey-cnn' },
  width: { type: 'string', default: '0.25' },
  'teacher-width': { type: 'string', default: '1' },
  shares: { type: 'string', default: '0.01,0.05,0.1,1' },
  seeds: { type: 'string', default: '3' },
  steps: { type: 'string', default: '1500' },
  threshold: { type: 'string', default: '0.9' },
  results: { type: 'string', default: 'examples/results/few-labels.json' },
});
const BATCH = 64;
const records = existsSync(flags.results) ? JSON.parse(readFileSync(flags.results, 'utf8')) : {};
const runtime = createNodeRuntime();
const source = await openDataset(flags.data);
const family = architecture(flags.arch);
const shares = flags.shares.split(',').map(Number);
const seeds = Array.from({ length: Number(flags.seeds) }, (_, seed) => seed);

function fresh(width, seed) {
  const [input] = source.train.inputs;
  const [height, columns, channels] = input.shape;
  return family.build({ input: [channels, height, columns], classes: source.train.targets.classes.length, width, seed });
}

async function fitted(model, task, seed) {
  const { size } = task.splits.train;
  const batchSize = Math.min(BATCH, size);
  const epochs = Math.max(1, Math.round(Number(flags.steps) / Math.floor(size / batchSize)));
  const options = { epochs, batchSize, learningRate: 0.003, seed, evaluateEvery: 0, augment: usualAugmentation(source.train.inputs[0]) };
  return (await train({ model, task, runtime, options })).model;
}

/** The task of a share of the labels: the other training samples are known without them. */
async function lesson(share, seed) {
  const model = fresh(Number(flags['teacher-width']), seed);
  const { task } = await createTask(model, source, runtime, { untrained: true });
  const { train: all } = task.splits;
  const labelled = share === 1 ? all : representatives(all, Math.round(share * all.size), seed);
  const known = new Set(labelled.view?.indices ?? []);
  const rest = Int32Array.from(all.view.indices.filter((index) => !known.has(index)));
  return {
    task: { ...task, splits: { ...task.splits, train: labelled } },
    model,
    rest: share === 1 ? undefined : subset(all.view.of, rest, 'unlabelled'),
  };
}

const total = shares.length * seeds.length;
const began = performance.now();
let done = 0;
let measured = 0;
for (const share of shares) {
  for (const seed of seeds) {
    const id = `${flags.name} ${share} seed ${seed}`;
    done++;
    if (records[id]) continue;
    const { task, model, rest } = await lesson(share, seed);
    const width = Number(flags.width);
    const score = async (made, on) => (await evaluate(made, on, runtime, { split: 'test' })).value;
    const teacher = await fitted(model, task, seed);
    const alone = await fitted(fresh(width, seed), task, seed);
    const more =
      rest && (await withPseudoLabels(task, { teacher, teacherTask: task, unlabelled: rest, runtime, threshold: Number(flags.threshold) }));
    const taught = more && (await fitted(fresh(width, seed), more.task, seed));
    records[id] = {
      share,
      seed,
      labels: task.splits.train.size,
      teacher: await score(teacher, task),
      alone: await score(alone, task),
      ...(taught && { taught: await score(taught, task), labelled: more.kept, unlabelled: more.samples }),
    };
    await writeFileAtomic(flags.results, `${JSON.stringify(records, null, 2)}\n`);
    measured++;
    const left = ((performance.now() - began) / measured) * (total - done);
    const { alone: a, taught: t, teacher: l } = records[id];
    console.log(
      `${id}: ${records[id].labels} labels: student alone ${percent(a)}%, teacher ${percent(l)}%${t === undefined ? '' : `, student taught ${percent(t)}%`}; about ${Math.ceil(left / 60000)} min left`,
    );
  }
}
await source.close();
await runtime.dispose();
