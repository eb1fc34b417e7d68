// What is left of a model by each importance, without tuning: node bench/pruning.mjs [--shared ../shared]
// Prints two tables: channels and heads at 80% and 60% of the multiply-accumulates; zeros at 50%, 70% and in 2:4. The metric is of the test part.
import { parseArgs } from 'node:util';
import { MEASURES, prune, sparsify } from 'espalier/compression/pruning';
import { createNodeRuntime } from 'espalier/infrastructure/runtime/node';
import { checkOptions } from 'espalier/technique';
import { evaluate } from 'espalier/training';
import { namedModels } from './named-models.mjs';

const { values } = parseArgs({ options: { shared: { type: 'string', default: '../shared' } } });
const runtime = createNodeRuntime();
const models = await namedModels(runtime, values.shared);

const measured = async (technique, { model, task }, options) => {
  const quality = async (each) => `${(100 * (await evaluate(each, task, runtime, { threads: 1, split: 'test' })).value).toFixed(2)}%`;
  if (!technique) return quality(model);
  try {
    const context = { model, task, runtime, threads: 1, seed: 3 };
    const { model: small } = await technique.apply(context, checkOptions(technique, { tuning: 'none', ...options }));
    return await quality(small);
  } catch (error) {
    return error.message.slice(0, 60);
  }
};

console.log(`| model | kept | ${MEASURES.join(' | ')} |`);
console.log(`| --- | --- | ${MEASURES.map(() => '---').join(' | ')} |`);
for (const [name, each] of models) {
  console.log(`| ${name} | all: ${await measured(undefined, each)} |${' |'.repeat(MEASURES.length)}`);
  for (const keep of [0.8, 0.6]) {
    const cells = [];
    for (const importance of MEASURES) cells.push(await measured(prune, each, { keep, importance }));
    console.log(`| ${name} | ${100 * keep}% | ${cells.join(' | ')} |`);
  }
}

const zeros = [{ sparsity: 0.5 }, { sparsity: 0.7 }, { pattern: '2:4' }];
console.log('\n| model | zeros | magnitude | LAMP | Wanda | SparseGPT |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const [name, each] of models) {
  for (const options of zeros) {
    const cells = [
      await measured(sparsify, each, { ...options, ranking: 'magnitude' }),
      options.pattern ? '' : await measured(sparsify, each, options),
      await measured(sparsify, each, { ...options, importance: 'wanda' }),
      await measured(sparsify, each, { ...options, importance: 'sparsegpt' }),
    ];
    console.log(`| ${name} | ${options.pattern ?? `${100 * options.sparsity}%`} | ${cells.join(' | ')} |`);
  }
}
await runtime.dispose();
