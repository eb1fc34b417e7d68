// What is tried of each technique, and on which models with which data. Techniques come from the registry: a new one is tried by its own example.
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { techniques } from 'espalier/strategies';
import { needs, optionsOf } from 'espalier/technique';

/** Options beside a technique's own example, each a row of the table. Training takes few steps: that it works is to be seen, not how well. */
const VARIANTS = {
  quantize: {
    'quantize dynamic': { mode: 'dynamic' },
    'quantize weights': { mode: 'weights' },
    'quantize half': { mode: 'half' },
    'quantize static': { mode: 'static' },
  },
  'low-rank': { 'low-rank': { energy: 0.9 }, 'low-rank untuned': { energy: 0.99, tuning: 'none' } },
  prune: { prune: { keep: 0.9 }, 'prune untuned': { keep: 0.95, tuning: 'none' } },
  sparsify: { sparsify: { sparsity: 0.3 }, 'sparsify untuned': { sparsity: 0.3, tuning: 'none' } },
};
/** Few steps, with small batches, at a rate that does no harm. */
const FEW = { epochs: 1, batchSize: 8, learningRate: 0.0001 };

/** Every row of the table: its name, and the command line's words for it or `library` where it has none; the cheap ones first. */
export function waysOf() {
  const rows = techniques.all().flatMap((technique) => {
    const variants = VARIANTS[technique.name] ?? { [technique.name]: technique.example ?? {} };
    return Object.entries(variants).map(([way, given]) => {
      const has = new Set(optionsOf(technique).map(({ name }) => name));
      const few = given.tuning === 'none' ? {} : Object.fromEntries(Object.entries(FEW).filter(([name]) => has.has(name)));
      const options = { ...given, ...few };
      const checked = technique.schema.parse(options);
      const words = Object.entries(options).map(([name, value]) => `--set=${name}=${JSON.stringify(value)}`);
      return {
        way,
        technique: technique.name,
        options: given,
        words,
        data: needs(technique, 'data', checked),
        trains: needs(technique, 'gradients', checked),
      };
    });
  });
  return [
    { way: 'inspect', inspect: true },
    { way: 'simplify', library: true },
    ...rows.toSorted((a, b) => Number(a.data) + Number(a.trains) - Number(b.data) - Number(b.trains)),
  ];
}

const DIGITS = ['--data', 'digits', '--preprocess', '0-1', '--limit', '600'];

/** Data of models that have some, relative to the shared folder; the others get synthetic samples. */
const DATA = {
  mnist8_cntk: (at) => ['--data', at('data/mnist'), '--limit', '600'],
  olive_mnist_dynquant: (at) => ['--data', at('data/mnist'), '--limit', '600'],
};
/** Cases about compression: a file each, with its data. */
const CASES = {
  'argmax-only/argmaxT.onnx': () => DIGITS,
  'depthwise-wild-scales/mbwild.t.onnx': () => DIGITS,
  'dynamic-name-batch1-reshape/dynshufT.onnx': () => DIGITS,
  'external-data/sub/model.onnx': () => DIGITS,
  'fp16/fp16.onnx': () => DIGITS,
  'groupnorm-decomposed/p_gn0.onnx': () => DIGITS,
  'multilabel/ml.onnx': (at) => ['--data', at('cases/multilabel/ml.npz')],
  'reg2-two-outputs/reg2.onnx': (at) => ['--data', at('cases/reg2-two-outputs/reg2.npy')],
  'transformer-outlier-channels/tx2out.t.onnx': (at) => ['--data', at('cases/transformer-outlier-channels/pol2s.npz'), '--limit', '600'],
};
const SYNTHETIC = ['--data', 'synthetic', '--limit', '40'];

/** Models and cases that lie in a folder: name, path and words that give their data. */
export function modelsOf(shared) {
  const at = (path) => join(shared, path);
  const models = readdirSync(at('models')).filter((file) => file.endsWith('.onnx'));
  return [
    ...models.map((file) => {
      const name = basename(file, '.onnx');
      return { name, path: at(`models/${file}`), data: DATA[name]?.(at) ?? SYNTHETIC, isSynthetic: !DATA[name] };
    }),
    ...Object.entries(CASES)
      .filter(([file]) => existsSync(at(`cases/${file}`)))
      .map(([file, data]) => ({ name: file.split('/')[0], path: at(`cases/${file}`), data: data(at), isSynthetic: false })),
  ];
}
