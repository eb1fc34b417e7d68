import { type GraphBuilder, type Model, staticShape, type Value } from '../onnx/index.js';

/** What a loss sees of the step graph that it is written into. */
export interface LossContext {
  build: GraphBuilder;
  /** A value of the model in training, by name: an output or anything inside. */
  value(name: string): Value;
  /** The model's input of that name, in this step's batch. */
  input(name: string): Value;
  /** A new input of the step, fed by the host with every batch. */
  feed(name: string, dtype: 'float32' | 'int64', shape: readonly number[]): Value;
  /** Another model's outputs on the same batch (a teacher's); it is not trained. Inputs of the same names are shared. */
  embed(model: Model, prefix: string): Record<string, Value>;
  /** A value inside a model that was embedded under `prefix`, by the name that it has there. */
  embedded(prefix: string, name: string): Value;
  batchSize: number;
}

/** A loss: writes itself into the step graph and returns a float scalar, the mean over the batch. */
export type LossBuilder = (context: LossContext) => Value;

/** Input of the step that holds the wanted class probabilities, [batch, classes]. */
export const TARGETS = 'espalier.targets';

/**
 * The values before a classifier's final Softmax, or the output itself where there is none: class scores that LogSoftmax may be taken of.
 * LogSoftmax of a LogSoftmax is itself, so that one needs no care.
 */
export function logitsOf(output: Value): Value {
  const node = output.producer;
  if (node?.op === 'Softmax' && node.domain === '' && node.inputs[0]) return node.inputs[0];
  if (node && ['Identity', 'Squeeze', 'Reshape', 'Flatten'].includes(node.op) && node.inputs[0]) {
    const inner = logitsOf(node.inputs[0]);
    return inner === node.inputs[0] ? output : inner;
  }
  return output;
}

/**
 * Cross entropy of a classifier's output (scores or probabilities after Softmax; extra axes of size 1 are dropped) with the target
 * probabilities that the host feeds, so that smoothed, mixed and one-hot labels are all the same to it.
 */
export function crossEntropy(output: string): LossBuilder {
  return ({ build, value, feed, batchSize }) => {
    const scores = asRows(build, logitsOf(value(output)), batchSize);
    const classes = staticShape(scores.shape)?.[1] as number;
    const targets = feed(TARGETS, 'float32', [batchSize, classes]);
    return meanCrossEntropy(build, scores, targets, batchSize);
  };
}

/** -(1/batch) * sum of targets * log softmax(scores); both are [batch, classes]. */
export function meanCrossEntropy(build: GraphBuilder, scores: Value, targets: Value, batchSize: number): Value {
  const logProbabilities = build.op('LogSoftmax', [scores], { axis: 1 });
  const product = build.op('Mul', [targets, logProbabilities]);
  return build.op('Mul', [build.op('ReduceSum', [product], { keepdims: 0 }), build.scalar(-1 / batchSize)]);
}

/** Mean squared difference between one of the model's outputs and the same output of a reference model, for models that are no classifiers. */
export function meanSquaredError(outputs: readonly string[], reference: Model): LossBuilder {
  return ({ build, value, embed }) => {
    const wanted = embed(reference, 'reference');
    const terms = outputs.map((name) => {
      const difference = build.op('Sub', [value(name), wanted[name]]);
      return build.op('ReduceMean', [build.op('Mul', [difference, difference])], { keepdims: 0 });
    });
    return terms.length === 1 ? terms[0] : build.op('Sum', terms);
  };
}

/** A value as [batch, everything else]. */
export function asRows(build: GraphBuilder, value: Value, batchSize: number): Value {
  return value.shape?.length === 2 ? value : build.op('Reshape', [value, build.ints([batchSize, -1])]);
}

export interface DistillationOptions {
  /** Softens both models' scores; above 1 shows more of how the teacher ranks the wrong classes. Default 4. */
  temperature?: number;
  /** Share of the soft loss, in [0, 1]; the rest is cross entropy with the labels. Default 0.7. */
  weight?: number;
  /** Pairs of inner values, the student's and the teacher's, of equal shape, whose mean squared difference is added. Default: none. */
  features?: readonly { student: string; teacher: string; weight: number }[];
}

/**
 * Distillation from a teacher that sees the same batch in the same graph (Hinton et al. 2015): temperature² times the cross entropy of the
 * softened scores, mixed with the cross entropy of the labels.
 * @param output of the student; `teacherOutput` of the teacher, by default of the same name, else its first.
 */
export function distillation(output: string, teacher: Model, options: DistillationOptions & { teacherOutput?: string } = {}): LossBuilder {
  const { temperature = 4, weight = 0.7, features = [], teacherOutput } = options;
  return (context) => {
    const { build, value, embed, batchSize } = context;
    const hard = weight < 1 ? crossEntropy(output)(context) : undefined;
    const given = embed(teacher, 'teacher');
    const scores = asRows(build, logitsOf(value(output)), batchSize);
    const wanted = asRows(build, logitsOf(given[teacherOutput ?? output] ?? Object.values(given)[0]), batchSize);
    const soften = (logits: Value) => build.op('Mul', [logits, build.scalar(1 / temperature)]);
    const targets = build.op('Softmax', [soften(wanted)], { axis: 1 });
    const soft = meanCrossEntropy(build, soften(scores), targets, batchSize);
    const terms = [build.op('Mul', [soft, build.scalar(weight * temperature * temperature)])];
    if (hard) terms.push(build.op('Mul', [hard, build.scalar(1 - weight)]));
    for (const { student, teacher: name, weight: share } of features) {
      const difference = build.op('Sub', [value(student), context.embedded('teacher', name)]);
      terms.push(
        build.op('Mul', [build.op('ReduceMean', [build.op('Mul', [difference, difference])], { keepdims: 0 }), build.scalar(share)]),
      );
    }
    return terms.length === 1 ? terms[0] : build.op('Sum', terms);
  };
}
