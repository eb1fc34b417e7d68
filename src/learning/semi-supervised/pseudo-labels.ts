import { type Activity, OptionError } from '../../base/index.js';
import { classTargets, concatDatasets, type Dataset, subset, withTargets } from '../../data/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { logProbabilities, predictedClasses } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import { answersOf, type Task } from '../../training/index.js';

export interface PseudoLabelOptions extends Activity {
  /** The model that labels. */
  teacher: Model;
  /** How samples become its inputs, and its classes. */
  teacherTask: Task;
  /** Samples of the same kind; labels that they have are not looked at. */
  unlabelled: Dataset;
  runtime: Runtime;
  /** Least probability of the teacher's answer, in [0, 1]: less sure samples are left out. Default 0.9. */
  threshold?: number;
  /** How much a sample that the teacher labelled counts beside one with a true label. Default 1. */
  weight?: number;
  threads?: number;
}

/** A task with more to learn from. */
export interface PseudoLabelled {
  task: Task;
  /** Samples that were labelled, and those of them that were sure enough. */
  samples: number;
  kept: number;
}

/**
 * Adds to a task's training part the samples that a teacher labels with confidence (Lee 2013, "Pseudo-Label"; Xie et al. 2020, noisy student). The other
 * parts stay as they are: what is measured has true labels only.
 * @throws OptionError where the task has no classes, or the teacher is sure of no sample.
 */
export async function withPseudoLabels(task: Task, options: PseudoLabelOptions): Promise<PseudoLabelled> {
  const { teacher, teacherTask, unlabelled, runtime, threshold = 0.9, weight = 1, threads, signal } = options;
  const { targets } = task.splits.train;
  if (targets?.kind !== 'class' || task.answers !== 'classes')
    throw new OptionError({ what: 'Unlabelled data can be labelled for tasks with classes only', got: task.title });
  const { classes } = targets;
  const blank = withTargets(unlabelled, classTargets(new Int32Array(unlabelled.size), classes));
  const asked = { ...teacherTask, splits: { ...teacherTask.splits, test: blank } };
  const answers = await answersOf(teacher, asked, runtime, { split: 'test', threads, signal, onProgress: options.onProgress });
  if (answers.kind !== 'classes' || answers.predictions.classes !== classes.length)
    throw new OptionError({ what: 'The teacher tells other classes apart', expected: classes.join(', ') });
  const guesses = predictedClasses(answers.predictions);
  const likelihoods = logProbabilities(answers.predictions);
  const least = Math.log(threshold);
  const sure = [...guesses.keys()].filter((row) => guesses[row] >= 0 && likelihoods[row * classes.length + guesses[row]] >= least);
  if (sure.length === 0)
    throw new OptionError({
      what: 'The teacher is sure of no unlabelled sample',
      expected: `a probability of at least ${threshold}`,
      fix: 'Lower the threshold',
    });
  const chosen = Int32Array.from(sure);
  const labelled = withTargets(
    subset(unlabelled, chosen),
    classTargets(
      Int32Array.from(chosen, (row) => guesses[row]),
      classes,
    ),
  );
  const parts = [
    { dataset: task.splits.train, weight: 1 },
    { dataset: labelled, weight },
  ];
  const train = concatDatasets(parts, `${task.splits.train.name} and ${unlabelled.name}`);
  return { task: { ...task, splits: { ...task.splits, train } }, samples: unlabelled.size, kept: sure.length };
}
