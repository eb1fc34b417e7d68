// Few labels: a larger teacher, trained on the labelled samples alone, labels the others; a small student learns from both.
//
//   npm run study:few-labels -- --data DIR --name mnist [--arch survey-cnn] [--shares 0.01,0.05,0.1,1] [--seeds 3] [--steps 1500]
//   npm run study:few-labels -- --data recordings --name fsdd --arch ds-cnn --label '{label}_*' --held '*_*_{label}=0,1,2,3,4'
//
// DIR is any data with classes; its test part are the samples whose names say so (--held), where it has none of its own. For each share of the labels: the student alone on the labelled samples, the teacher, and the student
// taught by the teacher's labels of the rest. Every model takes the same number of steps. The test part is read once per model. Killed, the same command
// goes on with the next model. Results: examples/results/few-labels.json.
import { existsSync, readFileSync } from 'node:fs';
import { createNodeRuntime, createTask, evaluate, openDataset, train } from 'espalier';
import { writeFileAtomic } from 'espalier/base/node';
import { representatives, subset } from 'espalier/data';
import { withPseudoLabels } from 'espalier/learning/semi-supervised';
import { freshModel, usualAugmentation } from 'espalier/modalities';
import { studyFlags } from './support/flags.mjs';
import { percent, table, writePart } from './support/page.mjs';

/** One row for each data set and share: means over the seeds. */
function report(results) {
  const rows = new Map();
  for (const [id, record] of Object.entries(JSON.parse(readFileSync(results, 'utf8')))) {
    const key = id.replace(/ seed .*/, '');
    rows.set(key, [...(rows.get(key) ?? []), record]);
  }
  const mean = (records, name) => {
    const values = records.flatMap((record) => record[name] ?? []);
    return values.length === 0 ? '' : `${percent(values.reduce((sum, each) => sum + each, 0) / values.length)}%`;
  };
  const lines = [...rows].map(([key, records]) => [
    key.replace(/ .*/, ''),
    `${100 * records[0].share}% (${records[0].labels})`,
    mean(records, 'alone'),
    mean(records, 'teacher'),
    mean(records, 'taught'),
    String(records.length),
  ]);
  writePart('docs/training.md', 'few-labels', table([['data', 'labels', 'student alone', 'teacher', 'student taught', 'seeds'], ...lines]));
}

const flags = studyFlags(
  {
    name: { type: 'string', default: 'data' },
    arch: { type: 'string', default: 'survey-cnn' },
    width: { type: 'string', default: '0.25' },
    'teacher-width': { type: 'string', default: '1' },
    shares: { type: 'string', default: '0.01,0.05,0.1,1' },
    seeds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '1500' },
    threshold: { type: 'string', default: '0.9' },
    label: { type: 'string' },
    held: { type: 'string' },
    results: { type: 'string', default: 'examples/results/few-labels.json' },
  },
  report,
);
const BATCH = 64;
const records = existsSync(flags.results) ? JSON.parse(readFileSync(flags.results, 'utf8')) : {};
const runtime = createNodeRuntime();
const source = await opened();
const shares = flags.shares.split(',').map(Number);
const seeds = Array.from({ length: Number(flags.seeds) }, (_, seed) => seed);

/** The data with a test part: its own, or the samples whose names say so. */
async function opened() {
  const label = flags.label && { label: flags.label };
  const whole = await openDataset(flags.data, label);
  if (!flags.held) return whole;
  const [pattern, held] = flags.held.split('=');
  const { train: same } = await openDataset(flags.data, { label: pattern });
  const { classes, values } = same.targets;
  const wanted = new Set(held.split(',').map((name) => classes.indexOf(name)));
  const part = (keep, name) => subset(whole.train, Int32Array.from([...values.keys()].filter((i) => wanted.has(values[i]) === keep)), name);
  return { ...whole, train: part(false, 'train'), test: part(true, 'test') };
}

function fresh(width, seed) {
  return freshModel(source, { family: flags.arch, width, seed });
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
  const { model, preprocess } = fresh(Number(flags['teacher-width']), seed);
  const { task } = await createTask(model, source, runtime, { untrained: true, preprocess });
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
    const alone = await fitted(fresh(width, seed).model, task, seed);
    const more =
      rest && (await withPseudoLabels(task, { teacher, teacherTask: task, unlabelled: rest, runtime, threshold: Number(flags.threshold) }));
    const taught = more && (await fitted(fresh(width, seed).model, more.task, seed));
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
