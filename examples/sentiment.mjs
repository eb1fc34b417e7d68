// Sentiment of movie-review sentences: hashed n-grams and a small perceptron in at most 200 KB, against logistic regression on TF-IDF, on the same ten folds.
//
//   npm run study:sentiment -- --data DIR
//
// DIR holds the two files of the sentence polarity data set (Pang and Lee 2005), one sentence a line, positive and negative. Sentence i of either file is in
// fold i % 10, as bench/baselines.py has it. Nothing is chosen on the folds: the recipe is one for all. Killed, the same command goes on with the next fold.
// Results: examples/results/sentiment.json; --report writes them into docs/guides/text.md.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  architecture,
  createNodeRuntime,
  createTask,
  evaluate,
  loadModel,
  minifyModel,
  openDataset,
  quantizeDynamic,
  saveModel,
  train,
} from 'espalier';
import { writeFileAtomic } from 'espalier/base/node';
import { subset } from 'espalier/data';
import { studyFlags } from './support/flags.mjs';
import { pairedDifference } from './support/folds.mjs';
import { percent, table, writePart } from './support/page.mjs';

const BASELINES = JSON.parse(readFileSync('examples/results/sklearn-baselines.json', 'utf8')).sentiment.models;
const FOLDS = 10;
const VOCABULARY = 16384;
const LENGTH = 512;
const RECIPE = { width: 0.25, epochs: 6, learningRate: 0.004, batchSize: 64 };

function report(results) {
  const records = JSON.parse(readFileSync(results, 'utf8'));
  const ours = Array.from({ length: FOLDS }, (_, fold) => records[fold].int8);
  const mean = (values) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const bytes = Math.max(...Array.from({ length: FOLDS }, (_, fold) => records[fold].bytes));
  const rows = Object.entries(BASELINES).map(([name, { scores }]) => {
    const { mean: gain, low, high } = pairedDifference(ours, scores.flat(), 1 / FOLDS);
    return [name, `${percent(mean(scores.flat()))}%`, `${percent(gain)} (${percent(low)} to ${percent(high)}) points`];
  });
  const own = [`hashed n-grams, int8, ${(bytes / 1e3).toFixed(1)} KB at most`, `${percent(mean(ours))}%`, ''];
  writePart(
    'docs/guides/text.md',
    'sentiment',
    table([['model', 'accuracy, mean of ten folds', 'ours minus this, 95% interval'], own, ...rows]),
  );
}

const flags = studyFlags(
  { results: { type: 'string', default: 'examples/results/sentiment.json' }, work: { type: 'string', default: '.espalier/sentiment' } },
  report,
);
const records = existsSync(flags.results) ? JSON.parse(readFileSync(flags.results, 'utf8')) : {};
mkdirSync(flags.work, { recursive: true });
const runtime = createNodeRuntime();
const { train: all, close } = await openDataset(flags.data);
/** The place of each sentence in its own file. */
const counts = new Map();
const places = [...all.targets.values].map((label) => {
  const place = counts.get(label) ?? 0;
  counts.set(label, place + 1);
  return place;
});
const began = performance.now();
let made = 0;
for (let fold = 0; fold < FOLDS; fold++) {
  if (records[fold]) continue;
  const rows = (keep) => Int32Array.from([...places.keys()].filter(keep));
  const source = {
    name: `fold ${fold}`,
    format: 'texts',
    train: subset(
      all,
      rows((i) => places[i] % FOLDS !== fold),
    ),
    test: subset(
      all,
      rows((i) => places[i] % FOLDS === fold),
    ),
    close: async () => undefined,
  };
  const { width, ...training } = RECIPE;
  const fresh = architecture('text-bag').build({ input: [LENGTH], classes: 2, vocabulary: VOCABULARY, width, seed: fold });
  const preprocess = {
    name: 'hashed ngrams',
    prepare: { kind: 'text-ngrams', length: LENGTH, vocabulary: VOCABULARY },
    layout: 'as-is',
    dtype: 'int64',
  };
  const { task } = await createTask(fresh, source, runtime, { untrained: true, preprocess, splits: { validation: 0, calibration: 0 } });
  const { model } = await train({
    model: fresh,
    task,
    runtime,
    options: { ...training, optimizer: { kind: 'adam' }, evaluateEvery: 0, seed: fold },
  });
  const { model: int8 } = await quantizeDynamic(model, runtime);
  const file = join(flags.work, `fold-${fold}.onnx`);
  const bytes = await saveModel(minifyModel(int8), file);
  const float = (await evaluate(model, task, runtime, { split: 'test' })).value;
  const shipped = (await evaluate(loadModel(file), task, runtime, { split: 'test' })).value;
  records[fold] = { float, int8: shipped, bytes };
  await writeFileAtomic(flags.results, `${JSON.stringify(records, null, 2)}\n`);
  made++;
  const left = ((performance.now() - began) / made) * (FOLDS - 1 - fold);
  console.log(
    `fold ${fold}: float ${percent(float)}%, int8 ${percent(shipped)}% in ${bytes} bytes; about ${Math.ceil(left / 60000)} min left`,
  );
}
await close();
await runtime.dispose();
