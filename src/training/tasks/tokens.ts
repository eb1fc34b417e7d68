import { DataError } from '../../base/index.js';
import type { Batch, Targets, TokenTargets } from '../../data/index.js';
import { type AnyMetric, metricNamed, metricsOf, type Tokens } from '../../metrics/index.js';
import { isFloat, type Model, Tensor } from '../../onnx/index.js';
import { TARGETS } from '../losses/loss.js';
import { mixed } from '../losses/mixed.js';
import { headOf } from '../losses/scores.js';
import { tokenCrossEntropy, tokenDistillation } from '../losses/tokens.js';
import { doesNotFit, type TaskKind } from './kind.js';
import { outputNamed } from './outputs.js';
import { RowCollector } from './rows.js';
import type { Collector, Goal, Outputs } from './task.js';

export interface TokenOptions {
  /** The output with a score for each class at each position, [batch, length, classes]. */
  output: string;
  classes: readonly string[];
  /** Positions a sample. */
  length: number;
  /** Whether scores are probabilities already. Default false. */
  areProbabilities?: boolean;
  /** The metric that leads. Default: token accuracy. */
  metric?: string | AnyMetric;
}

/** A class at each position of a sequence, as taggers and language models predict them. Positions with the target -1 count nowhere. */
export function tokens(options: TokenOptions): Goal {
  const { output, classes, length, metric = 'tokenAccuracy' } = options;
  const loss = () => tokenCrossEntropy(output, length);
  return {
    kind: 'tokens',
    title: `sequences, ${classes.length} classes at each of ${length} positions`,
    outputs: [output],
    parts: classes,
    answers: 'tokens',
    metric: typeof metric === 'string' ? metricNamed(metric, 'tokens', classes) : metric,
    metrics: metricsOf('tokens'),
    losses: ['cross-entropy'],
    loss,
    distillation: (teacher, { temperature, weight = 0.7 } = {}) =>
      mixed(tokenDistillation(output, teacher, { length, temperature }), loss(), weight),
    importanceLoss: () => loss(),
    targets: ({ size, targets }) => {
      if (targets?.kind !== 'tokens') throw new DataError('The data has no classes of tokens');
      return { [TARGETS]: Tensor.from('int64', [size, length], [...targets.values]) };
    },
    collect: () => new TokenCollector(options),
    forModel: (model) => tokens({ ...options, ...tokenOutput(model, length) }),
  };
}

/** The float output [batch, length, classes]. @throws DataError where there is none. */
export function tokenOutput(
  model: Model,
  length: number,
  wanted?: string,
): Pick<TokenOptions, 'output' | 'areProbabilities'> & { width: number } {
  const candidates = wanted === undefined ? model.graph.outputs : [outputNamed(model, wanted)];
  for (const output of candidates) {
    const [, positions, width, ...more] = output.shape ?? [];
    if (!isFloat(output.dtype) || typeof width !== 'number' || more.length > 0 || (typeof positions === 'number' && positions !== length))
      continue;
    const { isActivated, logits } = headOf(output);
    return { output: output.name, width, areProbabilities: isActivated && logits !== output };
  }
  throw new DataError({
    what: `The model has no output with scores at each of ${length} positions`,
    where: model.source,
    expected: `one of [batch, ${length}, classes]`,
    got: model.graph.outputs.map((output) => `"${output.name}" [${output.shape ?? '?'}]`).join(', '),
    fix: 'Use the data that the model was trained for, or score by fidelity to the original (--fidelity)',
  });
}

/** Rows of whole numbers as classes of tokens; undefined where they are none, or more than the model has scores for. */
export function tokenTargets(targets: Targets, model: Model, wanted?: string): TokenTargets | undefined {
  if (targets.kind === 'tokens') return targets;
  if (targets.kind !== 'numbers' && targets.kind !== 'labels') return undefined;
  const length = targets.kind === 'numbers' ? targets.columns.length : targets.classes.length;
  try {
    const { width } = tokenOutput(model, length, wanted);
    const isClass = (value: number) => Number.isInteger(value) && value >= -1 && value < width;
    if (!targets.values.every(isClass)) return undefined;
    return { kind: 'tokens', classes: Array.from({ length: width }, (_, i) => String(i)), length, values: Int32Array.from(targets.values) };
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/** Keeps of each position that counts only what was predicted and how likely the right class was. */
class TokenCollector implements Collector {
  readonly #options: TokenOptions;
  readonly #predicted = new RowCollector<Int32Array>(Int32Array);
  readonly #likelihoods = new RowCollector<Float64Array>(Float64Array);
  readonly #targets = new RowCollector<Int32Array>(Int32Array);
  #size = 0;

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  add({ size, targets }: Batch, outputs: Outputs): void {
    const { output, classes, length, areProbabilities = false } = this.#options;
    const scores = outputs[output].toFloat32();
    if (targets?.kind !== 'tokens') throw new DataError('The data has no classes of tokens');
    const [predicted, likelihoods, wanted] = [
      new Int32Array(size * length),
      new Float64Array(size * length),
      new Int32Array(size * length),
    ];
    let count = 0;
    for (let position = 0; position < size * length; position++) {
      const target = targets.values[position];
      if (target < 0) continue;
      const row = scores.subarray(position * classes.length, (position + 1) * classes.length);
      let best = 0;
      for (let i = 1; i < row.length; i++) if (row[i] > row[best]) best = i;
      predicted[count] = best;
      likelihoods[count] = areProbabilities ? Math.log(Math.max(row[target], 1e-12)) : row[target] - logSum(row, row[best]);
      wanted[count++] = target;
    }
    this.#predicted.add(predicted, 1, count);
    this.#likelihoods.add(likelihoods, 1, count);
    this.#targets.add(wanted, 1, count);
    this.#size += size;
  }

  answers() {
    const predictions: Tokens = {
      classes: this.#options.classes.length,
      predicted: this.#predicted.join(),
      logLikelihoods: this.#likelihoods.join(),
    };
    return { kind: 'tokens' as const, size: this.#size, predictions, targets: this.#targets.join() };
  }
}

/** Logarithm of the sum of exponentials. */
function logSum(row: Float32Array, largest: number): number {
  let sum = 0;
  for (const score of row) sum += Math.exp(score - largest);
  return largest + Math.log(sum);
}

export const tokenKind: TaskKind = {
  name: 'tokens',
  recognize: ({ model, targets, options }) =>
    targets && tokenTargets(targets, model, options.output)
      ? 'the model gives scores at each position, and the data a class for each'
      : undefined,
  read: (targets, { model, options }) => tokenTargets(targets, model, options.output),
  make: ({ model, targets, options }) => {
    if (targets?.kind !== 'tokens') throw doesNotFit('tokens', 'a class number for each position', targets);
    const { classes, length } = targets;
    return tokens({ ...tokenOutput(model, length, options.output), classes, length, metric: options.metric });
  },
};
