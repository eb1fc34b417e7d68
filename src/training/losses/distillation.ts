import { OptionError, requireKnown } from '../../base/index.js';
import type { GraphBuilder, Model, Value } from '../../onnx/index.js';
import { binaryCrossEntropy, crossEntropy, meanCrossEntropy } from './cross-entropy.js';
import { asRows, type LossBuilder, widthOf } from './loss.js';
import { headOf } from './scores.js';

export interface DistillationOptions {
  /** Softens both models' scores; above 1 shows more of how the teacher ranks the wrong classes. Default 4. */
  temperature?: number;
  /** Share of the soft loss, in [0, 1]; the rest is cross entropy with the labels. Default 0.7. */
  weight?: number;
  /** Pairs of inner values, the student's and the teacher's, of equal shape, whose mean squared difference is added. Default: none. */
  features?: readonly { student: string; teacher: string; weight: number }[];
}

/** What counts where nothing else is asked for: in the loss as in techniques. */
export const DISTILLATION = { temperature: 4, weight: 0.7 } as const;

const OPTIONS = [
  'temperature',
  'weight',
  'features',
  'teacherOutput',
  'hardLoss',
  'separate',
] as const satisfies readonly (keyof Teaching)[];

interface Teaching extends DistillationOptions {
  /** The teacher's output. Default: the one of the same name, else its first. */
  teacherOutput?: string;
  /** The loss of the labels. Default: cross entropy. */
  hardLoss?: LossBuilder;
  /** Whether each class is a yes-or-no question of its own. Default: where both models end in a Sigmoid, or have a single score. */
  separate?: boolean;
}

/**
 * Distillation from a teacher that sees the same batch in the same graph (Hinton et al. 2015): temperature² times the cross entropy of the
 * softened scores, mixed with the cross entropy of the labels. Where both end in a Sigmoid, the binary cross entropies of the classes.
 * @param output of the student.
 * @throws OptionError for an option that there is not, and where teacher and student do not answer alike: other classes, features of other shapes.
 */
export function distillation(output: string, teacher: Model, options: Teaching = {}): LossBuilder {
  requireKnown(options, OPTIONS, 'loss "distillation"');
  const { temperature = DISTILLATION.temperature, weight = DISTILLATION.weight } = options;
  const { features = [], teacherOutput, hardLoss = crossEntropy(output) } = options;
  return (context) => {
    const { build, value, embed, batchSize } = context;
    const hard = weight < 1 ? hardLoss(context) : undefined;
    const given = embed(teacher, 'teacher');
    const [own, other] = [headOf(value(output)), headOf(given[teacherOutput ?? output] ?? Object.values(given)[0])];
    const [scores, wanted] = [own, other].map((head) => asRows(build, head.logits, batchSize));
    checkSame('The teacher tells other classes apart than the student', scores, wanted);
    const soften = (logits: Value) => build.op('Mul', [logits, build.scalar(1 / temperature)]);
    const separate = options.separate ?? ((own.kind === 'sigmoid' && other.kind === 'sigmoid') || widthOf(scores) === 1);
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

function meanSquare(build: GraphBuilder, a: Value, b: Value): Value {
  const difference = build.op('Sub', [a, b]);
  return build.op('ReduceMean', [build.op('Mul', [difference, difference])], { keepdims: 0 });
}
