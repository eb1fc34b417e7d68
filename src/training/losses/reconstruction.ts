import { asRows, type LossBuilder } from './loss.js';

/** Input of the step that holds a weight for each sample, [batch, 1]: 1 for those that are to be reconstructed, else 0. */
export const NORMAL = 'espalier.normal';

/**
 * How far an output is from the model's own input, mean over the numbers of a sample and over the samples that are normal; what is anomalous does not
 * count.
 */
export function reconstructionLoss(output: string, input: string, shape: 'mse' | 'mae' = 'mse'): LossBuilder {
  return ({ build, value, input: own, feed, batchSize }) => {
    const difference = build.op('Sub', [asRows(build, value(output), batchSize), asRows(build, own(input), batchSize)]);
    const errors = shape === 'mae' ? build.op('Abs', [difference]) : build.op('Mul', [difference, difference]);
    const normal = feed(NORMAL, 'float32', [batchSize, 1]);
    const each = build.op('Mul', [build.op('ReduceMean', [errors, build.ints([1])], { keepdims: 1 }), normal]);
    const sum = (numbers: typeof each) => build.op('ReduceSum', [numbers], { keepdims: 0 });
    return build.op('Div', [sum(each), build.op('Max', [sum(normal), build.scalar(1)])]);
  };
}
