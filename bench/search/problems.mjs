// What bench/search.mjs searches: tables and surrogates of ../shared/search that answer at once what a trained configuration would have reached.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const folder = fileURLToPath(new URL('../../../shared/search', import.meta.url));

/** NAS-Bench-Macro: eight layers of three kinds; the value is what is missing to the best mean accuracy, in points. */
export function nasBenchMacro() {
  const table = JSON.parse(gunzipSync(readFileSync(join(folder, 'nas-bench-macro', 'nas-bench-macro_cifar10.json.gz'))));
  const best = Math.max(...Object.values(table).map((entry) => entry.mean_acc));
  const names = Array.from({ length: 8 }, (_, i) => `layer${i}`);
  return {
    name: 'nas-bench-macro',
    space: Object.fromEntries(names.map((name) => [name, { type: 'categorical', choices: ['0', '1', '2'] }])),
    directions: ['minimize'],
    evaluate: (point) => [best - table[names.map((name) => point[name]).join('')].mean_acc],
  };
}

/** Inputs and outputs in the order of the surrogates, as the authors' package yahpo-gym has it; fidelities are at their most. */
const scenarios = {
  lcbench: {
    instance: 'OpenML_task_id',
    categories: ['OpenML_task_id'],
    numbers: ['epoch', 'batch_size', 'learning_rate', 'momentum', 'weight_decay', 'num_layers', 'max_units', 'max_dropout'],
    outputs: ['time', 'val_accuracy', 'val_cross_entropy', 'val_balanced_accuracy', 'test_cross_entropy', 'test_balanced_accuracy'],
    fidelities: { epoch: 52 },
  },
  rbv2_xgboost: {
    instance: 'task_id',
    categories: ['task_id', 'booster', 'num.impute.selected.cpo'],
    numbers:
      'nrounds eta gamma lambda alpha subsample max_depth min_child_weight colsample_bytree colsample_bylevel rate_drop skip_drop trainsize repl'.split(
        ' ',
      ),
    outputs: ['acc', 'bac', 'auc', 'brier', 'f1', 'logloss', 'timetrain', 'timepredict', 'memory'],
    fidelities: { trainsize: 1, repl: 10 },
  },
};
const maximized = new Set(['val_accuracy', 'acc']);

/** The instances and targets that the authors propose for several objectives (or for one), of a scenario that is here. */
export function suite(scenario, kind = 'multi') {
  const all = JSON.parse(readFileSync(join(folder, 'yahpo', `suite-${kind}.json`)));
  return all.filter((entry) => entry.scenario === scenario);
}

/** A surrogate of YAHPO Gym, one data set (instance) and the targets that are searched. */
export async function yahpo({ scenario, instance, target }) {
  const { categories, numbers, outputs, fidelities, ...about } = scenarios[scenario];
  const read = (name) => JSON.parse(readFileSync(join(folder, 'yahpo', scenario, name)));
  const encoding = read('encoding.json');
  const fixed = { ...fidelities, [about.instance]: instance };
  const session = await InferenceSession.create(join(folder, 'yahpo', scenario, 'model.onnx'), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const wanted = target.map((name) => outputs.indexOf(name));
  return {
    name: `${scenario} ${instance}`,
    space: spaceOf(read('config_space.json'), fixed),
    directions: target.map((name) => (maximized.has(name) ? 'maximize' : 'minimize')),
    evaluate: async (point) => {
      const all = { ...point, ...fixed };
      const { output } = await session.run({
        x_cat: new Tensor(
          'int32',
          Int32Array.from(categories, (name) => encoding[name][all[name] ?? '#na#']),
          [1, categories.length],
        ),
        x_cont: new Tensor(
          'float32',
          Float32Array.from(numbers, (name) => all[name] ?? 0),
          [1, numbers.length],
        ),
      });
      return wanted.map((index) => output.data[index]);
    },
  };
}

function spaceOf({ hyperparameters, conditions }, fixed) {
  const when = {};
  for (const { child, parent, value, values = [value] } of conditions) when[child] = { [parent]: values };
  const parameters = hyperparameters
    .filter(({ name }) => !(name in fixed))
    .map(({ name, type, choices, lower: low, upper: high, log }) => {
      const kind =
        type === 'categorical' ? { type, choices } : { type: type === 'uniform_int' ? 'integer' : 'float', low, high, ...(log && { log }) };
      return [name, { ...kind, ...(when[name] && { when: when[name] }) }];
    });
  return Object.fromEntries(parameters.sort(([a], [b]) => Number(a in when) - Number(b in when)));
}
