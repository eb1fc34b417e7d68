// Sentiment of movie-review sentences: learned vectors of hashed n-grams in at most 200 KB, against logistic regression on TF-IDF, on the same ten folds.
//
//   npm run study:sentiment -- --data DIR
//
// DIR holds the two files of the sentence polarity data set (Pang and Lee 2005), one sentence a line, positive and negative. Sentence i of either file is in
// fold i % 10, as bench/baselines.py has it. For each fold the next one chooses among the settings below, by models of the other eight; the model that is scored
// is trained on all nine. Killed, the same command goes on with the next fold.
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
/** As many buckets, each of four numbers, as 200 KB hold in int8. */
const VOCABULARY = 48000;
const LENGTH = 512;
/** No hidden layer. */
const SHAPE = { width: 0.125, depth: 0.5 };
const TRAINING = { epochs: 20, learningRate: 0.001, batchSize: 64, optimizer: { kind: 'adam' }, evaluateEvery: 0 };
/** What is chosen from. */
const SETTINGS = [
  { characters: [4, 5], augment: [{ name: 'drop-words', share: 0.3 }] },
  { characters: [3, 4], augment: [{ name: 'drop-words', share: 0.3 }] },
  { characters: [4, 5], augment: [] },
  { characters: [3, 4], augment: [] },
];

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
/** A model of the sentences of some folds, and a task whose test part are those of another. */
async function fitted(learned, judged, { characters, augment }, seed) {
  const part = (folds) => subset(all, Int32Array.from([...places.keys()].filter((i) => folds.includes(places[i] % FOLDS))));
  const source = { name: `fold ${judged}`, format: 'texts', train: part(learned), test: part([judged]), close: async () => undefined };
  const fresh = architecture('text-bag').build({ input: [LENGTH], classes: 2, vocabulary: VOCABULARY, ...SHAPE, seed });
  const prepare = { kind: 'text-ngrams', length: LENGTH, vocabulary: VOCABULARY, characters };
  const preprocess = { name: 'hashed ngrams', prepare, layout: 'as-is', dtype: 'int64' };
  const { task } = await createTask(fresh, source, runtime, { untrained: true, preprocess, splits: { validation: 0, calibration: 0 } });
  const { model } = await train({ model: fresh, task, runtime, options: { ...TRAINING, augment, seed } });
  return { model, task };
}

const began = performance.now();
let made = 0;
for (let fold = 0; fold < FOLDS; fold++) {
  if (records[fold]) continue;
  const chooser = (fold + 1) % FOLDS;
  const others = Array.from({ length: FOLDS }, (_, each) => each).filter((each) => each !== fold);
  const tried = [];
  for (const setting of SETTINGS) {
    const { model, task } = await fitted(
      others.filter((each) => each !== chooser),
      chooser,
      setting,
      fold,
    );
    tried.push((await evaluate(model, task, runtime, { split: 'test' })).value);
  }
  const setting = tried.indexOf(Math.max(...tried));
  const { model, task } = await fitted(others, fold, SETTINGS[setting], fold);
  const { model: int8 } = await quantizeDynamic(model, runtime);
  const file = join(flags.work, `fold-${fold}.onnx`);
  const bytes = await saveModel(minifyModel(int8), file);
  const float = (await evaluate(model, task, runtime, { split: 'test' })).value;
  const shipped = (await evaluate(loadModel(file), task, runtime, { split: 'test' })).value;
  records[fold] = { setting, float, int8: shipped, bytes };
  await writeFileAtomic(flags.results, `${JSON.stringify(records, null, 2)}\n`);
  made++;
  const left = ((performance.now() - began) / made) * (FOLDS - 1 - fold);
  console.log(
    `fold ${fold}: float ${percent(float)}%, int8 ${percent(shipped)}% in ${bytes} bytes, setting ${setting}; about ${Math.ceil(left / 60000)} min left`,
  );
}
await close();
await runtime.dispose();
