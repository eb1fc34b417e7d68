import { DataError, OptionError } from '../../base/index.js';
import { copyModel, isFloat, type Model, type Value } from '../../onnx/index.js';
import { typedBuilder } from '../../ops/index.js';
import { headOf, isSigmoid, logitsOf } from '../losses/scores.js';
import type { Goal } from './task.js';

/** The output that says which class a sample is of, and how. */
export interface ClassOutput {
  output: string;
  /** Set where two classes share one score: what that says of the second class. Default: each class has a score of its own. */
  single?: 'probability' | 'logit';
  /** Whether the output holds scores or the number of the class alone. Default: scores. */
  form?: 'scores' | 'labels';
  /** How the scores are looked at that a label is made of. Default: they cannot be. */
  head?: Pick<Goal, 'expose' | 'heads'>;
}

/**
 * The float output with one number per class; for two classes also one with a single number; else one that gives the class's number, as ArgMax does.
 * @param wanted its name, where it is known.
 * @throws OptionError for a name that does not exist; DataError where there is no such output.
 */
export function classOutput(model: Model, classes: number, wanted?: string): ClassOutput {
  const { outputs } = model.graph;
  const scored = (output: Value): ClassOutput => {
    if (isLabel(output)) return { output: output.name, form: 'labels', head: scoresOfLabel(model, output.name) };
    if (classes === 2 && numbersPerSample(output) === 1)
      return { output: output.name, single: isSigmoid(output) ? 'probability' : 'logit' };
    return { output: output.name };
  };
  if (wanted !== undefined) return scored(outputNamed(model, wanted));
  const floats = outputs.filter((output) => isFloat(output.dtype) || output.dtype === undefined);
  const exact = floats.filter((output) => (output.shape?.length ?? 0) >= 2 && numbersPerSample(output) === classes);
  if (exact.length > 0) return { output: exact[0].name };
  const single = floats.filter((output) => (output.shape?.length ?? 0) >= 1 && numbersPerSample(output) === 1);
  if (classes === 2 && single.length === 1) return scored(single[0]);
  const open = floats.filter((output) => output.shape === undefined || Number.isNaN(numbersPerSample(output)));
  if (open.length === 1) return { output: open[0].name };
  const labels = outputs.filter(isLabel);
  if (labels.length > 0) return scored(labels[0]);
  throw noClasses(model, classes);
}

/** @throws OptionError where the model has no output of that name. */
export function outputNamed(model: Model, name: string): Value {
  const { outputs } = model.graph;
  const found = outputs.find((output) => output.name === name);
  if (found) return found;
  throw new OptionError({ what: `The model has no output "${name}"`, expected: outputs.map((output) => output.name).join(', ') });
}

function noClasses(model: Model, classes: number): DataError {
  return new DataError({
    what: `The data has ${classes} classes, and the model has no output with ${classes} scores`,
    where: model.source,
    got: model.graph.outputs.map((output) => `"${output.name}" [${output.shape ?? '?'}]`).join(', '),
    fix: hasFloats(model)
      ? 'Use data with the classes that the model was trained for, or score by fidelity to the original (--fidelity); where the output is a vector for ' +
        'each sample, say so (--task embedding)'
      : 'Use data with the classes that the model was trained for',
  });
}

function hasFloats({ graph }: Model): boolean {
  return graph.outputs.some((output) => isFloat(output.dtype));
}

/** Whether an output gives one whole number a sample: a class, as ArgMax and the classifiers of ai.onnx.ml do. */
export function isLabel(output: Value): boolean {
  return (output.dtype === 'int64' || output.dtype === 'int32') && (output.shape === undefined || numbersPerSample(output) === 1);
}

/** What the scores that a label is made of are called, as an output. */
const LABEL_SCORES = 'scores of the label';

/** How the scores are looked at that a label output is made of; nothing where they cannot be found, as in trees. */
export function scoresOfLabel(model: Model, label: string): Pick<Goal, 'expose' | 'heads'> {
  if (!headOf(outputNamed(model, label)).isActivated) return {};
  return {
    heads: [LABEL_SCORES],
    expose: (candidate) => {
      const copy = copyModel(candidate);
      const build = typedBuilder(copy.graph, copy.opsets);
      build.output(build.op('Identity', [logitsOf(outputNamed(copy, label))]), LABEL_SCORES);
      return copy;
    },
  };
}

/** Numbers per sample; NaN where the shape leaves it open. */
export function numbersPerSample({ shape }: Value): number {
  return (shape ?? [Number.NaN]).slice(1).reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : Number.NaN), 1);
}

/**
 * Whether an output is known to hold class scores, one row a sample: it ends in Softmax, Sigmoid or ArgMax. An output of any other numbers may have as
 * many columns as there are classes and mean something else.
 */
export function holdsScores(output: Value): boolean {
  const [, width, ...rest] = output.shape ?? [];
  const isRow = output.shape === undefined || (rest.every((dim) => dim === 1) && width !== 1);
  return (isLabel(output) || (isFloat(output.dtype) && isRow)) && headOf(output).isActivated;
}

/**
 * The outputs whose numbers, one after the other, are the columns of a regression.
 * @throws OptionError for a name that does not exist; DataError where the numbers do not fit.
 */
export function numberOutputs(model: Model, columns: number, wanted?: string): string[] {
  if (wanted !== undefined) return [outputNamed(model, wanted).name];
  const floats = model.graph.outputs.filter((output) => isFloat(output.dtype) || output.dtype === undefined);
  const exact = floats.find((output) => numbersPerSample(output) === columns);
  if (exact) return [exact.name];
  if (floats.reduce((sum, output) => sum + numbersPerSample(output), 0) === columns) return floats.map(({ name }) => name);
  const open = floats.filter((output) => Number.isNaN(numbersPerSample(output)));
  if (open.length === 1) return [open[0].name];
  throw new DataError({
    what: `The data has ${columns} number(s) a sample to predict, and the model has no output with as many`,
    where: model.source,
    got: model.graph.outputs.map((output) => `"${output.name}" [${output.shape ?? '?'}]`).join(', '),
    fix: 'Name the column that the model predicts (--label), or score by fidelity to the original (--fidelity)',
  });
}
