// Tables: a small perceptron against scikit-learn's gradient boosting, on the same folds.
//
//   npm run study:tables -- --data DIR [--only iris,wine,breast-cancer,digits,diabetes]
//
// DIR holds the five tables as CSV, the target in the last column: `python bench/baselines.py DIR` writes them with the baselines' scores. For each of five
// repeats of five folds a setting is chosen by the other four folds, each left out in turn, a model is trained with it on all of them, and scored once on the
// fold that is left. Killed, the same command goes on with the next fold. Results: examples/results/tables.json; --report writes them into docs/guides/tables.md.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeRuntime, createTask, evaluate, openDataset, techniques, train } from 'espalier';
import { writeFileAtomic } from 'espalier/base/node';
import { subset } from 'espalier/data';
import { freshModel } from 'espalier/modalities';
import { prepareArchitecture } from 'espalier/strategies';
import { studyFlags } from './support/flags.mjs';
import { foldsOf, pairedDifference } from './support/folds.mjs';
import { table, writePart } from './support/page.mjs';

const BASELINES = JSON.parse(readFileSync('examples/results/sklearn-baselines.json', 'utf8')).tables;
const REPEATS = 5;
const FOLDS = 5;
/** What is chosen from, the simpler before the larger where they are as good. */
const SETTINGS = [
  { width: 0.5, depth: 0.5, weightDecay: 3, steps: 600 },
  { width: 0.25, depth: 0.5, weightDecay: 10, steps: 600 },
  { width: 1, depth: 1, weightDecay: 1, steps: 2000 },
];

function report(results) {
  const records = JSON.parse(readFileSync(results, 'utf8'));
  const rows = Object.entries(BASELINES).flatMap(([name, baseline]) => {
    const scores = scoresOf(records, name.replace(' ', '-'));
    if (!scores) return [];
    const boosted = Object.entries(baseline.models).sort(([, a], [, b]) => b.mean - a.mean)[0];
    const { mean, low, high } = pairedDifference(scores, boosted[1].scores.flat(), 1 / FOLDS);
    const of = (values) => (values.reduce((sum, each) => sum + each, 0) / values.length).toFixed(4);
    return [
      [
        name,
        baseline.score,
        of(scores),
        `${boosted[1].mean.toFixed(4)} (${boosted[0]})`,
        `${mean.toFixed(4)} (${low.toFixed(4)} to ${high.toFixed(4)})`,
      ],
    ];
  });
  writePart(
    'docs/guides/tables.md',
    'tables',
    table([['table', 'score', 'perceptron', 'best gradient boosting', 'difference, 95% interval'], ...rows]),
  );
}

/** The scores of all folds in order, or nothing where some are missing. */
function scoresOf(records, name) {
  const scores = [];
  for (let repeat = 0; repeat < REPEATS; repeat++)
    for (let fold = 0; fold < FOLDS; fold++) scores.push(records[`${name} ${repeat}.${fold}`]?.score);
  return scores.every((score) => score !== undefined) ? scores : undefined;
}

const flags = studyFlags(
  {
    only: { type: 'string', default: 'iris,wine,breast-cancer,digits,diabetes' },
    results: { type: 'string', default: 'examples/results/tables.json' },
  },
  report,
);
const records = existsSync(flags.results) ? JSON.parse(readFileSync(flags.results, 'utf8')) : {};
const runtime = createNodeRuntime({ threads: 1 });

async function fitted(train_, test, setting, seed) {
  const source = { name: 'fold', format: 'table', train: train_, test, close: async () => undefined };
  const { model: fresh, preprocess } = freshModel(source, { family: 'mlp', ...setting, seed });
  const options = { untrained: true, preprocess, splits: { validation: 0, calibration: 0, seed } };
  const { task } = await createTask(fresh, source, runtime, options);
  const model = await prepareArchitecture('mlp', { model: fresh, task, runtime, seed }, techniques);
  const batchSize = Math.min(32, train_.size);
  const epochs = Math.ceil(setting.steps / Math.floor(train_.size / batchSize));
  const training = {
    epochs,
    batchSize,
    optimizer: { kind: 'adamw' },
    learningRate: 0.003,
    weightDecay: setting.weightDecay,
    freeze: ['standardize.*'],
    evaluateEvery: 0,
    seed,
  };
  const result = await train({ model, task, runtime, options: training });
  return (await evaluate(result.model, task, runtime, { split: 'test' })).value;
}

const began = performance.now();
let made = 0;
const names = flags.only.split(',');
const total = names.length * REPEATS * FOLDS;
let done = 0;
for (const name of names) {
  const { train: all, close } = { ...(await openDataset(join(flags.data, `${name}.csv`), { label: 'target' })) };
  const labels = all.targets.kind === 'class' ? [...all.targets.values] : undefined;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const fold = foldsOf(all.size, labels, repeat);
    for (let k = 0; k < FOLDS; k++) {
      const id = `${name} ${repeat}.${k}`;
      done++;
      if (records[id]) continue;
      const rows = (keep) => Int32Array.from([...fold.keys()].filter(keep));
      const part = (keep) => subset(all, rows(keep));
      const means = [];
      for (const setting of SETTINGS) {
        let sum = 0;
        for (let chooser = 0; chooser < FOLDS; chooser++) {
          if (chooser === k) continue;
          const learning = part((i) => fold[i] !== k && fold[i] !== chooser);
          sum += await fitted(
            learning,
            part((i) => fold[i] === chooser),
            setting,
            repeat,
          );
        }
        means.push(sum / (FOLDS - 1));
      }
      const best = means.indexOf(Math.max(...means));
      const inside = part((i) => fold[i] !== k);
      records[id] = {
        score: await fitted(
          inside,
          part((i) => fold[i] === k),
          SETTINGS[best],
          repeat,
        ),
        setting: best,
      };
      await writeFileAtomic(flags.results, `${JSON.stringify(records, null, 2)}\n`);
      made++;
      const left = ((performance.now() - began) / made) * (total - done);
      console.log(`${id}: ${records[id].score.toFixed(4)} with setting ${best}; about ${Math.ceil(left / 60000)} min left`);
    }
  }
  await close();
}
await runtime.dispose();
