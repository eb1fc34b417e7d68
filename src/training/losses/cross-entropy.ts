import { DataError, requireKnown } from '../../base/index.js';
import { type GraphBuilder, Tensor, type Value } from '../../onnx/index.js';
import { asRows, type LossBuilder, scaledSum, TARGETS, widthOf } from './loss.js';
import { headOf } from './scores.js';

export interface CrossEntropyOptions {
  /** Factor of each class's part of the loss. Default: 1 for every class. */
  classWeights?: readonly number[];
  /**
   * Exponent γ of the focal loss (Lin et al. 2017): samples that are answered well count (1 - p)^γ times. Default: 0, which is cross entropy.
   */
  focus?: number;
  /** Numbers a sample that the output is to have. Default: as many as it has. @throws DataError where it has others. */
  width?: number;
}

const OPTIONS = ['classWeights', 'focus', 'width'] as const satisfies readonly (keyof CrossEntropyOptions)[];

/**
 * Cross entropy of a classifier's output with the target probabilities that the host feeds, so that smoothed, mixed and one-hot labels are all
 * the same to it. Outputs are scores, or probabilities after Softmax, or the label that ArgMax makes of them; extra axes of size 1 are dropped. After
 * a Sigmoid each class is a yes-or-no question of its own, and so is a single score: then it is the sum of the classes' binary cross entropies.
 */
export function crossEntropy(output: string, options: CrossEntropyOptions = {}): LossBuilder {
  requireKnown(options, OPTIONS, 'loss "cross-entropy"');
  return ({ build, value, feed, batchSize }) => {
    const { logits, kind } = headOf(value(output));
    const scores = asRows(build, logits, batchSize);
    const width = widthOf(scores);
    checkWidth(output, width, options.width);
    const targets = weighted(build, feed(TARGETS, 'float32', [batchSize, width]), options.classWeights);
    const loss = kind === 'sigmoid' || width === 1 ? binaryCrossEntropy : meanCrossEntropy;
    return loss(build, scores, targets, batchSize, options.focus);
  };
}

/** Binary cross entropy for several labels a sample, each a question of its own, whatever the output ends in; the sum over the labels. */
export function labelCrossEntropy(output: string, options: CrossEntropyOptions = {}): LossBuilder {
  requireKnown(options, OPTIONS, 'loss "binary-cross-entropy"');
  return ({ build, value, feed, batchSize }) => {
    const scores = asRows(build, headOf(value(output)).logits, batchSize);
    checkWidth(output, widthOf(scores), options.width);
    const targets = feed(TARGETS, 'float32', [batchSize, widthOf(scores)]);
    return binaryCrossEntropy(build, scores, targets, batchSize, options.focus);
  };
}

function weighted(build: GraphBuilder, targets: Value, weights: readonly number[] | undefined): Value {
  return weights
    ? build.op('Mul', [targets, build.constant(Tensor.of('float32', [1, weights.length], Float32Array.from(weights)))])
    : targets;
}

/** Outputs of open width are found out here. */
function checkWidth(output: string, got: number, wanted: number | undefined): void {
  if (wanted === undefined || got === wanted) return;
  throw new DataError({
    what: "The model's scores do not fit the classes of the data",
    where: `output "${output}"`,
    expected: wanted === 1 ? 'one score a sample' : `${wanted} scores a sample`,
    got: String(got),
    fix: 'Use data with the classes that the model was made for.',
  });
}

/** -(1/batch) * sum of targets * log softmax(scores); both are [batch, classes]. With a focus each term is (1 - p)^focus times as large. */
export function meanCrossEntropy(build: GraphBuilder, scores: Value, targets: Value, batchSize: number, focus = 0): Value {
  const logProbabilities = build.op('LogSoftmax', [scores], { axis: 1 });
  const each = build.op('Mul', [targets, logProbabilities]);
  if (focus === 0) return scaledSum(build, each, -1 / batchSize);
  const missing = build.op('Sub', [build.scalar(1), build.op('Exp', [logProbabilities])]);
  return scaledSum(build, build.op('Mul', [each, build.op('Pow', [missing, build.scalar(focus)])]), -1 / batchSize);
}

/**
 * (1/batch) * sum of softplus(scores) - targets * scores, which is -t log σ(s) - (1-t) log(1-σ(s)); both are [batch, classes]. With a focus each term is
 * |t - σ(s)|^focus times as large.
 */
export function binaryCrossEntropy(build: GraphBuilder, scores: Value, targets: Value, batchSize: number, focus = 0): Value {
  const each = build.op('Sub', [build.op('Softplus', [scores]), build.op('Mul', [targets, scores])]);
  if (focus === 0) return scaledSum(build, each, 1 / batchSize);
  const missing = build.op('Abs', [build.op('Sub', [targets, build.op('Sigmoid', [scores])])]);
  return scaledSum(build, build.op('Mul', [each, build.op('Pow', [missing, build.scalar(focus)])]), 1 / batchSize);
}
