import { OptionError } from '../base/index.js';
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
  /** Another model's outputs on the same batch (a teacher's); it is not trained. Inputs of the same names are shared, unless it is fed in its own way. */
  embed(model: Model, prefix: string): Record<string, Value>;
  /** A value inside a model that was embedded under `prefix`, by the name that it has there. */
  embedded(prefix: string, name: string): Value;
  batchSize: number;
}

/** A loss: writes itself into the step graph and returns a float scalar, the mean over the batch. */
export type LossBuilder = (context: LossContext) => Value;

/** Input of the step that holds the wanted class probabilities, [batch, classes], or [batch, 1] where two classes share one score. */
export const TARGETS = 'espalier.targets';

/** Operators that pass class scores on in another shape. */
const PASSING = new Set(['Identity', 'Squeeze', 'Unsqueeze', 'Reshape', 'Flatten']);

/** A classifier's scores before its last activation. */
interface Head {
  logits: Value;
  /** The activation: one distribution over all classes, or a probability of its own for each class. */
  kind: 'softmax' | 'sigmoid';
}

/** LogSoftmax of a LogSoftmax is itself, so that one is as good as logits, and so are outputs without any activation. */
function headOf(output: Value): Head {
  const node = output.producer;
  const [input] = node?.inputs ?? [];
  if (!node || !input || node.domain !== '') return { logits: output, kind: 'softmax' };
  if (node.op === 'Softmax') return { logits: input, kind: 'softmax' };
  if (node.op === 'Sigmoid') return { logits: input, kind: 'sigmoid' };
  const inner = PASSING.has(node.op) ? headOf(input) : undefined;
  return inner && inner.logits !== input ? inner : { logits: output, kind: 'softmax' };
}

/** The values before a classifier's final Softmax or Sigmoid, or the output itself where there is none. */
export function logitsOf(output: Value): Value {
  return headOf(output).logits;
}

/** Whether an output ends in a Sigmoid, so that it holds probabilities of their own. */
export function isSigmoid(output: Value): boolean {
  return headOf(output).kind === 'sigmoid';
}

/**
 * Cross entropy of a classifier's output with the target probabilities that the host feeds, so that smoothed, mixed and one-hot labels are all
 * the same to it. Outputs are scores, or probabilities after Softmax; extra axes of size 1 are dropped. After a Sigmoid each class is a yes-or-no
 * question of its own, and so is a single score: then it is the sum of the classes' binary cross entropies.
 */
export function crossEntropy(output: string): LossBuilder {
  return ({ build, value, feed, batchSize }) => {
    const { logits, kind } = headOf(value(output));
    const scores = asRows(build, logits, batchSize);
    const targets = feed(TARGETS, 'float32', [batchSize, classesOf(scores)]);
    const loss = kind === 'sigmoid' || classesOf(scores) === 1 ? binaryCrossEntropy : meanCrossEntropy;
    return loss(build, scores, targets, batchSize);
  };
}

/** -(1/batch) * sum of targets * log softmax(scores); both are [batch, classes]. */
export function meanCrossEntropy(build: GraphBuilder, scores: Value, targets: Value, batchSize: number): Value {
  const logProbabilities = build.op('LogSoftmax', [scores], { axis: 1 });
  return batchMean(build, build.op('Mul', [targets, logProbabilities]), -1 / batchSize);
}

/** (1/batch) * sum of softplus(scores) - targets * scores, which is -t log σ(s) - (1-t) log(1-σ(s)); both are [batch, classes]. */
function binaryCrossEntropy(build: GraphBuilder, scores: Value, targets: Value, batchSize: number): Value {
  const each = build.op('Sub', [build.op('Softplus', [scores]), build.op('Mul', [targets, scores])]);
  return batchMean(build, each, 1 / batchSize);
}

function batchMean(build: GraphBuilder, each: Value, factor: number): Value {
  return build.op('Mul', [build.op('ReduceSum', [each], { keepdims: 0 }), build.scalar(factor)]);
}

function classesOf(scores: Value): number {
  return staticShape(scores.shape)?.[1] as number;
}

/**
 * Squared difference between a model's outputs and the same outputs of a reference model, relative to the reference's own mean square, so that
 * outputs of any scale count alike; the sum over the outputs. For models that are no classifiers.
 */
export function meanSquaredError(outputs: readonly string[], reference: Model): LossBuilder {
  return ({ build, value, embed }) => {
    const wanted = embed(reference, 'reference');
    const terms = outputs.map((name) => {
      const power = build.op('ReduceMean', [build.op('Mul', [wanted[name], wanted[name]])], { keepdims: 0 });
      return build.op('Div', [meanSquare(build, value(name), wanted[name]), build.op('Add', [power, build.scalar(1e-12)])]);
    });
    return terms.length === 1 ? terms[0] : build.op('Sum', terms);
  };
}

function meanSquare(build: GraphBuilder, a: Value, b: Value): Value {
  const difference = build.op('Sub', [a, b]);
  return build.op('ReduceMean', [build.op('Mul', [difference, difference])], { keepdims: 0 });
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
 * softened scores, mixed with the cross entropy of the labels. Where both end in a Sigmoid, the binary cross entropies of the classes.
 * @param output of the student; `teacherOutput` of the teacher, by default of the same name, else its first.
 * @throws OptionError where teacher and student do not answer alike: other classes, features of other shapes.
 */
export function distillation(output: string, teacher: Model, options: DistillationOptions & { teacherOutput?: string } = {}): LossBuilder {
  const { temperature = 4, weight = 0.7, features = [], teacherOutput } = options;
  return (context) => {
    const { build, value, embed, batchSize } = context;
    const hard = weight < 1 ? crossEntropy(output)(context) : undefined;
    const given = embed(teacher, 'teacher');
    const [own, other] = [headOf(value(output)), headOf(given[teacherOutput ?? output] ?? Object.values(given)[0])];
    const [scores, wanted] = [own, other].map((head) => asRows(build, head.logits, batchSize));
    checkSame('The teacher tells other classes apart than the student', scores, wanted);
    const soften = (logits: Value) => build.op('Mul', [logits, build.scalar(1 / temperature)]);
    const separate = (own.kind === 'sigmoid' && other.kind === 'sigmoid') || classesOf(scores) === 1;
    const targets = separate ? build.op('Sigmoid', [soften(wanted)]) : build.op('Softmax', [soften(wanted)], { axis: 1 });
    const soft = (separate ? binaryCrossEntropy : meanCrossEntropy)(build, soften(scores), targets, batchSize);
    const terms = [build.op('Mul', [soft, build.scalar(weight * temperature * temperature)])];
    if (hard) terms.push(build.op('Mul', [hard, build.scalar(1 - weight)]));
    for (const feature of features) {
      const pair = [value(feature.student), context.embedded('teacher', feature.teacher)] as const;
      checkSame(`The features "${feature.student}" and "${feature.teacher}" have different shapes`, ...pair);
      terms.push(build.op('Mul', [meanSquare(build, ...pair), build.scalar(feature.weight)]));
    }
    return terms.length === 1 ? terms[0] : build.op('Sum', terms);
  };
}

/** @throws OptionError where the shapes differ. */
function checkSame(what: string, student: Value, teacher: Value): void {
  if (String(student.shape) === String(teacher.shape)) return;
  throw new OptionError({ what, expected: `[${student.shape}], as the student has it`, got: `[${teacher.shape}] of the teacher` });
}
